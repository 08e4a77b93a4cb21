"""Simulated nights: how often the guard cries wolf, and how often it sees the wolf.

A night without a drift is the worst benign one: draws in another order, so that every cell changes and is tested. In
the same night each cell in turn gets a drop of two standard deviations instead; the others stay as they are. Accepted
values are drawn anew each night too, otherwise one lucky or unlucky baseline would stand for all.

Values come from populations of two kinds. `normal`: independent normal cells. `as measured`: the cells' own accepted
values, each seed equally likely, the cells of a run drawn together; steps of 1/256, two-valued cells and cells without
any spread are in it as they are. A cell without a spread has no two standard deviations to drop by: it drops by a
millionth of its value each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from reports.nightly.drift import DROP, level, p_of_drop, squared_error

Floats = NDArray[np.float64]
_CHUNK = 100


@dataclass(frozen=True)
class Population:
    """The values that the cells of one run take: [seeds, cells]; nights draw rows of it."""

    cells: tuple[str, ...]
    values: Floats


@dataclass(frozen=True)
class Simulated:
    """What became of the nights. `caught` is the share of nights in which each cell's drop was found: [cells].

    `spread` says which cells have one: only there are two standard deviations a drop.
    """

    nights: int
    false_alarms: int
    cells: tuple[str, ...]
    caught: Floats
    spread: NDArray[np.bool_]

    @property
    def mean_caught(self) -> float:
        """The chance that a drop of two standard deviations is found, in a cell with a spread taken at random."""
        return float(self.caught[self.spread].mean())

    @property
    def worst(self) -> tuple[str, float]:
        """The cell whose drop is found least often."""
        i = int(self.caught.argmin())
        return self.cells[i], float(self.caught[i])

    @property
    def constant_caught(self) -> float | None:
        """The same for the smallest drop of cells without a spread; None where there are none."""
        return None if self.spread.all() else float(self.caught[~self.spread].mean())


def normal_population(cells: int) -> list[Population]:
    """Independent normal cells: quantiles of the normal distribution, dense enough to stand for it."""
    n = 20_000
    values = special.ndtri((np.arange(n) + 0.5) / n)[:, None]
    return [Population((f"normal-{i}",), values / values.std()) for i in range(cells)]


def simulate(
    populations: Sequence[Population], accepted: int, fresh: int, nights: int = 1000, seed: int = 0
) -> Simulated:
    """Nights with so many accepted and fresh seeds. Drops are downwards: a direction makes no difference here."""
    generator = np.random.default_rng(seed)
    total = sum(len(population.cells) for population in populations)
    limit = level(total)
    alarms = np.zeros(nights, dtype=bool)
    caught, spread = [], []
    for population in populations:
        varies = np.ptp(population.values, axis=0) > 0
        drop = np.where(varies, DROP * population.values.std(axis=0), 1e-6 * np.abs(population.values[0]) + 1e-9)
        found = np.zeros(len(population.cells))
        for start in range(0, nights, _CHUNK):
            some = slice(start, min(nights, start + _CHUNK))
            old, new = (_draw(population.values, some.stop - start, n, generator) for n in (accepted, fresh))
            a, b = squared_error(old), squared_error(new)
            change = old.mean(axis=-1) - new.mean(axis=-1)
            # What differs by the rounding of sums only is no difference.
            change = np.where(np.abs(change) <= 1e-12 * np.abs(old).max(axis=-1), 0.0, change)
            alarms[some] |= (p_of_drop(change, a, accepted, b, fresh) <= limit).any(axis=1)
            found += (p_of_drop(change + drop, a, accepted, b, fresh) <= limit).sum(axis=0)
        caught.append(found / nights)
        spread.append(varies)
    names = tuple(name for population in populations for name in population.cells)
    return Simulated(nights, int(alarms.sum()), names, np.concatenate(caught), np.concatenate(spread))


def _draw(values: Floats, nights: int, seeds: int, generator: np.random.Generator) -> Floats:
    """[nights, cells, seeds]: the cells of a run come from the same seeds."""
    rows = generator.integers(len(values), size=(nights, seeds))
    return np.moveaxis(values[rows], -1, 1)
