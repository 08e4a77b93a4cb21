"""Quantiles behind 95 % intervals of a mean, and what a half-width says about the spread."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import sqrt
from statistics import NormalDist, stdev

from scipy.stats import t

Z = NormalDist().inv_cdf(0.975)


@cache
def t_quantile(n: int) -> float:
    """The 97.5 % quantile of Student's t for the mean of n values."""
    return float(t.ppf(0.975, n - 1))


def spread_of(half_width: float, n: int) -> float:
    """The standard deviation of n values whose mean has this 95 % half-width by Student's t."""
    return half_width * sqrt(n) / t_quantile(n)


def half_width(values: Sequence[float]) -> float:
    """The 95 % half-width of the mean of values by Student's t."""
    return t_quantile(len(values)) * stdev(values) / sqrt(len(values))


def proportion_error(percent: float, n: int) -> float:
    """The standard error, in points, of a share of `percent` counted on n samples."""
    return sqrt(percent * (100 - percent) / n)
