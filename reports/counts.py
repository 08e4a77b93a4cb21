"""Is a median count within a factor of a published one? Bootstrap of the median, held to the sign test.

The bootstrap's distribution of the median is computed exactly, without drawing (B. Efron, "Bootstrap methods: another
look at the jackknife", Ann. Stat. 7, 1979, section 3, and its like for even n). Alone it errs too often at small n:
three values that happen to lie within the factor would always pass, which they do in one case of eight with the
median at its edge. So the sign test has to agree: 5 % need five values, 2.5 % six (W. J. Conover, "Practical
nonparametric statistics", 3.1).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

FEWEST_VALUES = 5
"""With fewer values the sign test cannot reach 5 %."""
_EDGE = 1e-9


def p_not_above(values: Sequence[float], limit: float) -> float:
    """The p of "the median lies above `limit`": small where it is at most `limit`."""
    resampled, weights = bootstrap_of_median(values)
    inside = sum(value <= limit + _EDGE for value in values)
    return max(float(weights[resampled > limit + _EDGE].sum()), _at_least(inside, len(values)))


def p_not_below(values: Sequence[float], limit: float) -> float:
    """The p of "the median lies below `limit`"."""
    return p_not_above([-value for value in values], -limit)


def interval_of_median(values: Sequence[float], level: float) -> tuple[float, float] | None:
    """The wider of the bootstrap's and the sign test's intervals on either side; None for too few values."""
    tail, n, ordered = (1 - level) / 2, len(values), sorted(values)
    ranks = [k for k in range(1, n + 1) if _at_least(n - k + 1, n) <= tail + 1e-12]
    if not ranks:
        return None
    medians, weights = bootstrap_of_median(values)
    below, above = np.cumsum(weights), np.cumsum(weights[::-1])
    low = float(medians[np.searchsorted(below, tail + 1e-12)])
    high = float(medians[::-1][np.searchsorted(above, tail + 1e-12)])
    return min(ordered[ranks[-1] - 1], low), max(ordered[n - ranks[-1]], high)


def bootstrap_of_median(values: Sequence[float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """All medians of resamples in ascending order, with their probabilities."""
    ordered = np.sort(np.asarray(values, dtype=float))
    low, high, weights = _pairs(len(ordered))
    medians = (ordered[low] + ordered[high]) / 2
    order = np.argsort(medians, kind="stable")
    return medians[order], weights[order]


def values_needed(values: Sequence[float], paper: float, ratio: float) -> int | None:
    """The fewest values, more than there are, for 80 % power; None where it cannot be said (no spread, a count of 0).

    Logarithms are taken as normal; the median's standard error is sqrt(pi/2) of the mean's. Two one-sided tests need
    the z of 95 % and of 90 % (S. A. Julious, Stat. Med. 23, 2004, for a ratio near 1), a difference 97.5 % and 80 %.
    """
    now = len(values)
    if now < FEWEST_VALUES + 1:
        return FEWEST_VALUES + 1
    if min(values) <= 0:
        return None
    logarithms = np.log(values)
    error = math.sqrt(math.pi / 2) * float(logarithms.std(ddof=1))
    apart = abs(float(np.median(logarithms)) - math.log(paper))
    z = {p: float(special.ndtri(p)) for p in (0.8, 0.9, 0.95, 0.975)}
    room = math.log(ratio) - apart
    needed = [error * (z[0.95] + z[0.9]) / room] if room > 0 else []
    needed += [error * (z[0.975] + z[0.8]) / apart] if apart > 0 else []
    return max(math.ceil(min(needed) ** 2), now + 1) if needed else None


def _at_least(successes: int, n: int) -> float:
    """The chance of at least so many heads in n tosses."""
    return float(special.bdtrc(successes - 1, n, 0.5)) if successes > 0 else 1.0


@functools.cache
def _pairs(n: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """The two middle order statistics of a resample of n (the same one for odd n), and their joint probability."""
    half, index = n // 2, np.arange(n)
    if n % 2:
        # The middle is at most the k-th value where more than half of the draws are.
        reached = special.bdtrc(half, n, (index + 1) / n)
        return index, index, np.diff(reached, prepend=0.0)
    low, high = np.triu_indices(n)
    # Apart: one half of the draws ends at `low`, the other begins at `high`.
    ends = ((index + 1) / n) ** half - (index / n) ** half
    weights = special.binom(n, half) * ends[low] * ends[::-1][high]
    same = low == high
    # Together: what remains of the chance that the lower middle is this value.
    lower = np.diff(special.bdtrc(half - 1, n, (index + 1) / n), prepend=0.0)
    apart = np.bincount(low[~same], weights[~same], minlength=n)
    weights[same] = lower - apart
    return low, high, weights
