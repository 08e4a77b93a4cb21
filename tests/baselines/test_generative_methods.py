from __future__ import annotations

import numpy as np
import pytest
import torch

from baselines.exhaustive_ranking import ExhaustiveRanking
from baselines.nsga2 import Nsga2
from baselines.random_ranking import RandomRanking
from baselines.searcher import Problem
from baselines.top250 import Top250
from baselines.uniform import Uniform
from pomonag import search_space
from pomonag.errors import UserError
from pomonag.pareto.front import pareto_front
from pomonag.pareto.indicators import normalised_hypervolume

torch.set_num_threads(1)

SPACE = search_space("nb201")
CELLS = SPACE.enumerate()
OPERATIONS = np.array([cell.operations for cell in CELLS])
# A made-up truth in which each operation on each edge is worth something, and pairs of neighbours too.
WORTH = np.random.default_rng(0).normal(size=(6, 5))
ACCURACY = 80 + WORTH[np.arange(6), OPERATIONS].sum(1) + 2 * (OPERATIONS == 3).sum(1) * (OPERATIONS[:, 0] == 1)
LATENCY = 1.0 + (OPERATIONS == 4).sum(1) + 1.5 * (OPERATIONS == 3).sum(1)


def predict(architectures):
    return ACCURACY[SPACE.positions(architectures)]


def latency(architectures):
    return LATENCY[SPACE.positions(architectures)]


PROBLEM = Problem(SPACE, predict=predict, latency=latency, known_accuracy=ACCURACY)


def hypervolume(architectures, costs):
    at = SPACE.positions(architectures)
    return normalised_hypervolume(
        ACCURACY[at],
        costs[at],
        median_accuracy=float(np.median(ACCURACY)),
        best_accuracy=float(ACCURACY.max()),
        min_cost=float(costs.min()),
        max_cost=float(costs.max()),
    )


def test_the_exhaustive_ranking_hands_over_the_true_fronts():
    result = ExhaustiveRanking(PROBLEM).generate("t", 256)
    assert result.predictor_calls == 15_625
    assert len(set(result.architectures)) == 256
    params = SPACE.cost(CELLS).params
    chosen = set(SPACE.positions(result.architectures).tolist())
    for costs in (params, LATENCY):
        front = pareto_front(ACCURACY, costs)
        assert set(front.tolist()) <= chosen
    assert CELLS[int(ACCURACY.argmax())] == result.architectures[0]


@pytest.mark.parametrize("method", [RandomRanking, Nsga2])
def test_budgets_are_kept_exactly_and_spent_well(method):
    params = SPACE.cost(CELLS).params
    best = ExhaustiveRanking(PROBLEM).generate("t", 256).architectures
    result = method(PROBLEM, predictor_calls=1500).generate("t", 256)
    assert result.predictor_calls == 1500
    assert len(set(result.architectures)) == 256
    for costs in (params, LATENCY):
        assert hypervolume(result.architectures, costs) >= 0.85 * hypervolume(best, costs)


def test_nsga2_beats_random_ranking_at_equal_calls():
    params = SPACE.cost(CELLS).params

    def mean_hypervolume(method):
        return np.mean(
            [
                hypervolume(method(PROBLEM, seed=seed, predictor_calls=1000).generate("t", 64).architectures, params)
                for seed in range(3)
            ]
        )

    assert mean_hypervolume(Nsga2) > mean_hypervolume(RandomRanking)


def test_a_budget_beyond_the_space_is_the_space():
    assert RandomRanking(PROBLEM, predictor_calls=10**6).generate("t", 5).predictor_calls == 15_625


@pytest.mark.parametrize("method", [ExhaustiveRanking, RandomRanking, Nsga2])
def test_untimed_architectures_are_not_handed_over(method):
    def partly_timed(architectures):
        times = latency(architectures)
        times[SPACE.positions(architectures) % 2 == 0] = np.nan
        return times

    problem = Problem(SPACE, predict=predict, latency=partly_timed)
    settings = {} if method is ExhaustiveRanking else {"predictor_calls": 300}
    result = method(problem, **settings).generate("t", 50)
    assert len(result.architectures) > 10
    assert (SPACE.positions(result.architectures) % 2 == 1).all()


def test_top_250_and_uniform_draw_where_they_should():
    threshold = np.sort(ACCURACY)[-250]
    top = Top250(PROBLEM).generate("t", 2000)
    assert (predict(top.architectures) >= threshold).all()
    assert len(set(top.architectures)) == pytest.approx(250, abs=3)
    uniform = Uniform(PROBLEM).generate("t", 2000)
    assert np.mean(predict(uniform.architectures) >= threshold) < 0.03
    assert top.predictor_calls == uniform.predictor_calls == 0


@pytest.mark.parametrize("settings", [{"predictor_calls": 0}, {"population": 1}])
def test_impossible_settings_are_refused(settings):
    with pytest.raises(UserError):
        Nsga2(PROBLEM, **settings)
