"""Which labels each checkpoint set may see; above all that a judged data set's accuracies never reach its own set."""

from __future__ import annotations

import functools
import gzip

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import spearmanr

from pomonag.data.sources import DataMissing, data_path
from pomonag.errors import UserError
from pomonag.evaluation.tabular import AccuracyTable
from pomonag.meta_dataset.schema import meta_dataset
from pomonag.meta_dataset.training_free_table import shipped_scores
from pomonag.predictors.accuracy_scale import normal_scores
from pomonag.predictors.embeddings import load_embedding
from pomonag.predictors.predictor_set import load_predictor_set
from pomonag.predictors.supervision import SETS, LabelledTask, supervision, table_task
from pomonag.spaces.nasbench201 import NasBench201

SPACE = NasBench201()
CELLS = SPACE.enumerate()
JUDGED = {"cifar10": "cifar100", "cifar100": "cifar10"}  # data set -> the other one
FILES = ("nasbench201/accuracies.csv.gz", "meta_dataset_nb201/train.csv.gz", "meta_dataset_nb201/tasks.csv.gz")


def made_up_data(folder, cifar10_seed=10, cifar100_seed=100):
    """A data folder with every table that supervision reads; the accuracies depend on their seeds alone."""
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
    columns = {"arch_str": list(map(str, CELLS))}
    for dataset, seed in (("cifar10", cifar10_seed), ("cifar100", cifar100_seed)):
        columns[f"{dataset}_test_acc_200ep"] = np.random.default_rng(seed).uniform(5, 95, SPACE.size)
    random = np.random.default_rng(0)
    picked = random.permutation(SPACE.size)[:60]
    rows = {
        "block": [0] * 40 + [1] * 20,
        "task": random.integers(0, 8, 60),
        "arch_str": [str(CELLS[i]) for i in picked],
        "acc": random.uniform(40, 80, 60),
    }
    tasks = {"task": np.arange(8)} | {f"class_{i:02d}": random.integers(0, 601, 8) for i in range(20)}
    for name, table in zip(FILES, (columns, rows, tasks)):
        with gzip.open(folder / name, "wt", compresslevel=1) as file:
            pd.DataFrame(table).to_csv(file, index=False)
    return folder


@pytest.fixture(scope="module")
def made_up(tmp_path_factory):
    return made_up_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def tasks_of(made_up):
    """Set name -> its tasks from the made-up tables, computed once."""

    @functools.cache
    def found(name):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("POMONAG_DATA_DIR", str(made_up))
            return supervision(name, SPACE)

    return found


@pytest.fixture(scope="module")
def measured(data_dir):
    """The published tables; skipped where one is missing."""
    try:
        for name in FILES:
            data_path(name)
    except DataMissing as missing:
        pytest.skip(str(missing))
    return AccuracyTable(space=SPACE)


def same(first: list[LabelledTask], second: list[LabelledTask]) -> bool:
    def content(task):
        accuracy = None if task.accuracy is None else task.accuracy.tobytes()
        embedding = None if task.embedding is None else task.embedding.numpy().tobytes()
        cells = tuple(a.index for a in task.architectures)
        return task.name, task.protocol, task.weight, cells, task.scores.tobytes(), accuracy, embedding

    return list(map(content, first)) == list(map(content, second))


@pytest.mark.parametrize("changed", JUDGED)
def test_the_judged_data_sets_accuracies_change_nothing(tasks_of, monkeypatch, tmp_path, changed):
    """The proof by intervention: other accuracies on the judged data set give the same labels to the last bit."""
    monkeypatch.setenv("POMONAG_DATA_DIR", str(made_up_data(tmp_path, **{f"{changed}_seed": 7})))
    assert same(supervision(f"without_{changed}", SPACE), tasks_of(f"without_{changed}"))
    # The comparison can tell: the set that is judged by the other data set does learn from these accuracies.
    assert not same(supervision(f"without_{JUDGED[changed]}", SPACE), tasks_of(f"without_{JUDGED[changed]}"))


@pytest.mark.parametrize("judged", JUDGED)
def test_a_leave_one_out_set_by_its_names(tasks_of, judged):
    tasks = tasks_of(f"without_{judged}")
    names = [task.name for task in tasks]
    lite = sorted(set(meta_dataset("nb201").query("seed == 0 and not held_out")["task"]))
    assert names == [JUDGED[judged], "imagenet32-0", "imagenet32-1", *lite]
    assert len(tasks[0].scores) == 1000
    assert {task.protocol for task in tasks[:3]} == {"full"}
    assert {task.protocol for task in tasks[3:]} == {"lite"}


