import itertools
import statistics

import numpy as np
import pytest
from scipy import stats

from reports.counts import interval_of_median, p_not_above, p_not_below, values_needed


def test_the_sign_test():
    values = [58.0, 60.0, 62.0, 57.0, 59.0, 90.0]
    for limit in (50.0, 58.5, 61.0, 70.0, 95.0):
        inside = sum(value <= limit for value in values)
        expected = stats.binomtest(inside, 6, alternative="greater").pvalue
        assert p_not_above(values, limit) == pytest.approx(expected, abs=1e-12)
        assert p_not_below([-value for value in values], -limit) == pytest.approx(expected, abs=1e-12)
    assert p_not_above(values[:3], 70.0) == 1 / 8
    assert p_not_above(values, 50.0) == 1.0


def test_a_value_at_the_limit_counts_as_inside():
    assert p_not_above([125.0] * 6, 125.0) == pytest.approx(1 / 64)
    assert p_not_below([80.0] * 6, 80.0) == pytest.approx(1 / 64)


@pytest.mark.parametrize("n", [3, 4, 5, 6, 7, 9, 12, 20])
def test_errors_at_the_edge_stay_below_the_level(n):
    """The median of the population lies exactly at the limit: "not above" is to be said in at most 5 % of cases."""
    draws = np.random.default_rng(n).lognormal(0.0, 0.5, (2000, n))
    said = [p_not_above(list(row), 1.0) <= 0.05 for row in draws]
    # 5 % and three standard errors of 2,000 draws.
    assert np.mean(said) <= 0.065
    assert (n >= 5) == any(said)


def test_a_bootstrap_of_three_would_pass_whenever_all_lie_inside():
    every = [statistics.median(sample) for sample in itertools.product([0.9, 0.95, 0.99], repeat=3)]
    assert max(every) < 1.0
    assert p_not_above([0.9, 0.95, 0.99], 1.0) > 0.05


def test_intervals():
    assert interval_of_median([1.0, 2.0, 3.0, 4.0], 0.9) is None
    assert interval_of_median([9.0, 2.0, 3.0, 4.0, 1.0], 0.9) == (1.0, 9.0)
    assert interval_of_median([1.0, 2.0, 3.0, 4.0, 9.0], 0.95) is None
    # Ranks 7 and 15 of 21: P(B(21, 1/2) <= 6) = 0.039, <= 7: 0.095; at 95 % ranks 6 and 16.
    values = [float(v) for v in range(1, 22)]
    assert interval_of_median(values, 0.9) == (7.0, 15.0)
    assert interval_of_median(values, 0.95) == (6.0, 16.0)


def test_intervals_and_p_values_say_the_same():
    rng = np.random.default_rng(1)
    for _ in range(300):
        values = list(rng.lognormal(0, 0.4, rng.integers(5, 15)))
        low, high = interval_of_median(values, 0.9)
        for limit in rng.lognormal(0, 0.3, 3):
            assert (high <= limit) == (p_not_above(values, limit) <= 0.05)
            assert (low >= limit) == (p_not_below(values, limit) <= 0.05)


def test_the_number_of_values_that_decides():
    assert values_needed([100.0, 90.0, 110.0], 100.0, 1.25) == 6
    assert values_needed([0.0, 1.0, 2.0, 1.0, 1.0, 3.0], 1.0, 1.25) > 6
    spread_out = [60.0, 150.0, 90.0, 110.0, 70.0, 140.0, 100.0]
    needed = values_needed(spread_out, 100.0, 1.25)
    sd = float(np.log(spread_out).std(ddof=1))
    draws = 100.0 * np.random.default_rng(0).lognormal(0.0, sd, (500, needed))
    said = [max(p_not_above(list(row), 125.0), p_not_below(list(row), 80.0)) <= 0.05 for row in draws]
    # A large-sample formula: near 80 %.
    assert 0.65 <= np.mean(said) <= 0.95
