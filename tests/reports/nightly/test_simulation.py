import io

import numpy as np
import pytest
from rich.console import Console

from reports.nightly.baseline import read_baseline
from reports.nightly.drift import NIGHTLY_FALSE_ALARMS
from reports.nightly.power import POWER, balanced_seeds
from reports.nightly.power_table import populations_of, print_power
from reports.nightly.simulation import Population, normal_population, simulate


def test_the_shipped_baseline_has_the_declared_power_and_false_alarms():
    console = Console(width=120, record=True, file=io.StringIO())
    for result in print_power(console, read_baseline(), nights=1000, seed=0).values():
        assert result.mean_caught >= POWER
        assert result.false_alarms <= NIGHTLY_FALSE_ALARMS * result.nights
        assert result.constant_caught in (None, 1.0)
    text = console.export_text()
    assert f"{len(result.cells)} cells are watched" in text
    assert f"It takes {balanced_seeds(len(result.cells))} accepted and as many fresh seeds" in text


def test_the_baseline_holds_the_seeds_that_its_cells_need():
    populations = populations_of(read_baseline())
    cells = sum(len(p.cells) for p in populations)
    assert min(len(p.values) for p in populations) >= balanced_seeds(cells)


def test_too_few_seeds_miss_the_drop_and_keep_quiet():
    few = simulate(normal_population(50), accepted=3, fresh=20, nights=200)
    assert few.mean_caught < 0.05
    assert few.false_alarms <= 4


def test_cells_of_a_run_are_drawn_together():
    values = np.arange(20.0)
    twice = simulate([Population(("a", "b"), np.stack([values, values], axis=1))], 20, 20, nights=300)
    assert twice.caught[0] == twice.caught[1]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_cell_without_spread_never_alarms_and_never_misses(seed):
    result = simulate([Population(("v",), np.full((20, 1), 100.0))], 20, 20, nights=100, seed=seed)
    assert (result.false_alarms, result.constant_caught) == (0, 1.0)
