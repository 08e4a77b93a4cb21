"""A checkpoint set from labels to file, in a few steps; and the parts that it is put together from."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import spearmanr

from pomonag.data.sources import DataMissing
from pomonag.data.tasks import task, task_names
from pomonag.errors import UserError
from pomonag.evaluation.device_latency import DEVICES
from pomonag.meta_dataset.schema import meta_dataset
from pomonag.predictors import set_training
from pomonag.predictors.dataset_code import CODE_SIZE, DatasetCode, separability
from pomonag.predictors.embeddings import embed_task, load_embedding
from pomonag.predictors.performance_predictor import CONDITION_SIZE, condition
from pomonag.predictors.predictor_set import load_predictor_set, save_predictor_set
from pomonag.predictors.predictor_training import EnsembleTraining, GuideTraining
from pomonag.predictors.set_training import device_head, train_predictor_set
from pomonag.predictors.supervision import LabelledTask
from pomonag.spaces.encoding import generator_of
from pomonag.spaces.nasbench201 import CONV_3X3, NasBench201

torch.set_num_threads(1)
SPACE = NasBench201()
BRIEF = (EnsembleTraining(steps=30, batch=64), GuideTraining(steps=10, batch=64, pool=512))


class MadeUpDevices(dict):
    """Instead of the devices' table: device i takes i milliseconds for each 3x3 convolution of a cell, and one more."""

    def __init__(self, space):
        super().__init__({name: self.device(i) for i, name in enumerate(DEVICES, start=1)})

    @staticmethod
    def device(slowness):
        return lambda cells: np.array([1.0 + slowness * cell.operations.count(CONV_3X3) for cell in cells])


@pytest.fixture(scope="module")
def trained():
    """`lite_rows`, which needs no measured data, trained for a few steps; and what was told of it."""
    told = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(set_training, "device_latencies", MadeUpDevices)
        patch.delenv("POMONAG_DATA_DIR", raising=False)
        made = train_predictor_set(
            SPACE,
            "lite_rows",
            EnsembleTraining(steps=50, batch=64),
            GuideTraining(steps=50, batch=64, pool=512),
            progress=lambda *report: told.append(report[:2]),
        )
    return made, told


def test_a_set_from_the_rows_that_ship(trained):
    made, told = trained
    assert told == [(50, 50), (50, 50)]  # the ensemble, then the noisy predictor
    assert made.protocols == ("lite",)
    assert made.noisy.heads == ("accuracy", "params", "macs", "latency_ms", *map(device_head, DEVICES))
    assert set(made.scales) == {"lite"}
    cells = SPACE.sample(200, generator_of(0))
    accuracy = made.accuracy(cells, load_embedding("digits"), "lite")
    assert np.isfinite(accuracy).all()
    # Fifty steps suffice to tell what can be learned from what cannot.
    rows = meta_dataset("nb201")
    rows = rows[rows["task"] == "train-000"]
    known = made.accuracy([SPACE.parse(a) for a in rows["architecture"]], embed_task(task("train-000")), "lite")
    assert spearmanr(known, rows["accuracy"])[0] > 0.7


def test_the_header_says_what_went_in(trained):
    header = trained[0].header
    rows = meta_dataset("nb201")
    assert (header["name"], header["space"]) == ("lite_rows", "nb201")
    assert header["encoder"] == "efficientnet_lite0"
    assert header["labels"] == {"lite tasks": int(((rows["seed"] == 0) & ~rows["held_out"]).sum())}
    assert header["training"]["ensemble"]["steps"] == 50
    assert header["training"]["noisy"]["pool"] == 512
    assert header["training"]["noisy_loss"] > 0
    assert header["seconds"] > 0
    assert header["cpu_seconds"] > 0
    assert header["provenance"]["version"]
    json.dumps(header)


def test_it_is_read_back_from_its_file(trained, tmp_path):
    made = trained[0]
    save_predictor_set(made, tmp_path / "nb201" / "mine")
    read = load_predictor_set(SPACE, "mine", tmp_path)
    cells, embedding = SPACE.sample(50, generator_of(1)), load_embedding("digits")
    assert np.abs(read.accuracy(cells, embedding, "lite") - made.accuracy(cells, embedding, "lite")).max() < 0.5
    assert np.allclose(read.latency_ms(cells), made.latency_ms(cells), rtol=5e-3)


def test_device_heads_have_the_devices_labels(trained):
    noisy = trained[0].noisy
    for slowness, device in enumerate(DEVICES, start=1):
        column = noisy.column(device_head(device))
        # Six edges with one of five operations: 6 / 5 of a kind on average, standard deviation sqrt(6 * 0.2 * 0.8).
        assert (float(noisy.label_mean[column]) - 1) / slowness == pytest.approx(6 / 5, abs=0.15)
        assert float(noisy.label_scale[column]) / slowness == pytest.approx(0.98, abs=0.12)


def test_the_projects_own_latency_head_predicts_the_latency_model(trained):
    made = trained[0]
    column = made.noisy.column("latency_ms")
    latency_ms = made.latency_ms(SPACE.sample(512, generator_of(0)))  # the pool of the noisy predictor's seed
    assert float(made.noisy.label_mean[column]) == pytest.approx(latency_ms.mean(), rel=1e-4)