def test_the_shipped_set_has_both_tables_whole(made_up, tasks_of):
    tasks = {task.name: task for task in tasks_of("shipped")}
    table = AccuracyTable(made_up / FILES[0], SPACE)
    for dataset in JUDGED:
        assert tasks[dataset].architectures == list(CELLS)
        assert np.array_equal(tasks[dataset].accuracy, table.accuracies(dataset))
        assert np.array_equal(tasks[dataset].scores, normal_scores(table.accuracies(dataset)))
        assert torch.equal(tasks[dataset].embedding, load_embedding(dataset))
    assert {"imagenet32-0", "imagenet32-1", "train-000"} < set(tasks)


def test_rows_of_a_table_are_drawn_uniformly_by_name(made_up, tasks_of, monkeypatch):
    drawn = tasks_of("without_cifar100")[0]
    index = SPACE.positions(drawn.architectures)
    assert np.array_equal(drawn.accuracy, AccuracyTable(made_up / FILES[0], SPACE).accuracies("cifar10")[index])
    assert np.array_equal(drawn.scores, normal_scores(drawn.accuracy))
    assert len(set(index)) == 1000
    # Uniform: 200 of each operation on each edge, standard deviation 12; no more good ones than there are.
    operations = np.array([a.operations for a in drawn.architectures])
    for edge in range(6):
        assert (abs(np.bincount(operations[:, edge], minlength=5) - 200) < 60).all()
    assert drawn.accuracy.mean() == pytest.approx(50, abs=4)
    assert tasks_of("without_cifar10")[0].architectures != drawn.architectures
    monkeypatch.setenv("POMONAG_DATA_DIR", str(made_up))
    assert table_task(SPACE, "cifar10", 1000).architectures == drawn.architectures
    assert len(table_task(SPACE, "cifar10", 40).scores) == 40


def test_lite_rows_are_those_that_ship_and_never_held_out(monkeypatch):
    monkeypatch.delenv("POMONAG_DATA_DIR", raising=False)
    rows = meta_dataset("nb201")
    assert rows["held_out"].any()  # there is something to leave out
    assert (rows["seed"] > 0).any()
    tasks = supervision("lite_rows", SPACE)
    assert all(task.protocol == "lite" and task.name.startswith("train-") for task in tasks)
    expected = {
        (row.task, row.architecture): row.accuracy for row in rows.itertuples() if row.seed == 0 and not row.held_out
    }
    found = {
        (task.name, str(cell)): accuracy for task in tasks for cell, accuracy in zip(task.architectures, task.accuracy)
    }
    assert found == expected
    assert sum(len(task.scores) for task in tasks) == len(expected)
    for task in tasks[:3]:
        group = rows[(rows["task"] == task.name) & (rows["seed"] == 0)]
        by_hand = (normal_scores(group["accuracy"].to_numpy()) + normal_scores(-group["loss"].to_numpy())) / 2
        assert np.allclose(task.scores, by_hand)
        assert task.embedding.shape == (20, 20, 1280)


@pytest.mark.parametrize("name", ["training_free", "own_measurements", "params_only"])
def test_proxies_know_no_accuracy_and_need_no_data(monkeypatch, name):
    monkeypatch.delenv("POMONAG_DATA_DIR", raising=False)
    tasks = supervision(name, SPACE)
    assert [(task.name, task.protocol, task.accuracy) for task in tasks] == [
        ("cifar10", "proxy", None),
        ("cifar100", "proxy", None),
    ]
    for task in tasks:
        params = SPACE.cost(task.architectures).params
        agreement = spearmanr(task.scores, params)[0]
        assert agreement == pytest.approx(1.0) if name == "params_only" else 0.5 < agreement < 0.99


def test_a_vote_is_the_product_of_the_voters_ranks():
    table = shipped_scores("nb201")
    votes = np.prod([table[name].rank() for name in ("naswot", "jacobian_covariance", "synflow", "params")], axis=0)
    for task in supervision("training_free", SPACE):
        assert [str(cell) for cell in task.architectures] == list(table["architecture"])
        assert np.allclose(task.scores, normal_scores(votes))


