"""`pomonag train supernet` from a folder of images to weights and their reliability, at the smallest size."""

import json

import pytest

from tests.made_up_trainings import shrink_lite_protocol, write_pool


@pytest.fixture(autouse=True)
def small(monkeypatch):
    shrink_lite_protocol(monkeypatch, batch_size=300)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return write_pool(tmp_path_factory.mktemp("data"), 6)


def test_weights_and_reliability(run, images, tmp_path):
    command = ("train", "supernet", "--epochs", 1, "--sub-networks", 4, "--data-dir", images, "--out", tmp_path / "s")
    code, out, err = run(*command, "--part", "w1.2")
    assert code == 0, err
    assert "w1.2.safetensors: 1 epochs" in out
    assert "w1.2: accuracy " in out
    found = json.loads((tmp_path / "s" / "reliability.json").read_text())
    assert set(found["groups"]) == {"w1.2"}
    assert found["provenance"]["threads"] == 1
    code, out, err = run(*command)
    assert code == 0, err
    assert "pooled: accuracy " in out
    found = json.loads((tmp_path / "s" / "reliability.json").read_text())
    assert set(found["groups"]) == {"w1.0", "w1.2", "pooled"}
    assert found["groups"]["pooled"]["sub_networks"] == 8


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("supernet", "--space", "nb201", "--epochs", 1), "the space nb201 has no super-networks"),
        (("supernet", "--part", "w1.1", "--epochs", 1), "Known: w1.0, w1.2"),
        (("supernet",), "expected one of them, above 0"),
        (("supernet", "--epochs", 1, "--minutes", 1), "expected one of them, above 0"),
        (("supernet", "--epochs", 1, "--rows", "nb20"), "unknown meta-dataset 'nb20'"),
        (("supernet-reliability",), "train one with `pomonag train supernet`"),
    ],
)
def test_what_cannot_be_done_is_said_at_once(run, tmp_path, arguments, expected):
    code, _, err = run("train", *arguments, "--out", tmp_path)
    assert code == 2
    assert expected in err
    assert "Traceback" not in err
    assert not list(tmp_path.glob("*.safetensors"))


def test_missing_images_are_said_to_be_missing(run, tmp_path):
    code, _, err = run("train", "supernet", "--epochs", 1, "--data-dir", tmp_path, "--out", tmp_path / "s")
    assert code == 2
    assert "miniimagenet32.npz" in err
