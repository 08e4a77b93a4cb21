"""The paper's factors and the intervals that factors are searched in."""

from __future__ import annotations

import pytest

from pomonag.errors import UserError
from pomonag.guidance.guide import OBJECTIVES, ScalingFactors
from pomonag.guidance.stretching import (
    DIFFUSIONNAG_FACTORS,
    FAST_INTERVALS,
    PAPER_FACTORS,
    PAPER_INTERVALS,
    PHASES,
    factors_of,
)


def test_the_printed_factors():
    printed = factors_of("nb201", PAPER_FACTORS)
    assert tuple(printed) == PHASES
    assert printed["efficient"] == ScalingFactors(4732, 482, 421, 368)
    assert printed["accurate"] == ScalingFactors(24943, 12, 26, 13)
    assert ScalingFactors(10000, 0, 0, 0) == DIFFUSIONNAG_FACTORS


@pytest.mark.parametrize("space", PAPER_FACTORS)
def test_the_printed_factors_lie_in_the_printed_intervals(space):
    for phase, factors in factors_of(space, PAPER_FACTORS).items():
        assert all(i.low <= factors.of(name) <= i.high for name, i in PAPER_INTERVALS[phase].items())


@pytest.mark.parametrize("intervals", [PAPER_INTERVALS, FAST_INTERVALS])
def test_all_four_factors_of_both_phases_are_searched(intervals):
    assert set(intervals) == set(PHASES)
    for phase in PHASES:
        assert set(intervals[phase]) - {"spread", "repulsion"} == set(OBJECTIVES)
        assert all(0 < i.low < i.high for i in intervals[phase].values())
    # What sets the phases apart.
    for cost in ("params", "macs", "latency"):
        assert intervals["efficient"][cost].high > intervals["accurate"][cost].high
    assert intervals["efficient"]["accuracy"].high < intervals["accurate"]["accuracy"].high
    assert set(PAPER_INTERVALS["efficient"]) == set(PAPER_INTERVALS["accurate"]) == set(OBJECTIVES)


def test_factors_by_space():
    with pytest.raises(UserError, match="Did you mean 'nb201'"):
        factors_of("nb2O1", PAPER_FACTORS)
