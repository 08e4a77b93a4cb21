import pytest
from scipy import stats

from reports.consistency.quantiles import Z, half_width, proportion_error, spread_of, t_quantile


def test_known_quantiles():
    assert t_quantile(3) == pytest.approx(4.3027, abs=5e-5)
    assert t_quantile(15) == pytest.approx(2.1448, abs=5e-5)
    assert pytest.approx(1.95996, abs=5e-6) == Z


def test_the_half_width_is_that_of_scipy_and_gives_the_spread_back():
    values = [94.1, 94.5, 93.8]
    low, high = stats.t.interval(0.95, 2, loc=0, scale=stats.sem(values))
    assert half_width(values) == pytest.approx((high - low) / 2, rel=1e-12)
    assert spread_of(half_width(values), 3) == pytest.approx(stats.tstd(values), rel=1e-12)


def test_standard_error_of_a_share():
    assert proportion_error(75.0, 200) == pytest.approx(3.062, abs=5e-4)
    assert proportion_error(100.0, 10) == 0.0
