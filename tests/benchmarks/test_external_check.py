"""The external check's runs on a made-up table, in which accuracy is params; nothing is trained."""

import gzip

import numpy as np
import pandas as pd
import pytest

from benchmarks import external_check, inputs
from pomonag.evaluation.tabular import AccuracyTable
from pomonag.predictors.external_check import REFERENCES, scored_architectures


@pytest.fixture
def made_up(tmp_path, monkeypatch):
    """The made-up table in the place of the data folder's; its accuracies by architecture."""
    cells = list(inputs.space().enumerate())
    accuracy = 10 + 50 * inputs.space().cost(cells).params / 2e6 + 0.001 * np.random.default_rng(0).random(len(cells))
    path = tmp_path / "nasbench201" / "accuracies.csv.gz"
    path.parent.mkdir()
    columns = {f"{dataset}_test_acc_{epochs}ep": accuracy for dataset in inputs.DATASETS for epochs in (12, 200)}
    with gzip.open(path, "wt") as file:
        pd.DataFrame({"arch_str": list(map(str, cells)), **columns}).to_csv(file, index=False)
    table = AccuracyTable(path, inputs.space())
    monkeypatch.setenv("POMONAG_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(inputs, "accuracies", lambda: table)
    monkeypatch.setattr(inputs, "digests", lambda *names: dict.fromkeys(names, "made up"))
    return table


def one(method, configuration, dataset="cifar10"):
    return next(
        run
        for run in external_check.runs()
        if (run.key.method, run.key.configuration, run.key.dataset) == (method, configuration, dataset)
    )


@pytest.mark.parametrize("name", ["params", "table_12ep", "vote"])
def test_a_plain_score_is_judged_by_the_table(made_up, name):
    run = one(name, "score")
    assert run.missing() == []
    outcome = run.compute(0)
    assert set(outcome.values) == {quantity.metric for quantity in run.quantities}
    assert outcome.details["architectures"] == inputs.space().size
    assert outcome.inputs == {"nasbench201/accuracies.csv.gz": "made up"}
    if name == "table_12ep":
        assert outcome.values == {"spearman_full": pytest.approx(1), "top5_gap": 0}
        assert len(outcome.details["first"]) == 5
    else:
        assert 0.5 < outcome.values["spearman_full"] < 1


def test_a_set_that_knows_the_truth_loses_nothing_and_its_reverse_nearly_all(made_up, monkeypatch):
    cells, truth = list(inputs.space().enumerate()), made_up.accuracies("cifar10")

    def judged(scores):
        promised = external_check.quantities("made-up scores")
        return external_check._judged(lambda seed: (cells, scores), "cifar10", promised, (), 0).values

    assert judged(truth) == {"spearman_full": pytest.approx(1), "top5_gap": 0}
    worst = judged(-truth)
    assert worst["spearman_full"] == pytest.approx(-1)
    assert worst["top5_gap"] == pytest.approx(truth.max() - np.sort(truth)[4])


def test_the_ridge_learns_from_the_other_data_set(made_up, monkeypatch):
    asked = []

    def accuracies(dataset):
        asked.append(dataset)
        return type(made_up).accuracies(made_up, dataset)

    monkeypatch.setattr("pomonag.predictors.supervision.AccuracyTable", lambda space: made_up)
    monkeypatch.setattr(made_up, "accuracies", accuracies)
    cells, scores = external_check._ridge_scores("cifar100", 0)
    assert asked == ["cifar100"]
    assert np.corrcoef(scores, inputs.space().cost(cells).params)[0, 1] > 0.9


def test_what_is_judged_by_a_table_never_saw_it():
    for run in external_check.runs():
        dataset, other = run.key.dataset, {"cifar10": "cifar100", "cifar100": "cifar10"}[run.key.dataset]
        assert "shipped" not in str(run.settings)
        if run.key.configuration in ("leave-one-out", "leave-one-out-trained"):
            assert {f"without_{dataset}", other} & set(map(str, run.settings.values()))
            assert f"without_{other}" not in run.settings.values()
            assert dataset not in run.settings.values()


def test_only_trainings_are_repeated():
    runs = external_check.runs()
    assert {run.key.configuration for run in runs if run.repeats is None} == {"leave-one-out-trained"}
    assert {run.key.method for run in runs} == {*REFERENCES, "pomonag", "pair_ridge"}
    assert len(scored_architectures(inputs.space())) == inputs.space().size


def test_without_the_table_each_run_says_so(monkeypatch):
    monkeypatch.delenv("POMONAG_DATA_DIR", raising=False)
    assert all("POMONAG_DATA_DIR" in " ".join(run.missing()) for run in external_check.runs())


def test_scores_of_a_part_of_the_space_are_not_enough(monkeypatch):
    monkeypatch.setattr("pomonag.meta_dataset.training_free_table.shipped_scores", lambda space: [0] * 600)
    assert "600 of 15625 architectures have training-free scores" in " ".join(one("naswot", "score").missing())


def test_a_seed_trains_from_that_seed_without_the_judged_table(monkeypatch):
    asked = {}

    def train(space, tasks, code, training):
        asked.update(tasks=tasks, seed=training.seed)
        return lambda features, given: features.sum(-1) + 0 * given.sum()

    monkeypatch.setattr("pomonag.predictors.predictor_training.train_ensemble", train)
    monkeypatch.setattr("pomonag.predictors.supervision.supervision", lambda name, space: name)
    cells, scores = external_check._trained_scores("cifar100", 2**31 + 7)
    assert asked == {"tasks": "without_cifar100", "seed": 7}
    assert scores == pytest.approx(inputs.space().features(cells).sum(-1), rel=1e-5)
    run = one("pomonag", "leave-one-out-trained", "cifar100")
    assert run.settings["supervision"] == "without_cifar100"


def test_a_shipped_set_is_asked_under_its_own_protocol():
    run = one("pomonag", "lite-rows")
    if missing := inputs.checkpoint_need("lite_rows/predictors").missing():
        pytest.skip(missing)
    cells, scores = run.compute.args[0](0)
    assert len(cells) == len(scores) == inputs.space().size
    params = inputs.space().cost(cells).params
    assert 0.2 < np.corrcoef(scores, params)[0, 1] < 0.95
