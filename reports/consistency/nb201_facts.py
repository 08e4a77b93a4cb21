"""What the rules ask of NAS-Bench-201: exact costs of all cells, kept once computed, and what follows from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import product
from math import sqrt
from typing import cast

import numpy as np

from pomonag.spaces import EnumerableSpace, SearchSpace, search_space
from reports.consistency.quantiles import t_quantile


@cache
def distinct_costs(classes: int, resolution: int) -> np.ndarray:
    """The different (params, macs) of the space, int64 [n, 2] in the order of params."""
    costs = _space().cost(_enumerable().enumerate(), classes=classes, resolution=resolution)
    # One number a pair sorts many times faster than rows do; MACs have fewer than 32 bits.
    pairs = np.unique((costs.params << 32) | costs.macs)
    return np.stack([pairs >> 32, pairs & (2**32 - 1)], axis=1)


@cache
def class_sizes() -> tuple[int, ...]:
    """How many cells each class of isomorphic cells has."""
    return tuple(Counter(map(_space().equivalence_key, _enumerable().enumerate())).values())


@cache
def cells_with_a_convolution() -> int:
    """How many cells hold a convolution: those with more params than the cheapest, since nothing else has any."""
    params = _space().cost(_enumerable().enumerate(), classes=10, resolution=32).params
    return int((params > params.min()).sum())


def size() -> int:
    """How many cells there are."""
    return _enumerable().size


def mean_macs_range(
    low_params: float, high_params: float, classes: Sequence[int], resolution: int
) -> tuple[float, float]:
    """Least and greatest mean MACs of any set of networks whose mean params lie in [low_params, high_params].

    Means of networks are convex combinations of single ones, so the extremes lie on segments between two of them; the
    costs are affine in the number of classes, so the outermost of `classes` suffice. Both nan if there is no such set.
    """
    outermost = {min(classes), max(classes)}
    points = np.concatenate([distinct_costs(k, resolution) for k in sorted(outermost)]).astype(float)
    found = [macs for target in (low_params, high_params) for macs in _on_segments(points, target)]
    inside = points[(points[:, 0] >= low_params) & (points[:, 0] <= high_params), 1]
    found.extend(inside.tolist())
    return (min(found), max(found)) if found else (np.nan, np.nan)


def _on_segments(points: np.ndarray, target: float) -> list[float]:
    """The MACs of all segments between two points where their params equal the target."""
    left, right = points[points[:, 0] <= target], points[points[:, 0] >= target]
    if not len(left) or not len(right):
        return []
    spread = right[None, :, 0] - left[:, None, 0]
    share = np.divide(target - left[:, None, 0], spread, out=np.zeros_like(spread), where=spread > 0)
    return (left[:, None, 1] + share * (right[None, :, 1] - left[:, None, 1])).ravel().tolist()


def least_half_width(classes: Sequence[int], low_mean: float, high_mean: float) -> float:
    """The least 95 % half-width of params when each data set gets one cell and the mean lies in [low_mean, high_mean].

    `classes` has one entry a data set. Exact: params are affine in the numbers of 1x1 and 3x3 convolutions, so the sum
    over data sets depends on the totals of both alone, and the least sum of squares for each pair of totals is found by
    going through the data sets one by one. Infinite if no choice of cells has such a mean.
    """
    offsets = [int(distinct_costs(k, 32)[0, 0]) for k in classes]
    per_1x1, per_3x3 = _params_of_a_convolution()
    pairs = [(n1, n3) for n1, n3 in product(range(7), repeat=2) if n1 + n3 <= 6]
    most = 6 * len(offsets)
    squares = np.full((most + 1, most + 1), np.inf)
    squares[0, 0] = 0.0
    for offset in offsets:
        after = np.full_like(squares, np.inf)
        for n1, n3 in pairs:
            params = offset + per_1x1 * n1 + per_3x3 * n3
            reached = squares[: most + 1 - n1, : most + 1 - n3] + float(params) ** 2
            np.minimum(after[n1:, n3:], reached, out=after[n1:, n3:])
        squares = after
    totals = np.arange(most + 1)
    n = len(offsets)
    means = (sum(offsets) + per_1x1 * totals[:, None] + per_3x3 * totals[None, :]) / n
    allowed = (means >= low_mean) & (means <= high_mean) & np.isfinite(squares)
    if not allowed.any():
        return np.inf
    variance = ((squares - n * means**2)[allowed] / (n - 1)).clip(min=0.0).min()
    return t_quantile(n) * sqrt(variance / n)


def _params_of_a_convolution() -> tuple[int, int]:
    """What one 1x1 and one 3x3 convolution in the cell add, as differences of exact costs."""
    space = _space()
    empty = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
    cells = [space.parse(empty.replace("none~0", f"{op}~0", 1)) for op in ("none", "nor_conv_1x1", "nor_conv_3x3")]
    none, one, three = space.cost(cells, classes=10, resolution=32).params.tolist()
    return one - none, three - none


def _space() -> SearchSpace:
    return search_space("nb201")


def _enumerable() -> EnumerableSpace:
    return cast(EnumerableSpace, _space())
