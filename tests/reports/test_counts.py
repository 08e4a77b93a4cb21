import itertools
import statistics

import numpy as np
import pytest
from scipy import stats

from reports.counts import bootstrap_of_median, interval_of_median, p_not_above, p_not_below, values_needed


@pytest.mark.parametrize("values", [[3.0, 9.0], [1.0, 5.0, 2.0], [4.0, 1.0, 7.0, 7.0], [8.0, 3.0, 5.0, 1.0, 13.0]])
def test_the_bootstrap_is_that_of_all_resamples(values):
    every = [statistics.median(sample) for sample in itertools.product(values, repeat=len(values))]
    medians, weights = bootstrap_of_median(values)
    assert weights.sum() == pytest.approx(1.0)
    assert list(medians) == sorted(medians)
    for limit in (*values, 4.5, 6.0):
        assert weights[medians <= limit].sum() == pytest.approx(np.mean(np.array(every) <= limit))


def test_the_sign_test_has_the_last_word():
    values = [58.0, 60.0, 62.0, 57.0, 59.0]
    # Every resample's median is below 70; of five values the sign test cannot say more than 1/32.
    assert p_not_above(values, 70.0) == pytest.approx(stats.binomtest(5, 5, alternative="greater").pvalue)
    assert p_not_below(values, 50.0) == pytest.approx(1 / 32)
    assert p_not_above(values[:3], 70.0) == pytest.approx(1 / 8)
    assert p_not_above(values, 50.0) == 1.0


def test_a_value_at_the_limit_counts_as_inside():
    assert p_not_above([125.0] * 6, 125.0) == pytest.approx(1 / 64)
    assert p_not_below([80.0] * 6, 80.0) == pytest.approx(1 / 64)


@pytest.mark.parametrize("n", [3, 4, 5, 6, 7, 9, 12, 20])
def test_errors_at_the_edge_stay_below_the_level(n):
    """The median of the population lies exactly at the limit, so that "not above" is never to be said more than 5 %."""
    rng = np.random.default_rng(n)
    draws = rng.lognormal(0.0, 0.5, (2000, n))
    said = [p_not_above(list(row), 1.0) <= 0.05 for row in draws]
    # 5 % and three standard errors of 2,000 draws.
    assert np.mean(said) <= 0.065
    assert (n >= 5) == any(said)


def test_intervals():
    assert interval_of_median([1.0, 2.0, 3.0, 4.0], 0.9) is None
    assert interval_of_median([1.0, 2.0, 3.0, 4.0, 9.0], 0.9) == (1.0, 9.0)
    assert interval_of_median([1.0, 2.0, 3.0, 4.0, 9.0], 0.95) is None
    values = [float(v) for v in range(1, 22)]
    low, high = interval_of_median(values, 0.9)
    # Ranks 7 and 15 of 21: P(B(21, 1/2) <= 6) = 0.039.
    assert low <= 7.0
    assert high >= 15.0
    assert interval_of_median(values, 0.95)[0] <= low


def test_intervals_and_p_values_say_the_same():
    rng = np.random.default_rng(1)
    for _ in range(200):
        values = list(rng.lognormal(0, 0.4, rng.integers(5, 15)))
        low, high = interval_of_median(values, 0.9)
        for limit in rng.lognormal(0, 0.3, 3):
            if low > limit or high < limit:
                assert min(p_not_above(values, limit), p_not_below(values, limit)) <= 0.05 + 1e-9


def test_the_number_of_values_that_decides():
    assert values_needed([100.0, 90.0, 110.0], 100.0, 1.25) == 6
    assert values_needed([0.0, 1.0, 2.0, 1.0, 1.0, 3.0], 1.0, 1.25) is None
    spread_out = [60.0, 150.0, 90.0, 110.0, 70.0, 140.0, 100.0]
    needed = values_needed(spread_out, 100.0, 1.25)
    rng = np.random.default_rng(0)
    sd = float(np.log(spread_out).std(ddof=1))
    said = []
    for _ in range(500):
        values = list(100.0 * rng.lognormal(0.0, sd, needed))
        said.append(max(p_not_above(values, 125.0), p_not_below(values, 80.0)) <= 0.05)
    # A large-sample formula: near 80 %.
    assert 0.65 <= np.mean(said) <= 0.95
