"""The least and the most that a MobileNetV3 network can cost, as the rules need them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from pomonag.spaces import search_space
from pomonag.spaces.mobilenetv3 import DEPTHS, EXPANSIONS, KERNELS, STAGE_SLOTS, STAGES, WIDTHS, MobileNetV3Net

__all__ = ["WIDTHS", "NetworkCost", "ceiling", "floor", "head_params"]


@dataclass(frozen=True)
class NetworkCost:
    """Exact counts of one network."""

    params: int
    macs: int


@cache
def floor(width: float, classes: int, resolution: int) -> NetworkCost:
    """The smallest network: every choice raises both costs, so it has the least depth, kernel and expansion."""
    return _cost(width, DEPTHS[0], KERNELS[0], EXPANSIONS[0], classes, resolution)


@cache
def ceiling(width: float, classes: int, resolution: int) -> NetworkCost:
    """The largest network."""
    return _cost(width, DEPTHS[-1], KERNELS[-1], EXPANSIONS[-1], classes, resolution)


@cache
def head_params(width: float) -> int:
    """Params that one more class adds: a weight for each feature, and a bias."""
    return floor(width, 2, 224).params - floor(width, 1, 224).params


def _cost(width: float, depth: int, kernel: int, expansion: int, classes: int, resolution: int) -> NetworkCost:
    active = [place < depth for _ in range(STAGES) for place in range(STAGE_SLOTS)]
    net = MobileNetV3Net(width, tuple(kernel * a for a in active), tuple(expansion * a for a in active))
    costs = search_space("mbv3").cost([net], classes=classes, resolution=resolution)
    return NetworkCost(int(costs.params[0]), int(costs.macs[0]))
