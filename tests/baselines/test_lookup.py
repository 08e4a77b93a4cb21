from __future__ import annotations

import numpy as np
import pytest

from baselines.lookup import search_by_lookup
from baselines.random_search import RandomSearch
from baselines.regularised_evolution import RegularisedEvolution
from baselines.searcher import Problem, Searcher
from pomonag import search_space
from pomonag.data.sources import DataMissing
from pomonag.errors import UserError
from pomonag.evaluation.tabular import AccuracyTable

SPACE = search_space("nb201")
PROBLEM = Problem(SPACE)


@pytest.fixture(scope="module")
def table():
    try:
        return AccuracyTable()
    except DataMissing as missing:
        pytest.skip(str(missing))


def test_budget_curve_and_best(table):
    result = search_by_lookup(RandomSearch(PROBLEM, seed=1), table, "cifar10", budget=100)
    assert result.evaluations == len(result.curve) == 100
    assert (np.diff(result.curve) >= 0).all()  # chosen by the reported accuracy itself
    assert result.accuracy == table.accuracy([result.architecture], "cifar10")[0] == result.curve[-1]
    assert result.curve[result.evaluations_to_best - 1] == result.accuracy
    assert result.evaluations_to_best == 1 or result.curve[result.evaluations_to_best - 2] < result.accuracy


def test_choosing_by_validation_reports_the_test_accuracy(table):
    result = search_by_lookup(
        RegularisedEvolution(PROBLEM, seed=2), table, "cifar100", budget=50, search_protocol="valid_acc_12ep"
    )
    asked = RegularisedEvolution(PROBLEM, seed=2).ask()
    first = table.accuracy([asked], "cifar100")[0]
    assert result.curve[0] == first
    assert result.accuracy == table.accuracy([result.architecture], "cifar100")[0]


def test_repeated_proposals_are_answered_and_not_counted(table):
    class Stubborn(Searcher):
        name = "stubborn"
        reference = "none"

        def __init__(self, distinct):
            super().__init__(PROBLEM)
            self.distinct, self.asked, self.told = distinct, 0, 0

        def ask(self):
            self.asked += 1
            return SPACE.enumerate()[15_000 + (self.asked // 3) % self.distinct]

        def tell(self, architecture, evaluation):
            self.told += 1

    patient = Stubborn(10)
    assert search_by_lookup(patient, table, "cifar10", budget=10).evaluations == 10
    assert patient.told == patient.asked > 10
    with pytest.raises(UserError, match="stubborn proposed only 3 distinct"):
        search_by_lookup(Stubborn(3), table, "cifar10", budget=4)


def test_a_whole_search_finds_the_best(table):
    result = search_by_lookup(RandomSearch(PROBLEM), table, "cifar10", budget=15_625)
    assert result.accuracy == table.best("cifar10")


def test_no_budget_is_refused(table):
    with pytest.raises(UserError, match="budget=0"):
        search_by_lookup(RandomSearch(PROBLEM), table, "cifar10", budget=0)
