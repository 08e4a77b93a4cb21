import math

import numpy as np
import pytest

from benchmarks import inputs
from benchmarks import table4_generation as table4
from benchmarks.generation import Generated
from pomonag.spaces.nasbench201 import NasBench201Cell
from reports.measurements import RunKey


@pytest.fixture
def known(monkeypatch):
    """The meta-dataset holds the all-skip cell, the released rows nothing."""
    skip = str(NasBench201Cell((1,) * 6))
    monkeypatch.setattr(inputs, "lite_architectures", lambda space: frozenset({skip}))
    monkeypatch.setattr(inputs, "released_architectures", lambda: frozenset())


def test_metrics_by_hand(known):
    # Four generated: two times the all-skip cell, a cell that equals it up to isomorphism, and one that is invalid.
    skip = str(NasBench201Cell((1,) * 6))
    one = NasBench201Cell((2, 0, 1, 0, 0, 1))
    same_network = NasBench201Cell((1, 0, 2, 0, 0, 1))
    assert one.canonical_form() == same_network.canonical_form()
    generated = Generated(6, 5, [skip, str(one), str(same_network)], np.zeros(3))
    found = table4.metrics(generated, [q.metric for q in table4.QUANTITIES])
    assert found["validity"] == pytest.approx(100 * 5 / 6)
    assert found["uniqueness"] == pytest.approx(60.0)
    assert found["uniqueness_by_class"] == pytest.approx(40.0)
    assert found["novelty"] == pytest.approx(100 * 2 / 3)
    assert found["novelty_released"] == 100.0


def test_nothing_valid_has_no_uniqueness(known):
    found = table4.metrics(Generated(256, 0, [], np.zeros(0)), ["validity", "uniqueness", "novelty"])
    assert found["validity"] == 0.0
    assert math.isnan(found["uniqueness"])
    assert math.isnan(found["novelty"])


def test_a_result_becomes_a_generated_set():
    result = {
        "architectures": [
            {"architecture": "a", "predicted_accuracy": 93.0},
            {"architecture": "b", "predicted_accuracy": 92.0},
        ],
        "invalid": [{"reason": "row_not_one_hot", "count": 3}],
        "predictor_calls": 5376,
        "seconds": {"generation": 0.3},
    }
    generated = Generated.of_result(result, 256, {"shipped": "ab"})
    assert (generated.valid, generated.architectures, generated.predictor_calls) == (253, ["a", "b"], 5376)
    assert generated.predicted.tolist() == [93.0, 92.0]


def test_uniform_draws_are_near_the_known_uniqueness():
    # 256 uniform draws of 15,625: 99.2 % by string, 84.0 % by isomorphism class.
    sets = [Generated.of_draws(table4.uniform(seed)) for seed in range(12)]
    found = [table4.metrics(generated, ["validity", "uniqueness", "uniqueness_by_class"]) for generated in sets]
    assert all(item["validity"] == 100.0 for item in found)
    assert np.mean([item["uniqueness"] for item in found]) == pytest.approx(99.2, abs=0.6)
    assert np.mean([item["uniqueness_by_class"] for item in found]) == pytest.approx(84.0, abs=2.5)


def test_top_250_are_the_best_of_both_tables():
    if inputs.TABLE.missing():
        pytest.skip(inputs.TABLE.missing())
    draws = table4.top_250(0, 500)
    mean = inputs.accuracies().mean_over_datasets()
    places = inputs.positions(draws)
    assert mean[places].min() >= np.sort(mean)[-250]
    assert len({str(draw) for draw in draws}) > 150


@pytest.mark.parametrize("space", ["nb201", "mbv3"])
@pytest.mark.parametrize("method", ["pomonag", "unguided"])
def test_what_embeds_images_needs_them(monkeypatch, space, method):
    monkeypatch.delenv("POMONAG_DATA_DIR", raising=False)
    key = RunKey("4", method, "fast", space, "mean-over-runs")
    (run,) = [run for run in table4.runs() if run.key == key]
    assert any("cifar10_subset.npz" in reason for reason in run.missing())


def test_both_spaces_have_the_papers_columns():
    runs = {run.key: run for run in table4.runs()}
    for space in ("nb201", "mbv3"):
        key = RunKey("4", "pomonag", "fast", space, "mean-over-runs")
        assert {"validity", "uniqueness", "novelty"} <= {q.metric for q in runs[key].quantities}
    assert not any(q.metric == "novelty_released" for k, r in runs.items() if k.space == "mbv3" for q in r.quantities)
