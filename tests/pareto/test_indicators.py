from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pomonag.errors import UserError
from pomonag.pareto.indicators import front_extent, igd_plus, normalised_hypervolume, normalised_hypervolume_of

SPACE = {"median_accuracy": 80.0, "best_accuracy": 90.0, "min_cost": 1.0, "max_cost": 5.0}
POINTS = st.lists(st.tuples(st.floats(60, 90), st.floats(1, 5)), min_size=1, max_size=20)


def test_hand_worked_areas():
    assert normalised_hypervolume([90.0], [1.0], **SPACE) == 1.0
    # One point, a quarter of the costs down from the largest and half of the gain: 0.5 x 0.25.
    assert normalised_hypervolume([85.0], [4.0], **SPACE) == pytest.approx(0.125)
    # Two steps: 0.5 wide x 0.5 high and then 0.25 wide x 0.25 more.
    assert normalised_hypervolume([85.0, 87.5], [3.0, 4.0], **SPACE) == pytest.approx(0.25 + 0.0625)


def test_points_at_or_below_the_reference_count_nothing():
    assert normalised_hypervolume([80.0, 95.0, 20.0], [1.0, 5.0, 1.0], **SPACE) == 0.0
    assert normalised_hypervolume([], [], **SPACE) == 0.0


@given(POINTS, st.tuples(st.floats(60, 90), st.floats(1, 5)))
def test_adding_a_point_never_lowers_it(points, extra):
    accuracy, cost = np.array(points).T
    before = normalised_hypervolume(accuracy, cost, **SPACE)
    after = normalised_hypervolume([*accuracy, extra[0]], [*cost, extra[1]], **SPACE)
    assert 0.0 <= before <= after + 1e-12 <= 1.0 + 1e-9


@given(POINTS)
def test_it_is_the_area_under_the_staircase(points):
    accuracy, cost = np.array(points).T
    grid = np.unique(np.append(cost, SPACE["max_cost"]))
    best = [max(0.0, accuracy[cost <= c].max() - 80.0) / 10.0 for c in grid[:-1]]
    area = float(np.sum(best * np.diff(grid) / 4.0))
    assert normalised_hypervolume(accuracy, cost, **SPACE) == pytest.approx(area, abs=1e-9)


def test_more_costs_at_once():
    ranges = {"params": (0.0, 1.0), "macs": (0.0, 10.0), "latency_ms": (0.0, 2.0)}
    value = normalised_hypervolume_of(
        [85.0],
        {"params": [0.5], "macs": [5.0], "latency_ms": [0.5]},
        median_accuracy=80.0,
        best_accuracy=90.0,
        cost_ranges=ranges,
    )
    assert value == pytest.approx(0.5 * 0.5 * 0.5 * 0.75)


@pytest.mark.parametrize("change", [{"best_accuracy": 80.0}, {"max_cost": 1.0}])
def test_ranges_without_extent_are_refused(change):
    with pytest.raises(UserError):
        normalised_hypervolume([85.0], [2.0], **(SPACE | change))


def test_igd_plus_is_zero_for_a_set_that_covers_the_reference():
    reference = [80.0, 85.0, 90.0], [1.0, 2.0, 4.0]
    assert igd_plus(*reference, *reference) == 0.0
    assert igd_plus([91.0], [0.5], *reference) == 0.0
    # Only the middle point: it falls short of the best by half the accuracies, of the cheapest by a third of the costs.
    assert igd_plus([85.0], [2.0], *reference) == pytest.approx((1 / 3 + 0.0 + 0.5) / 3)
    assert igd_plus([85.0], [2.0], [85.0], [2.0]) == 0.0


def test_igd_plus_needs_points():
    with pytest.raises(UserError, match="at least one"):
        igd_plus([], [], [1.0], [1.0])


def test_extent():
    assert front_extent([81.0, 86.0, 70.0], [1.0, 3.0, 4.0], **SPACE) == (pytest.approx(0.5), pytest.approx(0.5))
    assert front_extent([86.0], [3.0], **SPACE) == (0.0, 0.0)
    assert front_extent([], [], **SPACE) == (0.0, 0.0)
