"""How many more seeds a verdict needs: the chance that n of our seeds decide a cell, given what the paper prints.

The paper's three runs are printed once and for all: no number of our seeds narrows them. So the chance is conditional
on the paper's mean and spread, and only our mean and standard deviation are drawn: the mean is normal, the squared
standard deviation chi-square, integrated numerically. Against a constant this is the exact power of the two
one-sided tests (K. F. Phillips, J. Pharmacokinet. Biopharm. 18, 1990) and of Student's test (noncentral t). As true
values serve the difference and the spread seen so far, so that a plan from three seeds is itself rough.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from reports.equivalence import LEVEL, Sample, cautious_degrees, quantile

POWER = 0.8
MOST_SEEDS = 10_000
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Plan:
    """A comparison to be repeated with more seeds: `margin` and the paper's mean and spread stay as they are."""

    ours: Sample
    theirs: Sample
    margin: float

    @property
    def difference(self) -> float:
        """Ours minus the paper's."""
        return self.ours.mean - self.theirs.mean

    @property
    def their_error(self) -> float:
        """The standard error of the paper's mean, which stays."""
        return self.theirs.sd / self.theirs.n**0.5

    @property
    def reproducible(self) -> bool:
        """Whether endless seeds with this difference would end in REPRODUCED."""
        return abs(self.difference) < self.margin - self.their_reach(LEVEL)

    @property
    def distinguishable(self) -> bool:
        """Whether endless seeds with this difference would leave zero out of the 95 % interval."""
        return abs(self.difference) > self.their_reach(LEVEL / 2)

    def their_reach(self, tail: float) -> float:
        """How far the paper's own mean is uncertain to one side."""
        return float(quantile(self.theirs.n - 1, tail)) * self.their_error if self.their_error else 0.0


def chances(plan: Plan, seeds: ArrayLike) -> tuple[Floats, Floats]:
    """The chance of REPRODUCED, and that of BETTER or WORSE, for each number of seeds in all."""
    n = np.atleast_1d(np.asarray(seeds, dtype=float))
    return _chances(plan, n, _spreads(n))


def seeds_needed(plan: Plan) -> int | None:
    """The fewest seeds, more than there are, that decide the cell with 80 % power; None where no number does."""
    now = int(plan.ours.n)
    if not plan.reproducible and not plan.distinguishable:
        return None
    grid, spreads = _grid()
    reproduced, different = _chances(plan, grid, spreads)
    reached = (reproduced + different >= POWER) & (grid > now)
    if not reached.any():
        return None
    first = int(reached.argmax())
    enough, too_few = int(grid[first]), max(now, int(grid[first - 1]) if first else 1)
    while enough - too_few > 1:
        middle = (enough + too_few) // 2
        reproduced, different = chances(plan, middle)
        if reproduced[0] + different[0] >= POWER:
            enough = middle
        else:
            too_few = middle
    return enough


def _chances(plan: Plan, n: Floats, spreads: Floats) -> tuple[Floats, Floats]:
    # A spread of exactly zero would divide by zero; the chance is then a step, and this is as steep as one.
    sd = max(plan.ours.sd, 1e-9 * plan.their_error)
    squared = (sd * spreads) ** 2 / n[:, None]
    if plan.their_error == 0.0:
        inverse_degrees = 1 / (n[:, None] - 1)
    else:
        inverse_degrees = 1 / cautious_degrees(squared, n[:, None] - 1, plan.their_error**2, plan.theirs.n - 1)
    error = np.sqrt(squared + plan.their_error**2)
    nodes, one_sided, two_sided = _quantiles()
    # REPRODUCED where the mean falls within `inner` of zero, else different where it falls beyond `outer`.
    inner = np.maximum(plan.margin - np.interp(inverse_degrees, nodes, one_sided) * error, 0.0)
    outer = np.maximum(np.interp(inverse_degrees, nodes, two_sided) * error, inner)
    scale = np.sqrt(n[:, None]) / sd
    weights = _gauss_legendre()[1]
    within = [
        special.ndtr((limit - plan.difference) * scale) - special.ndtr((-limit - plan.difference) * scale)
        for limit in (inner, outer)
    ]
    return within[0] @ weights, (1 - within[1]) @ weights


@functools.cache
def _gauss_legendre() -> tuple[Floats, Floats]:
    """Probabilities and weights on [0, 1]; they crowd towards both ends (u -> 3u² - 2u³), where quantiles are steep."""
    nodes, weights = np.polynomial.legendre.leggauss(32)
    u = (nodes + 1) / 2
    return u * u * (3 - 2 * u), weights * 3 * u * (1 - u)


def _spreads(n: Floats) -> Floats:
    """Sample standard deviations of n values with standard deviation 1, at the nodes' probabilities."""
    return np.stack([_spread(number) for number in n.tolist()])


@functools.lru_cache(maxsize=4096)
def _spread(n: float) -> Floats:
    return np.sqrt(special.chdtri(n - 1, 1 - _gauss_legendre()[0]) / (n - 1))


@functools.cache
def _grid() -> tuple[Floats, Floats]:
    """All numbers of seeds up to 12, then steps of 50 %; the spreads at each."""
    n = np.concatenate([np.arange(2.0, 12.0), np.geomspace(12, MOST_SEEDS, 17).round()])
    return n, _spreads(n)


@functools.cache
def _quantiles() -> tuple[Floats, Floats, Floats]:
    """Student's quantiles against the inverse degrees of freedom, for interpolation within 1e-6."""
    inverse = np.linspace(0.0, 1.0, 4097)
    degrees = 1 / np.maximum(inverse, 1e-12)
    return inverse, quantile(degrees, LEVEL), quantile(degrees, LEVEL / 2)
