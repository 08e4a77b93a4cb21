"""How Tables 3 and 6 judge predictions, on a predictor that knows the labels and on one that knows nothing."""

import itertools

import numpy as np
import pytest

from benchmarks import predictor_ceilings, table3_predictors, table6_predictors
from benchmarks.predictor_methods import train_ridge
from benchmarks.predictor_rows import LABELS, judged_denoised, judged_noisy, predictor_rows, rows_digest


@pytest.fixture(scope="module")
def data():
    return predictor_rows("nb201")


def test_who_knows_the_labels_is_judged_perfect_and_who_knows_nothing_is_not(data):
    perfect = judged_denoised(data, lambda frame: frame["accuracy"].to_numpy())
    assert set(perfect) == {q.metric for q in table3_predictors.quantities("denoised")}
    assert all(value == pytest.approx(1.0) for value in perfect.values())
    draws = np.random.default_rng(0)
    nothing = judged_denoised(data, lambda frame: draws.random(len(frame)))
    assert max(map(abs, nothing.values())) < 0.35


def test_noisy_judgement_has_all_promised_metrics(data):
    labels = table3_predictors.LABELS

    def from_sigma(frame, x, sigma):
        assert x.shape == (len(frame), data.space.encoding.num_nodes, data.space.encoding.num_operations)
        assert 0.1 <= float(sigma.min()) <= float(sigma.max()) <= 5.0
        return {label: frame[label].to_numpy(float) for label in labels}

    found = judged_noisy(data, from_sigma, data.space.encoding, 0)
    assert set(found) == {q.metric for q in table3_predictors.quantities("noisy", labels)}
    assert min(found.values()) == pytest.approx(1.0)


def test_the_learning_curve_is_nested(data):
    small, large = (set(data.limited(share).index) for share in (0.125, 0.5))
    assert small < large < set(data.limited(1.0).index)
    assert len(small) == round(0.125 * len(data.limited(1.0)))
    assert data.limited(0.125)["task"].nunique() > 20


def test_the_ridge_learns_something_of_the_unseen(data):
    found = judged_denoised(data, train_ridge(data))
    params = judged_denoised(data, lambda frame: frame["params"].to_numpy(float))
    assert found["spearman_accuracy_denoised_within"] > params["spearman_accuracy_denoised_within"]


def test_other_rows_are_another_configuration():
    run = next(r for r in table3_predictors.runs() if r.key.method == "pair_ridge" and r.key.space == "nb201")
    assert run.settings["rows"] == rows_digest("nb201")


def test_a_space_without_rows_is_not_run():
    runs = [r for r in table3_predictors.runs() if r.key.space == "mbv3"]
    if rows_digest("mbv3") == rows_digest("no such space"):
        assert all("No rows of mbv3" in " ".join(run.missing()) for run in runs)
    assert {"diffusionnag", "pomonag", "pair_ridge", "params"} <= {run.key.method for run in runs}


def test_the_ablation_changes_one_thing_a_step():
    steps = list(table6_predictors.STEPS.values())
    changes = [
        sum(a != b for a, b in zip(vars(one).values(), vars(two).values())) for one, two in itertools.pairwise(steps)
    ]
    assert changes == [1, 1, 1, 1]


def test_other_training_free_scores_are_another_configuration(monkeypatch, tmp_path):
    scores_digest = table3_predictors.scores_digest
    runs = {r.key.method: r for r in table3_predictors.runs() if r.key.space == "nb201"}
    assert runs["vote"].settings["scores"] == runs["naswot"].settings["scores"] == scores_digest("nb201")
    assert "scores" not in runs["params"].settings
    shipped = scores_digest("nb201")
    (tmp_path / "nb201.parquet").write_bytes(b"other scores")
    monkeypatch.setattr("pomonag.meta_dataset.training_free_table.SHIPPED", tmp_path)
    assert scores_digest("nb201") != shipped


def test_ceilings_are_judged_as_predictions_are(data):
    frame = data.split.outer.tests["both"]
    found = predictor_ceilings._judged(frame, {label: frame[label].to_numpy(float) for label in LABELS})
    assert set(found) == {quantity.metric for quantity in table3_predictors.CEILINGS}
    assert list(found.values()) == pytest.approx([1.0] * len(found))
