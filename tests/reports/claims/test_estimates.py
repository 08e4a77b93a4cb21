import doctest
import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from reports.claims import estimates
from reports.claims.estimates import Estimate, Measured, average, difference_of_shares, mean_of


def estimate(values, label="x"):
    return Estimate.of(mean_of(values, label))


def test_the_documented_examples():
    assert doctest.testmod(estimates).failed == 0


def test_differences_have_the_interval_and_the_p_values_of_welch():
    rng = np.random.default_rng(0)
    for _ in range(200):
        a, b = (rng.normal(rng.normal(), rng.uniform(0.1, 3), rng.integers(2, 16)) for _ in range(2))
        difference = estimate(a, "a").plus(estimate(b, "b"), -1.0)
        welch = CompareMeans(DescrStatsW(a), DescrStatsW(b)).tconfint_diff(usevar="unequal")
        assert difference.interval == pytest.approx(welch, abs=1e-9)
        p = stats.ttest_ind(a, b, equal_var=False, alternative="greater").pvalue
        assert difference.chance_below(0.0) == pytest.approx(p, abs=1e-9)


def test_sums_of_several_means():
    """Four means: the variance is the sum, the degrees of freedom are Satterthwaite's, by hand."""
    means = [Measured(str(i), value, error, n) for i, (value, error, n) in enumerate([(5, 1, 3), (3, 2, 4), (2, 2, 5)])]
    total = Estimate.of(means[0]).plus(Estimate.of(means[1]), -1.0).plus(Estimate.of(means[2]), 2.0)
    assert total.value == 6.0
    assert total.standard_error == pytest.approx(math.sqrt(1 + 4 + 16))
    assert total.degrees_of_freedom == pytest.approx(21**2 / (1 / 2 + 16 / 3 + 256 / 4))


def test_a_mean_that_stands_twice_is_one_mean():
    a = estimate([1.0, 2.0, 4.0])
    nothing = a.plus(a, -1.0)
    assert nothing.value == 0.0
    assert nothing.exact
    assert a.over(a).exact
    assert a.plus(a).standard_error == pytest.approx(2 * a.standard_error)


def test_products_and_quotients_are_linearised():
    a, b = Measured("a", 10.0, 0.5, 3), Measured("b", 4.0, 0.2, 3)
    quotient, product = Estimate.of(a).over(Estimate.of(b)), Estimate.of(a).times(Estimate.of(b))
    assert quotient.value == 2.5
    assert quotient.standard_error == pytest.approx(2.5 * math.hypot(0.5 / 10, 0.2 / 4))
    assert product.standard_error == pytest.approx(40 * math.hypot(0.5 / 10, 0.2 / 4))
    with pytest.raises(ZeroDivisionError):
        Estimate.of(a).over(Estimate(0.0))


def test_what_is_not_known_is_named():
    a, b = Estimate.of(Measured("a", 1.0)), Estimate.of(Measured("b", 2.0, 0.0, 3))
    difference = a.plus(b, -1.0)
    assert difference.exact
    assert difference.interval is None
    assert difference.without_interval == ("a",)
    assert not difference.of_single_runs
    assert Estimate.of(mean_of([3.0], "one")).of_single_runs


def test_equal_values_have_no_spread_at_all():
    assert 0.1 + 0.1 + 0.1 != 0.3
    same = mean_of([0.1, 0.1, 0.1], "same")
    assert (same.value, same.standard_error) == (0.1, 0.0)
    assert Estimate.of(same).exact


def test_rounding_adds_up_over_an_expression():
    a, b = Measured("a", 1.0, step=0.001), Measured("b", 2.0, step=0.002)
    assert Estimate.of(a).plus(Estimate.of(b), -2.0).rounding == pytest.approx(0.0005 + 0.002)


def test_averages():
    a, b = Measured("a", 1.0, 0.3, 3), Measured("b", 3.0, 0.4, 3)
    mean = average([Estimate.of(a), Estimate.of(b)])
    assert (mean.value, mean.standard_error) == (2.0, pytest.approx(0.25))


@pytest.mark.parametrize(("ours", "theirs"), [((768, 768), (760, 768)), ((3, 20), (12, 25)), ((0, 5), (5, 5))])
def test_the_interval_of_two_shares_is_newcombes(ours, theirs):
    expected = confint_proportions_2indep(*ours, *theirs, method="newcomb", compare="diff")
    assert difference_of_shares(ours, theirs) == pytest.approx([100 * e for e in expected], abs=1e-9)


def test_nothing_overflows():
    large = Measured("a", 1e200, 1e200, 3)
    assert Estimate.of(large).degrees_of_freedom == pytest.approx(2)
    assert math.isinf(Estimate.of(large).times(Estimate.of(large)).value)
    assert math.isinf(Estimate.of(large).times(Estimate.of(large)).degrees_of_freedom)
