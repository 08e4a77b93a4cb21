"""Did a cell get worse? Fresh seeds against the accepted ones (architecture.md §7).

The two sets are independent: fresh seeds are others than the accepted ones, so that a change that only takes its
random draws in another order gives another sample of the same distribution. A pairing of equal seeds would not help:
after another order of draws nothing of the pair is shared, and the difference of n pairs has the spread of the
unpaired one with half its degrees of freedom. So both sides must hold enough seeds. Three accepted seeds cannot be made
up for by any number of fresh ones: the accepted mean stays as uncertain as it is. See `power` for how many it takes.

The test is Welch's, one-sided, with the degrees of freedom of `reports.equivalence.cautious_degrees`: for ten or more
seeds a side it errs less often than it may at whatever ratio of variances, also far out in the tail where it is used
(Welch's own estimate would err up to 1.2 times as often). With fewer seeds the certain degrees of the smaller side
serve, which never err too often.

Sides that are all one value (a validity that is 100 % each time) have no spread to compare with. If both have none,
the p is that of the permutation test, which is exact: of all ways to deal the values onto two sides, the one that was
seen is the worst, 1 / (n + m over m). A single fresh value below twenty equal ones is no drift, and must not be: one
invalid architecture among the next 5,120 is what a rate of one in 10,000 gives in two nights of five.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from reports.equivalence import cautious_degrees, quantile
from reports.verdicts import LOWER_IS_BETTER as LOWER_IN_THE_PAPER

NIGHTLY_FALSE_ALARMS = 0.01
"""How often a night without a drift may report one, over all cells."""
DROP = 2.0
"""The drop that must be found, in standard deviations between seeds."""
ENOUGH_FOR_CAUTIOUS_DEGREES = 10
LOWER_IS_BETTER = LOWER_IN_THE_PAPER | {"predictor_calls", "first_reached"}


@dataclass(frozen=True)
class Difference:
    """Fresh minus accepted, in the cell's unit, with its 95 % interval; the p of "no worse" and of "no better"."""

    value: float
    low: float
    high: float
    p_worse: float
    p_better: float
    accepted: int
    fresh: int
    accepted_sd: float


def level(cells: int) -> float:
    """The level of one cell's test, so that all of a night's together err in 1 % of nights at most (Bonferroni).

    It holds however the cells depend on each other: many share a run, or the seeds of one.
    """
    return NIGHTLY_FALSE_ALARMS / max(1, cells)


def degrees(a: Any, n: int, b: Any, m: int) -> Any:
    """Degrees of freedom of the difference of two means with squared standard errors `a`, `b` from n and m values."""
    certain = min(n, m) - 1
    if certain + 1 < ENOUGH_FOR_CAUTIOUS_DEGREES:
        return certain
    # From the shares of the sum, which do not underflow; without any spread no degrees are asked for.
    total = np.asarray(a) + b
    share = np.divide(a, total, out=np.ones_like(total, dtype=float), where=total > 0)
    return cautious_degrees(share, n - 1, 1 - share, m - 1)


def p_of_drop(drop: Any, a: Any, n: int, b: Any, m: int) -> Any:
    """One-sided p of "the fresh mean is not below the accepted one". Arrays of any one shape.

    `drop` is accepted minus fresh mean, `a` and `b` the squared standard errors of n accepted and m fresh values.
    """
    error = np.sqrt(a + b)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = special.stdtr(degrees(a, n, b, m), -np.asarray(drop) / error)
    exact = np.where(np.asarray(drop) > 0, 1.0 / special.comb(n + m, m), 1.0)
    return np.where(error == 0.0, exact, p)


def squared_error(values: Any) -> Any:
    """Squared standard error of the mean over the last axis; exactly 0 where all values are equal."""
    values = np.asarray(values, dtype=float)
    equal = np.ptp(values, axis=-1) <= 1e-12 * np.abs(values).max(axis=-1)
    return np.where(equal, 0.0, values.var(axis=-1, ddof=1) / values.shape[-1])


def difference(accepted: Sequence[float], fresh: Sequence[float], higher_is_better: bool) -> Difference:
    """Fresh against accepted values, at least two of each. Raises ValueError for fewer."""
    n, m = len(accepted), len(fresh)
    if min(n, m) < 2:
        raise ValueError(f"{n} accepted and {m} fresh values; a comparison needs two of each")
    a, b = float(squared_error(accepted)), float(squared_error(fresh))
    value = float(np.mean(fresh) - np.mean(accepted))
    drop = -value if higher_is_better else value
    half = float(quantile(degrees(a, n, b, m), 0.025)) * (a + b) ** 0.5 if a + b > 0 else 0.0
    return Difference(
        value, value - half, value + half,
        float(p_of_drop(drop, a, n, b, m)), float(p_of_drop(-drop, a, n, b, m)),
        n, m, (a * n) ** 0.5,
    )  # fmt: skip
