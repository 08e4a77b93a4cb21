import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from reports.equivalence import welch_error_rate
from reports.nightly.drift import NIGHTLY_FALSE_ALARMS, degrees, difference, level, p_of_drop, squared_error

VALUES = st.lists(st.floats(-100, 100, allow_nan=False, width=32), min_size=2, max_size=25)


def test_all_cells_together_get_the_nights_false_alarms():
    assert level(105) * 105 == pytest.approx(NIGHTLY_FALSE_ALARMS)


def test_at_equal_spreads_it_is_close_to_welch_and_more_careful():
    rng = np.random.default_rng(0)
    old, new = rng.normal(0, 1, 20), rng.normal(-1, 1, 20)
    found = difference(old, new, higher_is_better=True)
    welch = stats.ttest_ind(new, old, equal_var=False, alternative="less").pvalue
    assert welch < found.p_worse < 3 * welch
    assert found.low < found.value < found.high


@pytest.mark.parametrize(("n", "m"), [(10, 10), (20, 20), (20, 60), (40, 16)])
def test_the_error_in_the_tail_stays_within_the_level_at_any_ratio_of_spreads(n, m):
    ratios = np.logspace(-3, 3, 25)
    rate = welch_error_rate(m, n, ratios, level(105), lambda a, f, b, g: degrees(a, f + 1, b, g + 1))
    assert rate.max() <= 1.005 * level(105)


def test_three_accepted_seeds_get_the_degrees_that_never_err_too_often():
    assert degrees(1.0, 3, 1.0, 18) == 2


def test_direction_decides_what_is_worse():
    old, new = [1.0, 1.1, 0.9, 1.0], [2.0, 2.1, 1.9, 2.0]
    assert difference(old, new, higher_is_better=True).p_better < 0.01
    assert difference(old, new, higher_is_better=False).p_worse < 0.01


def test_without_spread_on_either_side_the_permutation_test_decides_exactly():
    found = difference([100.0] * 20, [99.0] * 20, higher_is_better=True)
    assert found.p_worse == pytest.approx(1 / math.comb(40, 20))
    assert found.p_worse <= level(105)
    assert found.p_better == 1.0
    # Too few seeds cannot be significant, however plain the drop looks.
    assert difference([100.0] * 3, [99.0] * 3, True).p_worse == pytest.approx(1 / 20)
    assert difference([100.0] * 20, [100.0] * 20, True).p_worse == 1.0


def test_one_value_below_twenty_equal_ones_is_no_drift_and_most_of_them_are():
    equal = [100.0] * 20
    assert difference(equal, [100.0] * 19 + [99.6], True).p_worse > 0.05
    assert difference(equal, [100.0] * 5 + [99.6] * 15, True).p_worse <= level(105)


@given(VALUES, VALUES)
def test_p_values_are_probabilities_and_mirror_each_other(old, new):
    up, down = difference(old, new, True), difference(old, new, False)
    assert 0 <= up.p_worse <= 1
    assert (up.p_worse, up.p_better) == (down.p_better, down.p_worse)
    assert up.low <= up.value <= up.high


def test_a_single_value_is_refused():
    with pytest.raises(ValueError, match="needs two of each"):
        difference([1.0], [1.0, 2.0], True)


def test_arrays_are_judged_as_single_cells_are():
    rng = np.random.default_rng(1)
    old, new = rng.normal(size=(5, 20)), rng.normal(-1, 2, size=(5, 20))
    p = p_of_drop(old.mean(1) - new.mean(1), squared_error(old), 20, squared_error(new), 20)
    one_by_one = [difference(list(a), list(b), True).p_worse for a, b in zip(old, new)]
    assert p == pytest.approx(one_by_one, rel=1e-9)
