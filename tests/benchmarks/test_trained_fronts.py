"""Fronts of trained networks with made-up trainings: accuracy follows MACs, so that every figure can be worked out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks import lite_trainings, trained_fronts, trained_top
from benchmarks.trained_fronts import MOST_POINTS, SPACE, TASK
from pomonag.spaces import search_space
from pomonag.spaces.encoding import generator_of

NETWORKS = search_space(SPACE).sample(40, generator_of(0))


def macs(names):
    space = search_space(SPACE)
    return space.cost([space.parse(name) for name in names], classes=20).macs.astype(float)


@pytest.fixture
def trainings(monkeypatch):
    """Instead of trainings: a percent for every ten million MACs, and one for each seed beyond 100."""
    asked = []

    def accuracies(space, task, names, seeds):
        asked.extend(names)
        return macs(names)[:, None] / 1e7 + np.array(seeds) - 100.0

    monkeypatch.setattr(lite_trainings, "accuracies", accuracies)
    rows = pd.DataFrame({"task": TASK, "seed": 0, "accuracy": [10.0, 20.0, 90.0]})
    monkeypatch.setattr(trained_fronts, "meta_dataset", lambda name: rows)
    monkeypatch.setattr(trained_fronts.inputs, "digests", lambda *names, space_name: {"read": "ab"})
    return asked


def test_fronts_are_judged_by_trainings_of_what_stands_on_them(trainings):
    names = [str(network) for network in NETWORKS]
    outcome = trained_fronts._outcome(lambda seed: (names, macs(names) / 1e7, 99, 1.5), 0)
    front = outcome.details["fronts"]["macs"]
    assert len(front) == MOST_POINTS
    assert [p["cost"] for p in front] == sorted(p["cost"] for p in front)
    assert front[0]["cost"] == macs(names).min()
    assert front[-1]["cost"] == macs(names).max()
    # Two seeds, 101 and 102: 1.5 percent on average.
    assert all(p["accuracy"] == pytest.approx(p["cost"] / 1e7 + 1.5) for p in front)
    assert set(trainings) == {p["architecture"] for cost in ("params", "macs") for p in outcome.details["fronts"][cost]}
    floor, most = 120.011e6 + 12_800, 841.580e6 + 15_360  # ten classes in the space's own figures, twenty here
    assert outcome.values["macs_eff_over_floor"] == pytest.approx(macs(names).min() / floor, rel=1e-4)
    # The union of the rectangles between the front's points and the reference point (median 20, largest cost).
    x = [(most - p["cost"]) / (most - floor) for p in front]
    y = [max(0.0, (p["accuracy"] - 20.0) / 70.0) for p in front]
    area = sum((a - b) * h for a, b, h in zip(x, [*x[1:], 0.0], np.maximum.accumulate(y)))
    assert outcome.values["hypervolume_macs"] == pytest.approx(area, rel=1e-3)
    assert outcome.values["predictor_calls"] == 99
    assert outcome.values["search_seconds"] == 1.5


def test_short_fronts_are_trained_whole():
    assert trained_fronts._spread(np.arange(5)).tolist() == [0, 1, 2, 3, 4]
    assert trained_fronts._spread(np.arange(100))[[0, -1]].tolist() == [0, 99]


def test_peers_at_equal_seconds_get_the_calls_that_fit(monkeypatch):
    asked = []

    class Fast:
        def __init__(self, problem, seed, predictor_calls):
            asked.append(predictor_calls)
            self.calls = predictor_calls

        def generate(self, task, n):
            return trained_fronts.GeneratedSet((NETWORKS[0],), self.calls, self.calls / 10_000)

    problem = trained_fronts.Problem(search_space(SPACE), predict=lambda networks: np.zeros(len(networks)))
    monkeypatch.setattr(trained_fronts, "_problem", lambda: problem)
    monkeypatch.setattr(trained_fronts, "_pomonag", lambda seed: (["a"], np.zeros(1), 5_000, 2.0))
    names, _, calls, seconds = trained_fronts._peer(Fast, True, 0)
    assert asked == [5_000, 20_000]
    assert (names, calls, seconds) == ([str(NETWORKS[0])], 20_000, 2.0)
    assert trained_fronts._peer(Fast, False, 0)[2] == 5_000


def test_the_ends_of_the_space_are_its_extremes():
    smallest, largest = trained_fronts._extremes()
    drawn = trained_fronts._costs(NETWORKS)
    for cost, values in drawn.items():
        assert smallest[cost] < values.min()
        assert values.max() < largest[cost]


def test_random_search_keeps_the_five_best_and_trains_them_anew(monkeypatch):
    asked = []

    def accuracies(space, task, names, seeds):
        asked.append((len(names), tuple(seeds)))
        return np.repeat(macs(names)[:, None], len(seeds), axis=1)

    monkeypatch.setattr(lite_trainings, "accuracies", accuracies)
    chosen = trained_top._best_of_draws(3)
    assert asked == [(200, (100,))]
    drawn = {str(a) for a in search_space(SPACE).sample(400, generator_of(3))}
    assert set(chosen) <= drawn
    assert macs(chosen).tolist() == sorted(macs(chosen), reverse=True)
    monkeypatch.setattr(trained_top.inputs, "digests", lambda *names, space_name: {})
    outcome = trained_top._outcome(lambda seed: chosen, 3)
    assert asked[-1] == (5, trained_top.FRESH_SEEDS)
    assert outcome.values["test_accuracy_best"] == pytest.approx(macs(chosen).max())
    assert outcome.values["test_accuracy"] == pytest.approx(macs(chosen).mean())


def test_trainings_are_made_once_and_kept(monkeypatch):
    made = []

    class Evaluator:
        protocol = lite_trainings.lite_protocol(SPACE)

        def evaluate(self, network, task, seed):
            made.append((str(network), task, seed))
            return type("Evaluation", (), {"accuracy": 10.0 * seed})

    monkeypatch.setattr(lite_trainings, "_evaluator", lambda space: Evaluator())
    name = str(NETWORKS[0])
    for _ in range(2):
        lite_trainings._store.cache_clear()  # what another process finds
        assert lite_trainings.accuracies(SPACE, TASK, [name], (1, 2)).tolist() == [[10.0, 20.0]]
    lite_trainings._store.cache_clear()
    assert made == [(name, TASK, 1), (name, TASK, 2)]
