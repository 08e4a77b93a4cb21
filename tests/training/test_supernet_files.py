"""Weights of super-networks come back, and those of something else do not."""

import json

import pytest
import torch

from pomonag.errors import UserError
from pomonag.records.checkpoints import load_checkpoint, save_checkpoint
from pomonag.training.supernet import SuperNetworkRun
from pomonag.training.supernet_files import load_super_network, save_super_network, weights_file
from pomonag.training.trainer import prepare


@pytest.fixture(scope="module")
def run(coloured, small_training, tmp_path_factory):
    images = prepare(coloured, small_training.recipe)
    return SuperNetworkRun(small_training, images, tmp_path_factory.mktemp("run") / "none.pt")


@pytest.fixture
def file(run, tmp_path):
    path = weights_file(tmp_path, "w1.0")
    save_super_network(path, run, {"images": {"source": "made up"}})
    return path


def test_weights_come_back_in_half_precision(run, file):
    found = load_super_network(file, "mbv3", "w1.0")
    assert found.classes == (5, 1, 8)
    assert found.resolution == 8
    assert found.hash == run.settings.hash
    assert found.header["images"] == {"source": "made up"}
    torch.testing.assert_close(found.mean, run.images.mean)
    torch.testing.assert_close(found.sd, run.images.sd)
    assert not found.network.training
    kept = found.network.state_dict()
    for name, value in run.network.state_dict().items():
        assert torch.equal(kept[name], value.half().float() if value.is_floating_point() else value)


def test_another_super_network_is_refused(file):
    with pytest.raises(UserError, match=r"holds the super-network mbv3 w1.0, expected mbv3 w1.2"):
        load_super_network(file, "mbv3", "w1.2")


def test_a_space_without_super_networks(file):
    with pytest.raises(UserError, match="nb201 has no super-networks"):
        load_super_network(file, "nb201", "w1.0")


def test_a_checkpoint_of_something_else_is_refused(file):
    weights, header = load_checkpoint(file)
    save_checkpoint(file, weights, {"settings": json.loads("{}")})
    with pytest.raises(UserError, match="is no super-network of `pomonag train supernet`"):
        load_super_network(file, "mbv3", "w1.0")
    save_checkpoint(file, {"a": torch.zeros(2)}, header)
    with pytest.raises(UserError, match=r"do not fit w1\.0"):
        load_super_network(file, "mbv3", "w1.0")


def test_a_missing_file_says_how_to_make_it(tmp_path):
    with pytest.raises(UserError, match=r"no checkpoint at .*pomonag train"):
        load_super_network(weights_file(tmp_path, "w1.0"), "mbv3", "w1.0")
