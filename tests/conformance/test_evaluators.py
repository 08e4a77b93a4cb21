"""What every evaluator promises; a new one is tested by being registered, with what it needs made up here."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from pomonag import search_space
from pomonag.data.miniimagenet import TRAINING_CLASSES
from pomonag.data.sources import VARIABLE, DataMissing
from pomonag.errors import UserError
from pomonag.evaluation.evaluator import CountingEvaluator
from pomonag.evaluation.registry import EVALUATORS, evaluator
from pomonag.evaluation.trained import TrainingProtocol
from pomonag.records.checkpoints import save_checkpoint
from pomonag.spaces.encoding import generator_of
from pomonag.training.recipe import Recipe
from pomonag.training.supernet_files import weights_file
from pomonag.training.supernet_settings import SuperNetworkTraining


def _tabular(folder):
    cells = search_space("nb201").enumerate()
    lines = ["arch_str,cifar10_test_acc_200ep", *(f"{cell},{10 + i % 80}" for i, cell in enumerate(cells))]
    (folder / "table.csv").write_text("\n".join(lines) + "\n")
    return "nb201", "cifar10", {"table": folder / "table.csv"}


def _write_images(folder):
    (folder / "images").mkdir()
    x = np.random.default_rng(0).integers(0, 255, (1000, 32, 32, 3), dtype=np.uint8)
    y = np.tile(np.arange(100, dtype=np.int16), 10)
    np.savez(folder / "images" / "miniimagenet32.npz", x=x, y=y, classes=np.array([str(i) for i in range(100)]))


def _trained(folder):
    _write_images(folder)
    recipe = Recipe(epochs=1, batch_size=32, resolution=8, crop_padding=1)
    protocol = TrainingProtocol(recipe=recipe, reduced=(("channels", 4), ("cells", 1)), latency_runs=0)
    return "nb201", "train-000", {"protocol": protocol, "data_dir": folder}


def _supernet(folder):
    _write_images(folder)
    space = search_space("mbv3")
    for part in space.super_networks:
        training = SuperNetworkTraining(
            space="mbv3",
            part=part,
            reduced=(("width_scale", 0.125), ("divisor", 4), ("strides", (1, 2, 1, 2, 1, 1))),
            recipe=Recipe(resolution=8, precision="fp32"),
            pool="miniimagenet32",
            classes=TRAINING_CLASSES,
        )
        header = {"settings": training.settings, "settings_hash": training.hash, "mean": [0.5] * 3, "sd": [0.2] * 3}
        weights = space.super_network(part, **training.skeleton).state_dict()
        save_checkpoint(weights_file(folder, part), weights, header)
    return "mbv3", "train-000", {"folder": folder, "data_dir": folder}


def _ofa_predictor(folder):
    (folder / "ofa").mkdir()
    shapes = {0: (400, 128), 2: (400, 400), 4: (400, 400), 6: (1, 400)}
    arrays = {f"{i}.weight": np.full(shape, 1e-3) for i, shape in shapes.items()}
    np.savez(folder / "ofa" / "acc_predictor.npz", **arrays, **{f"{i}.bias": np.zeros(s[0]) for i, s in shapes.items()})
    return "mbv3", "imagenet", {"data_dir": folder, "device": None}


MADE_UP = {"tabular": _tabular, "trained": _trained, "supernet": _supernet, "ofa_predictor": _ofa_predictor}


@pytest.fixture(scope="module", params=sorted(EVALUATORS))
def case(request, tmp_path_factory):
    """An evaluator, its space, and a task that it knows."""
    space, task, settings = MADE_UP[request.param](tmp_path_factory.mktemp(request.param))
    return evaluator(request.param, search_space(space), **settings), search_space(space), task


def test_answers_are_whole_and_repeat(case):
    asked, space, task = case
    architecture = space.sample(1, generator_of(0))[0]
    answer = asked.evaluate(architecture, task, 0)
    again = asked.evaluate(architecture, task, 0)
    assert 0 <= answer.accuracy <= 100
    assert (answer.accuracy, answer.loss) == (again.accuracy, again.loss)
    assert answer.loss is None or math.isfinite(answer.loss)
    assert type(answer.accuracy) is float
    assert type(answer.params) is type(answer.macs) is int
    assert answer.params > 0
    assert answer.seconds >= 0
    assert answer.provenance
    json.dumps(answer.provenance)


def test_params_are_those_of_the_full_network(case):
    asked, space, task = case
    for architecture in space.sample(2, generator_of(1)):
        of_heads = {int(space.cost([architecture], classes=classes).params[0]) for classes in (10, 20, 1000)}
        assert asked.evaluate(architecture, task, 0).params in of_heads


def test_tasks_that_it_does_not_know_are_refused(case):
    asked, space, _ = case
    with pytest.raises(UserError):
        asked.evaluate(space.sample(1, generator_of(0))[0], "no such task", 0)


def test_evaluations_are_counted(case):
    asked, space, task = case
    counting = CountingEvaluator(asked)
    architecture = space.sample(1, generator_of(2))[0]
    assert counting.evaluate(architecture, task, 0) is counting.evaluate(architecture, task, 0)
    assert (counting.requests, counting.evaluations) == (2, 1)


@pytest.mark.parametrize("name", sorted(EVALUATORS))
def test_missing_data_says_what_to_put_where(name, tmp_path, monkeypatch):
    space = "mbv3" if name in ("ofa_predictor", "supernet") else "nb201"
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(DataMissing, match=str(tmp_path)):
        evaluator(name, search_space(space)).evaluate(None, "train-000", 0)


def test_unknown_names_and_spaces_are_refused():
    nb201, mbv3 = search_space("nb201"), search_space("mbv3")
    with pytest.raises(UserError, match=r"unknown evaluator 'ofa'.*Did you mean 'ofa_predictor'"):
        evaluator("ofa", mbv3)
    with pytest.raises(UserError, match="networks of blocks"):
        evaluator("ofa_predictor", nb201)
    with pytest.raises(UserError, match="nb201 has no super-networks"):
        evaluator("supernet", nb201)
    with pytest.raises(UserError, match="cannot be listed whole"):
        evaluator("tabular", mbv3)
    with pytest.raises(UserError, match="a protocol for nb201; expected one for mbv3"):
        evaluator("trained", mbv3, protocol=TrainingProtocol())
