"""Pareto Front Stretching: two batches with different scaling factors (POMONAG Sec. 3.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pomonag.errors import unknown_name
from pomonag.guidance.guide import ScalingFactors

PHASES = ("efficient", "accurate")

# POMONAG Sec. 3.4, for labels of z-score/100 and the reference's sampler.
PAPER_FACTORS: Mapping[str, Mapping[str, ScalingFactors]] = MappingProxyType(
    {
        "nb201": {
            "efficient": ScalingFactors(4732, 482, 421, 368),
            "accurate": ScalingFactors(24943, 12, 26, 13),
        },
        "mbv3": {
            "efficient": ScalingFactors(4987, 494, 478, 481),
            "accurate": ScalingFactors(48321, 21, 16, 39),
        },
    }
)
# DiffusionNAG as the paper uses it: one guide, constant.
DIFFUSIONNAG_FACTORS = ScalingFactors(10000, 0, 0, 0)


def factors_of(space: str, phases: Mapping[str, Mapping[str, ScalingFactors]]) -> Mapping[str, ScalingFactors]:
    """The factors of a space's phases."""
    if space not in phases:
        raise unknown_name("space with scaling factors", space, phases)
    return phases[space]


@dataclass(frozen=True)
class Interval:
    """A range that a factor is searched in, evenly in its logarithm."""

    low: float
    high: float


# The paper's intervals (Sec. 3.4), for the reference mode.
PAPER_INTERVALS: Mapping[str, Mapping[str, Interval]] = MappingProxyType(
    {
        "efficient": {"accuracy": Interval(1000, 5000)}
        | {cost: Interval(100, 500) for cost in ("params", "macs", "latency")},
        "accurate": {"accuracy": Interval(10000, 50000)}
        | {cost: Interval(10, 50) for cost in ("params", "macs", "latency")},
    }
)
# Ours, for the fast mode: its labels are scores and z-scores, each sample descends one cost, samples repel each other.
# In `efficient` costs weigh as much as accuracy or more, in `accurate` as much or less, so that each keeps its part.
_SPREADING = {"spread": Interval(1.5, 12), "repulsion": Interval(16, 128)}
FAST_INTERVALS: Mapping[str, Mapping[str, Interval]] = MappingProxyType(
    {
        "efficient": {"accuracy": Interval(5, 20)}
        | {cost: Interval(20, 60) for cost in ("params", "macs", "latency")}
        | _SPREADING,
        "accurate": {"accuracy": Interval(10, 40)}
        | {cost: Interval(1, 10) for cost in ("params", "macs", "latency")}
        | _SPREADING,
    }
)