def test_own_measurements_add_what_the_lite_rows_say_of_the_data_set():
    predictors = load_predictor_set(SPACE, "lite_rows")
    assert set(predictors.header["labels"]) == {"lite tasks"}
    found = []
    for without, task in zip(supervision("training_free", SPACE), supervision("own_measurements", SPACE)):
        given = predictors.condition(load_embedding(task.name), "lite")
        lite = predictors.scores(task.architectures, given)
        assert spearmanr(task.scores, lite).statistic > spearmanr(without.scores, lite).statistic + 0.05
        found.append(task.scores)
    assert not np.array_equal(*found)


def test_an_unknown_set_suggests_the_nearest():
    with pytest.raises(
        UserError, match=r"unknown checkpoint set of nb201 'without_cifar1O'.*Did you mean 'without_cifar10'"
    ):
        supervision("without_cifar1O", SPACE)
    with pytest.raises(UserError, match="Did you mean 'shipped'"):
        supervision("Shiped", SPACE)


@pytest.mark.parametrize("name", ["shipped", "without_cifar10", "without_cifar100"])
def test_without_data_the_variable_is_named(monkeypatch, tmp_path, name):
    monkeypatch.delenv("POMONAG_DATA_DIR", raising=False)
    with pytest.raises(DataMissing, match=r"accuracies.csv.gz.*POMONAG_DATA_DIR"):
        supervision(name, SPACE)
    monkeypatch.setenv("POMONAG_DATA_DIR", str(tmp_path))
    with pytest.raises(DataMissing, match=r"accuracies.csv.gz is not there.*POMONAG_DATA_DIR"):
        supervision(name, SPACE)


@pytest.mark.parametrize("missing", FILES[1:])
def test_each_missing_table_is_named(made_up, monkeypatch, tmp_path, missing):
    for name in FILES:
        if name != missing:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).symlink_to(made_up / name)
    monkeypatch.setenv("POMONAG_DATA_DIR", str(tmp_path))
    with pytest.raises(DataMissing, match=f"{missing} is not there.*POMONAG_DATA_DIR"):
        supervision("without_cifar10", SPACE)


@pytest.mark.parametrize("name", SETS["nb201"])
def test_labels_are_whole(tasks_of, name):
    for task in tasks_of(name):
        assert len(task.architectures) == len(task.scores) > 0
        assert np.isfinite(task.scores).all()
        assert task.weight > 0
        if task.accuracy is not None:
            assert len(task.accuracy) == len(task.scores)
            assert task.accuracy.min() >= 0
            assert task.accuracy.max() <= 100


# With the published tables.


@pytest.mark.parametrize("judged", JUDGED)
def test_a_leave_one_out_set_against_the_published_table(measured, judged):
    other, *rest = supervision(f"without_{judged}", SPACE)
    index = SPACE.positions(other.architectures)
    assert other.name == JUDGED[judged]
    assert len(set(index)) == 1000
    assert np.array_equal(other.accuracy, measured.accuracies(JUDGED[judged])[index])
    assert not (other.accuracy == measured.accuracies(judged)[index]).any()
    assert sum(len(task.scores) for task in rest if task.name.startswith("imagenet32")) == 4230
    lite = [task for task in rest if task.protocol == "lite"]
    for task in lite:
        theirs = measured.accuracies(judged)[SPACE.positions(task.architectures)]
        assert np.mean(np.isclose(task.accuracy, theirs, atol=1e-3)) < 0.05
    # ImageNet32's residuals are no disguised accuracies: their order has little in common with the judged table's.
    for task in rest[:2]:
        theirs = measured.accuracies(judged)[SPACE.positions(task.architectures)]
        assert abs(spearmanr(task.scores, theirs)[0]) < 0.5
        assert task.accuracy is None
        assert task.embedding is None


def test_imagenet32_accuracies_are_not_the_tables(measured):
    rows = pd.read_csv(data_path(FILES[1]))
    assert len(rows) == 4230
    index = SPACE.positions([SPACE.parse(text) for text in rows["arch_str"]])
    for dataset in JUDGED:
        # 0.1 % steps of theirs hit a table's value of the same architecture now and then.
        assert np.mean(np.isclose(rows["acc"], measured.accuracies(dataset)[index], atol=1e-3)) < 0.01
