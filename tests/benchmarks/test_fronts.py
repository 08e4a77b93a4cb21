import numpy as np
import pytest

from benchmarks import fronts, generation, inputs
from benchmarks.generation import Generated


@pytest.fixture
def truth():
    for need in (inputs.TABLE, inputs.LATENCIES):
        if need.missing():
            pytest.skip(need.missing())
    return inputs.accuracies().accuracies("cifar10")


def outcome_of(choose, device="pixel3"):
    return fronts._outcome(choose, "cifar10", device, 0)


def test_nothing_beats_the_tables_own_front(truth):
    best = outcome_of(fronts._truth).values
    rng = np.random.default_rng(0)
    everything = inputs.space().enumerate()
    picks = rng.choice(len(everything), 300, replace=False)

    def perfect(dataset, device, seed):
        return [str(everything[i]) for i in picks], truth[picks], 0, {}

    def blind(dataset, device, seed):
        return [str(everything[i]) for i in picks], rng.random(300), 0, {}

    for metric in ("hypervolume_params", "hypervolume_latency"):
        assert 1 > best[metric] >= outcome_of(perfect).values[metric] > outcome_of(blind).values[metric] >= 0


def test_front_points_are_sorted_and_the_configurations_lie_on_them(truth):
    found = outcome_of(fronts._truth).details["fronts"]
    for front in found.values():
        cost = [point["cost"] for point in front["points"]]
        accuracy = [point["accuracy"] for point in front["points"]]
        assert cost == sorted(cost)
        assert accuracy == sorted(accuracy)
        assert front["chosen"]["eff"] == 0
        assert front["chosen"]["acc"] == len(cost) - 1
        assert 0 <= front["chosen"]["bal"] < len(cost)
    assert found["params"]["points"][0]["cost"] == pytest.approx(0.073306)
    assert found["params"]["points"][-1]["accuracy"] == pytest.approx(94.373)


def test_hypervolume_of_the_ideal_point_is_one():
    accuracy, cost = np.array([50.0, 60.0, 90.0]), np.array([1.0, 2.0, 3.0])
    assert fronts.hypervolume(np.array([90.0]), np.array([1.0]), accuracy, cost) == pytest.approx(1.0)
    assert fronts.hypervolume(np.array([60.0]), np.array([1.0]), accuracy, cost) == 0.0
    assert fronts.hypervolume(np.array([75.0]), np.array([2.0]), accuracy, cost) == pytest.approx(0.25)


def test_peers_get_the_same_number_of_calls(truth, monkeypatch):
    monkeypatch.setattr(
        generation,
        "ranking",
        lambda dataset, seed, predictors: (lambda a: truth[inputs.positions(list(a))], {"p": "x"}),
    )
    monkeypatch.setattr(generation, "FAST_PREDICTOR_CALLS", 600)
    for choose in (fronts._nsga2, fronts._random):
        outcome = outcome_of(choose)
        assert outcome.values["predictor_calls"] <= 600
        assert outcome.inputs["p"] == "x"
    exhaustive = outcome_of(fronts._exhaustive)
    assert exhaustive.values["predictor_calls"] == 15_625
    # A perfect predictor's exhaustive ranking finds the table's own front.
    for metric in ("hypervolume_params", "hypervolume_latency"):
        assert exhaustive.values[metric] == pytest.approx(outcome_of(fronts._truth).values[metric], abs=1e-9)


def test_generated_sets_are_judged_by_their_predictions(truth, monkeypatch):
    everything = inputs.space().enumerate()
    made = Generated(3, 3, [str(everything[i]) for i in (0, 5000, 10000)], np.array([90.0, 80.0, 70.0]), 5376, {})
    monkeypatch.setattr(generation, "pomonag_fast", lambda dataset, seed, predictors, device: made)
    outcome = outcome_of(fronts._pomonag)
    assert outcome.values["predictor_calls"] == 5376
    assert {p["architecture"] for p in outcome.details["fronts"]["params"]["points"]} <= set(made.architectures)
