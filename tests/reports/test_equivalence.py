import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from reports.equivalence import (
    Difference,
    Sample,
    cautious_degrees,
    difference,
    p_difference,
    p_equivalence,
    welch_degrees,
    welch_error_rate,
)

RATIOS = 10.0 ** np.linspace(-3, 3, 25)


def random_pairs(count):
    rng = np.random.default_rng(20)
    for _ in range(count):
        spread = 10 ** rng.uniform(-2, 1, 2)
        shift = rng.normal(0, 2 * spread.max())
        yield rng.normal(50, spread[0], rng.integers(2, 12)), rng.normal(50 + shift, spread[1], rng.integers(2, 12))


def test_statistics_equal_statsmodels_and_scipy_in_a_thousand_random_cases():
    for x, y in random_pairs(1000):
        ours, theirs = Sample.of(x), Sample.of(y)
        a, b = ours.sd**2 / ours.n, theirs.sd**2 / theirs.n
        degrees = welch_degrees(a, ours.n - 1, b, theirs.n - 1)
        found = Difference(ours.mean - theirs.mean, math.sqrt(a + b), degrees)
        compared = CompareMeans(DescrStatsW(x), DescrStatsW(y))
        t, p, expected_degrees = compared.ttest_ind(usevar="unequal")
        margin = abs(found.value) * 1.5 + 1e-3
        assert degrees == pytest.approx(expected_degrees, rel=1e-9)
        assert found.value / found.standard_error == pytest.approx(t, rel=1e-9, abs=1e-9)
        assert p_difference(found.value, found.standard_error, degrees) == pytest.approx(p, abs=1e-9)
        expected = compared.ttost_ind(-margin, margin, usevar="unequal")[0]
        assert p_equivalence(found.value, found.standard_error, degrees, margin) == pytest.approx(expected, abs=1e-9)
        for level in (0.9, 0.95):
            interval = compared.tconfint_diff(alpha=1 - level, usevar="unequal")
            assert found.interval(level) == pytest.approx(interval, rel=1e-9, abs=1e-9)
        summaries = stats.ttest_ind_from_stats(
            ours.mean, ours.sd, ours.n, theirs.mean, theirs.sd, theirs.n, equal_var=False
        )
        assert p_difference(found.value, found.standard_error, degrees) == pytest.approx(summaries.pvalue, abs=1e-9)


def test_against_a_constant_it_is_the_one_sample_test():
    for x, y in random_pairs(200):
        found = difference(Sample.of(x), Sample.constant(y[0]))
        expected = stats.ttest_1samp(x, y[0])
        assert found.degrees == len(x) - 1
        p = p_difference(found.value, found.standard_error, found.degrees)
        assert p == pytest.approx(expected.pvalue, abs=1e-9)
        assert found.interval(0.95) == pytest.approx(
            tuple(np.array(expected.confidence_interval(0.95)) - y[0]), rel=1e-9, abs=1e-9
        )


def test_the_difference_of_two_samples_takes_a_third_of_the_estimated_degrees():
    for x, y in random_pairs(200):
        found = difference(Sample.of(x), Sample.of(y))
        welch = stats.ttest_ind(x, y, equal_var=False).df
        certain = min(len(x), len(y)) - 1
        assert found.degrees == pytest.approx(certain + (welch - certain) / 3, rel=1e-9)
        assert certain - 1e-9 <= found.degrees <= welch + 1e-9


def test_p_values_and_intervals_say_the_same():
    for x, y in random_pairs(300):
        found = difference(Sample.of(x), Sample.of(y))
        margin = 1.0
        low, high = found.interval(0.9)
        inside = p_equivalence(found.value, found.standard_error, found.degrees, margin) <= 0.05
        assert inside == (-margin < low and high < margin)
        low, high = found.interval(0.95)
        assert (p_difference(found.value, found.standard_error, found.degrees) <= 0.05) == (low > 0 or high < 0)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 8, 10, 20, 50, 200])
def test_no_ratio_of_variances_makes_the_test_err_too_often(n):
    worst = welch_error_rate(n, 3, RATIOS, 0.05).max()
    assert worst <= (0.0525 if n == 2 else 0.0505)
    # Not bought with needless caution: somewhere it uses what it may.
    assert worst >= 0.0485
    # A difference to one side; both sides together err twice as often.
    assert welch_error_rate(n, 3, RATIOS, 0.025).max() <= (0.031 if n == 2 else 0.0285)


def test_plain_welch_would_err_too_often():
    worst = {n: welch_error_rate(n, 3, RATIOS, 0.05, welch_degrees).max() for n in (3, 10, 100)}
    assert worst[3] == pytest.approx(0.054, abs=0.0005)
    assert worst[10] == pytest.approx(0.059, abs=0.0005)
    assert worst[100] == pytest.approx(0.062, abs=0.0005)


@pytest.mark.parametrize(("n", "ratio"), [(3, 1.0), (10, 0.3), (30, 2.0)])
def test_the_error_rate_is_that_of_simulated_samples(n, ratio):
    rng = np.random.default_rng(n)
    ours = rng.normal(0, math.sqrt(ratio), (200_000, n))
    theirs = rng.normal(0, 1, (200_000, 3))
    a, b = ours.var(axis=1, ddof=1) / n, theirs.var(axis=1, ddof=1) / 3
    t = (ours.mean(axis=1) - theirs.mean(axis=1)) / np.sqrt(a + b)
    rejected = stats.t.sf(t, cautious_degrees(a, n - 1, b, 2)) <= 0.05
    # Three standard errors of 200,000 draws.
    assert rejected.mean() == pytest.approx(float(welch_error_rate(n, 3, ratio, 0.05)), abs=0.0015)


def test_summaries_of_values():
    sample = Sample.of([1.0, 2.0, 4.0])
    assert (sample.mean, sample.sd, sample.n) == (pytest.approx(7 / 3), pytest.approx(np.std([1, 2, 4], ddof=1)), 3)
    assert Sample.of([94.37333333333333] * 7).sd == 0.0
    assert Sample.of([0.1 + 0.2, 0.3]).sd == 0.0
    assert math.isnan(Sample.of([5.0]).sd)


def test_without_any_spread_a_difference_is_exact():
    found = difference(Sample.of([2.0, 2.0]), Sample(1.5, 0.0, 3))
    assert (found.value, found.is_exact) == (0.5, True)
