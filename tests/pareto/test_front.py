from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pomonag.errors import UserError
from pomonag.pareto.front import pareto_front

# Few distinct values, so that ties and duplicates are the rule.
POINTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=40)


def test_a_hand_worked_front():
    accuracy = [70, 90, 80, 85, 90, 60]
    params = [1.0, 5.0, 2.0, 2.0, 6.0, 1.0]
    # 80 loses to 85 at the same params, the second 90 to the cheaper one, 60 to 70.
    assert pareto_front(accuracy, params).tolist() == [0, 3, 1]


@given(POINTS)
def test_members_are_exactly_the_points_that_nothing_beats(points):
    up, down = [p[0] for p in points], [p[1] for p in points]
    beaten = [
        any(a >= up[i] and c <= down[i] and (a > up[i] or c < down[i]) for a, c in points) for i in range(len(points))
    ]
    first_of_equals = [points.index(p) == i for i, p in enumerate(points)]
    expected = {i for i in range(len(points)) if not beaten[i] and first_of_equals[i]}
    assert set(pareto_front(up, down).tolist()) == expected


@given(POINTS)
def test_both_coordinates_rise_along_the_front(points):
    array = np.array(points, dtype=float).reshape(-1, 2)
    front = pareto_front(array[:, 0], array[:, 1])
    assert (np.diff(array[front], axis=0) > 0).all()


@given(POINTS, st.randoms(use_true_random=False))
def test_order_does_not_change_the_values(points, random):
    def values(items):
        front = pareto_front([p[0] for p in items], [p[1] for p in items])
        return [items[i] for i in front]

    shuffled = list(points)
    random.shuffle(shuffled)
    assert values(points) == values(shuffled)


def test_of_equal_points_the_first_is_kept():
    assert pareto_front([5, 5, 5], [1, 1, 1]).tolist() == [0]


def test_no_points_have_no_front():
    assert pareto_front([], []).tolist() == []


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_not_finite_are_refused(value):
    with pytest.raises(UserError, match=f"got {value} as minimise of architecture 1"):
        pareto_front([1.0, 2.0], [1.0, value])


def test_unequal_lengths_are_refused():
    with pytest.raises(UserError, match="one value an architecture"):
        pareto_front([1.0, 2.0], [1.0])
