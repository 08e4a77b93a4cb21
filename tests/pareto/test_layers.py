from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pomonag.pareto.front import pareto_front
from pomonag.pareto.layers import front_layers

POINTS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30)


def test_hand_worked_layers():
    accuracy = [90, 80, 85, 70]
    costs = {"params": [4, 1, 3, 2], "latency_ms": [4, 3, 2, 1]}
    # First layer: 90, 80, 85 by params; 90, 85, 70 by latency: all four, the most accurate first.
    assert front_layers(accuracy, costs, 3).tolist() == [0, 2, 1]
    assert front_layers(accuracy, {"params": costs["params"]}, 9).tolist() == [0, 2, 1, 3]


@given(POINTS, st.integers(0, 35))
def test_layers_choose_each_point_once_and_the_fronts_first(points, n):
    accuracy, params, latency = np.array(points, dtype=float).T
    chosen = front_layers(accuracy, {"params": params, "latency_ms": latency}, n)
    assert len(chosen) == len(set(chosen.tolist())) == min(n, len(points))
    first = set(pareto_front(accuracy, params)) | set(pareto_front(accuracy, latency))
    if n >= len(first):
        assert first <= set(chosen.tolist())


def test_nothing_to_choose_from():
    assert front_layers([], {"params": []}, 5).tolist() == []
    assert front_layers([1.0], {"params": [1.0]}, 0).tolist() == []
