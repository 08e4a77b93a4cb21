from __future__ import annotations

import numpy as np
import pytest

from baselines.random_search import RandomSearch
from baselines.regularised_evolution import RegularisedEvolution
from baselines.searcher import Problem
from pomonag import search_space
from pomonag.errors import UserError
from pomonag.evaluation.evaluator import Evaluation

SPACE = search_space("nb201")
PROBLEM = Problem(SPACE)


def tell(searcher, architecture, accuracy):
    searcher.tell(architecture, Evaluation(accuracy, None, 1, 1, None, 0.0))


def test_random_search_asks_for_distinct_architectures():
    searcher = RandomSearch(PROBLEM)
    assert len({searcher.ask() for _ in range(3000)}) == 3000


def test_evolution_starts_at_random_and_then_mutates_the_winner():
    searcher = RegularisedEvolution(PROBLEM, population=4, sample_size=64)
    start = [searcher.ask() for _ in range(4)]
    for accuracy, architecture in zip((60.0, 90.0, 70.0, 80.0), start):
        tell(searcher, architecture, accuracy)
    # 64 candidates of 4 hold the best one but for one chance in 10^8.
    child = searcher.ask()
    assert sum(a != b for a, b in zip(child.operations, start[1].operations)) == 1


def test_the_oldest_dies_however_good_it_is():
    searcher = RegularisedEvolution(PROBLEM, population=3, sample_size=64)
    cells = SPACE.enumerate()
    best, others = cells[0], cells[7000:7003]
    tell(searcher, best, 99.0)
    for accuracy, other in zip((50.0, 60.0, 55.0), others):
        tell(searcher, other, accuracy)
    child = searcher.ask()
    assert sum(a != b for a, b in zip(child.operations, others[1].operations)) == 1


def test_evolution_climbs_faster_than_random_search():
    worth = np.random.default_rng(1).normal(size=(6, 5))

    def best_after_200(method, seed):
        searcher, best = method(PROBLEM, seed=seed), -np.inf
        for _ in range(200):
            architecture = searcher.ask()
            accuracy = float(worth[np.arange(6), list(architecture.operations)].sum())
            tell(searcher, architecture, accuracy)
            best = max(best, accuracy)
        return best

    evolution = np.mean([best_after_200(RegularisedEvolution, seed) for seed in range(5)])
    random = np.mean([best_after_200(RandomSearch, seed) for seed in range(5)])
    assert evolution > random


@pytest.mark.parametrize("settings", [{"population": 0}, {"sample_size": 0}])
def test_impossible_settings_are_refused(settings):
    with pytest.raises(UserError, match="at least 1"):
        RegularisedEvolution(PROBLEM, **settings)
