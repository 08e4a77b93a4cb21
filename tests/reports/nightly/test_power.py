import numpy as np
import pytest

from reports.nightly.drift import level, p_of_drop, squared_error
from reports.nightly.power import POWER, balanced_seeds, fresh_seeds_needed, power


@pytest.mark.parametrize("cells", [1, 105, 400])
def test_the_fewest_seeds_that_reach_the_power(cells):
    n = balanced_seeds(cells)
    assert power(n, n, cells) >= POWER > power(n - 1, n - 1, cells)
    m = fresh_seeds_needed(n, cells)
    assert m <= n
    assert power(n, m - 1, cells) < POWER


def test_more_cells_need_more_seeds_and_three_accepted_ones_never_suffice():
    assert balanced_seeds(1) < balanced_seeds(105) < balanced_seeds(1000)
    assert fresh_seeds_needed(3, 105) is None
    assert fresh_seeds_needed(30, 105) < fresh_seeds_needed(20, 105)
    assert power(20, 1, 105) == 0.0


def test_the_computed_power_is_the_simulated_one():
    rng, n, m, nights = np.random.default_rng(0), 20, 20, 20_000
    old, new = rng.normal(size=(nights, n)), rng.normal(-2, 1, size=(nights, m))
    p = p_of_drop(old.mean(1) - new.mean(1), squared_error(old), n, squared_error(new), m)
    assert np.mean(p <= level(105)) == pytest.approx(power(n, m, 105), abs=0.006)
