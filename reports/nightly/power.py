"""How many seeds the declared power needs: 95 % for a drop of two standard deviations, 1 % false alarms a night."""

from __future__ import annotations

import functools

from scipy import special

from reports.equivalence import quantile
from reports.nightly.drift import DROP, degrees, level

POWER = 0.95
MOST_SEEDS = 200


@functools.cache
def power(accepted: int, fresh: int, cells: int, drop: float = DROP) -> float:
    """The chance to find a drop of `drop` standard deviations in one of `cells` cells, for normal values.

    From the noncentral t distribution, with the degrees of freedom at equal spreads.
    """
    if min(accepted, fresh) < 2:
        return 0.0
    a, b = 1.0 / accepted, 1.0 / fresh
    free = float(degrees(a, accepted, b, fresh))
    limit = float(quantile(free, level(cells)))
    return 1.0 - float(special.nctdtr(free, drop / (a + b) ** 0.5, limit))


@functools.cache
def fresh_seeds_needed(accepted: int, cells: int) -> int | None:
    """The fewest fresh seeds that reach the power beside so many accepted ones; None where no number does.

    The power does not always grow with the fresh seeds: the first number that reaches it counts.
    """
    return next((m for m in range(2, MOST_SEEDS + 1) if power(accepted, m, cells) >= POWER), None)


@functools.cache
def balanced_seeds(cells: int) -> int:
    """The fewest seeds that reach the power where as many are accepted as are fresh."""
    return next(n for n in range(2, MOST_SEEDS + 1) if power(n, n, cells) >= POWER)