def test_missing_labels_are_missed_before_any_training(monkeypatch):
    monkeypatch.delenv("POMONAG_DATA_DIR", raising=False)
    monkeypatch.setattr(set_training, "train_ensemble", lambda *a, **k: pytest.fail("trained"))
    with pytest.raises(DataMissing, match="POMONAG_DATA_DIR"):
        train_predictor_set(SPACE, "without_cifar10", *BRIEF)
    with pytest.raises(UserError, match="Did you mean 'lite_rows'"):
        train_predictor_set(SPACE, "lite_row", *BRIEF)


# Parts.


def made_up_tasks():
    """Two data sets with accuracies, one whose images are unknown, one of proxies."""
    cells = SPACE.sample(40, generator_of(2))
    random = np.random.default_rng(0)

    def one(name, protocol, level=None, embedding=None):
        accuracy = None if level is None else level + random.uniform(-10, 10, 40)
        return LabelledTask(name, protocol, cells, random.normal(size=40), accuracy, embedding)

    return [
        one("easy", "full", 80.0, load_embedding("digits")),
        one("hard", "full", 40.0, load_embedding("cifar100")),
        one("unseen", "full"),
        one("easy", "proxy", None, load_embedding("digits")),
        one("train-000", "lite", 50.0, embed_task(task("train-000"))),
        one("train-001", "lite", 52.0, embed_task(task("train-001"))),
    ]


def test_scales_are_fitted_for_each_protocol_with_accuracies_of_known_images():
    tasks = made_up_tasks()
    scales = set_training._fitted_scales(tasks)
    assert set(scales) == {"full", "lite"}
    assert (scales["full"].datasets, scales["lite"].datasets) == (2, 2)
    for labelled in tasks[:2]:
        middle = scales["full"](np.zeros(1), separability(labelled.embedding))[0]
        assert middle == pytest.approx(np.median(labelled.accuracy), abs=0.5)
    assert set_training._fitted_scales([tasks[2], tasks[3]]) == {}


def test_questions_are_known_data_sets_mixtures_and_the_unknown_one_under_each_protocol():
    torch.manual_seed(0)
    code = DatasetCode(1280)
    code.components.normal_(std=0.1)
    tasks = made_up_tasks()
    asked = set_training._questions(tasks, code, ["full", "lite"])
    known = [code(t.embedding) for t in tasks if t.embedding is not None]
    held_out = [code(embed_task(task(name))) for name in task_names(0, 20)]
    codes = torch.stack(known + held_out)
    each = 2 * len(codes) + 1
    assert asked.shape == (2 * each, CONDITION_SIZE)
    for block, protocol in enumerate(("full", "lite")):
        found = asked[block * each : (block + 1) * each]
        assert torch.equal(found[:, CODE_SIZE:], condition(None, protocol)[CODE_SIZE:].expand(each, -1))
        assert torch.equal(found[: len(codes), :CODE_SIZE], codes)
        assert torch.equal(found[-1], condition(None, protocol))
        mixtures = found[len(codes) : -1, :CODE_SIZE]
        torch.testing.assert_close(mixtures, (codes + codes.roll(-1, 0)) / 2)


def test_labels_are_counted_by_source():
    assert set_training._label_counts(made_up_tasks()) == {"easy": 80, "hard": 40, "unseen": 40, "lite tasks": 80}


def latency_rows(monkeypatch, disturbed, latency_ms):
    cells = SPACE.sample(len(latency_ms), generator_of(3))
    frame = pd.DataFrame(
        {"architecture": list(map(str, cells)), "latency_ms": latency_ms, "latency_disturbed": disturbed}
    )
    monkeypatch.setattr(set_training, "meta_dataset", lambda name: frame)


def test_disturbed_latencies_are_left_out_where_there_are_enough_calm_ones(monkeypatch):
    latency_rows(monkeypatch, [False] * 150 + [True] * 50 + [None] * 10, [5.0] * 150 + [900.0] * 50 + [5.0] * 10)
    model = set_training._fitted_latency(SPACE)
    predicted = model(torch.from_numpy(SPACE.features(SPACE.sample(50, generator_of(4)))))
    torch.testing.assert_close(predicted, torch.full((50,), 5.0), rtol=0, atol=1e-3)
    # With fewer than a hundred calm rows all count that were timed.
    latency_rows(monkeypatch, [False] * 60 + [True] * 60 + [False] * 60, [5.0] * 60 + [900.0] * 60 + [np.nan] * 60)
    model = set_training._fitted_latency(SPACE)
    assert model(torch.from_numpy(SPACE.features(SPACE.sample(50, generator_of(4))))).mean() > 100


def test_too_few_latencies_are_explained(monkeypatch):
    latency_rows(monkeypatch, [False] * 60, [5.0] * 49 + [np.nan] * 11)
    with pytest.raises(UserError, match=r"49 measured latencies of nb201, 50 are needed.*pomonag meta-dataset build"):
        set_training._fitted_latency(SPACE)


def test_the_code_tells_training_tasks_apart(trained):
    code = trained[0].code
    codes = torch.stack([code(embed_task(task(name))) for name in task_names(40, 0)])
    assert codes.shape == (40, CODE_SIZE)
    assert not code.training
    # Unit variance over 200 random tasks, squeezed a little.
    assert (codes.std(0) - 0.9).abs().max() < 0.35
    assert codes.mean(0).abs().max() < 0.6
