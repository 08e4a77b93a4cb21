"""Is a median count within a factor of a published one? By the sign test, which needs no distribution.

A bootstrap of the median would be the usual way, but it errs too often on a few runs: at the edge of the factor three
values pass in one case of eight (whenever all three happen to lie inside), nine values in 9 %. The sign test
(W. J. Conover, "Practical nonparametric statistics", 3.1 and 3.2) keeps its level for every n; it asks for five values
at 5 % and six at 2.5 %, and never says what the bootstrap would not say.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import special

FEWEST_VALUES = 6
"""With fewer values the sign test cannot tell a difference at 2.5 % to one side."""
_EDGE = 1e-9


def p_not_above(values: Sequence[float], limit: float) -> float:
    """The p of "the median lies above `limit`": small where it is at most `limit`."""
    return _at_least(sum(value <= limit + _EDGE for value in values), len(values))


def p_not_below(values: Sequence[float], limit: float) -> float:
    """The p of "the median lies below `limit`"."""
    return _at_least(sum(value >= limit - _EDGE for value in values), len(values))


def interval_of_median(values: Sequence[float], level: float) -> tuple[float, float] | None:
    """From one value to another, as many places from either end as the sign test allows; None for too few values."""
    n, tail = len(values), (1 - level) / 2
    places = [k for k in range((n + 1) // 2) if _at_least(n - k, n) <= tail + 1e-12]
    if not places:
        return None
    ordered = sorted(values)
    return ordered[places[-1]], ordered[n - 1 - places[-1]]


def values_needed(values: Sequence[float], paper: float, ratio: float) -> int:
    """The fewest values, more than there are, for 80 % power.

    Logarithms (of 0 that of a half) are taken as normal; the median's standard error is sqrt(pi/2) of the mean's. Two
    one-sided tests need the z of 95 % and of 90 % (S. A. Julious, Stat. Med. 23, 2004, for a ratio near 1), a
    difference those of 97.5 % and 80 %.
    """
    now = len(values)
    if now < FEWEST_VALUES:
        return FEWEST_VALUES
    logarithms = np.log(np.maximum(values, 0.5))
    error = math.sqrt(math.pi / 2) * float(logarithms.std(ddof=1))
    apart = abs(float(np.median(logarithms)) - math.log(paper))
    z = {p: float(special.ndtri(p)) for p in (0.8, 0.9, 0.95, 0.975)}
    room = math.log(ratio) - apart
    needed = [error * (z[0.95] + z[0.9]) / room] if room > 0 else []
    needed += [error * (z[0.975] + z[0.8]) / apart] if apart > 0 else []
    return max(math.ceil(min(needed) ** 2), now + 1)


def _at_least(successes: int, n: int) -> float:
    """The chance of at least so many heads in n tosses."""
    return float(special.bdtrc(successes - 1, n, 0.5)) if successes > 0 else 1.0
