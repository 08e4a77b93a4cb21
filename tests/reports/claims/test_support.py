import doctest
import itertools

import numpy as np
import pytest
from scipy import special

from reports.claims import support
from reports.claims.support import FAILS, HOLDS, INCONCLUSIVE, UNKNOWN, Support, at_least, pointwise_at_least

YES, NO = Support.exact(True), Support.exact(False)


def test_the_documented_examples():
    assert doctest.testmod(support).failed == 0


@pytest.mark.parametrize("number", [0, 1, 2, 3, 4])
def test_of_certain_parts_it_is_counting(number):
    for parts in itertools.product([True, False], repeat=3):
        holds = sum(parts) >= number
        assert at_least(number, [Support.exact(part) for part in parts]) == Support.exact(holds)
        assert pointwise_at_least(number, parts) is holds


def test_all_need_each_and_one_against_all_pays_for_their_number():
    parts = [Support(0.02, 0.98), Support(0.01, 0.99)]
    assert at_least(2, parts).verdict == HOLDS
    assert at_least(2, [*parts, Support(0.03, 0.97)][1:]).verdict == INCONCLUSIVE
    assert at_least(2, [YES, Support(0.985, 0.015)]).verdict == INCONCLUSIVE
    assert at_least(2, [YES, Support(0.99, 0.01)]).verdict == FAILS


def test_one_of_several_pays_for_their_number_and_fails_only_with_each():
    assert at_least(1, [NO, Support(0.01, 0.99)]).verdict == HOLDS
    assert at_least(1, [NO, Support(0.02, 0.98)]).verdict == INCONCLUSIVE
    assert at_least(1, [NO, Support(0.98, 0.02)]).verdict == FAILS


def test_what_is_not_known_decides_nothing_but_others_may():
    assert at_least(2, [YES, UNKNOWN]).verdict == INCONCLUSIVE
    assert at_least(2, [NO, UNKNOWN]).verdict == FAILS
    assert at_least(1, [YES, UNKNOWN]).verdict == HOLDS
    assert pointwise_at_least(2, [True, None]) is None
    assert pointwise_at_least(2, [False, None]) is False
    assert pointwise_at_least(1, [True, None]) is True


def test_the_contrary():
    assert Support(0.01, 0.99).turned == Support(0.99, 0.01)
    assert UNKNOWN.turned == UNKNOWN


@pytest.mark.parametrize("number", [1, 3, 5])
def test_a_false_verdict_is_as_rare_as_promised(number):
    """Five comparisons whose true differences are 0 or favourable: `number` of them claimed, one short of true."""
    rng = np.random.default_rng(number)
    runs, found = 4000, {HOLDS: 0, FAILS: 0}
    # Differences of 0 make ">" false by the least: `number - 1` clearly hold, the others are at the edge.
    effects = np.array([20.0] * (number - 1) + [0.0] * (6 - number))
    for z in rng.normal(effects, 1.0, (runs, 5)):
        p = special.ndtr(-z)
        found[HOLDS] += at_least(number, [Support(x, 1 - x) for x in p]).verdict == HOLDS
    # And those at the edge of being true: `number` hold by nothing, the others clearly do not.
    effects = np.array([0.0] * number + [-20.0] * (5 - number))
    for z in rng.normal(effects, 1.0, (runs, 5)):
        p = special.ndtr(-z)
        found[FAILS] += at_least(number, [Support(x, 1 - x) for x in p]).verdict == FAILS
    assert found[HOLDS] / runs < 0.025 + 0.008
    assert found[FAILS] / runs < 0.025 + 0.008
