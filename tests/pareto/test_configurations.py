from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pomonag.errors import UserError
from pomonag.pareto.configurations import configurations
from pomonag.pareto.front import pareto_front

POINTS = st.lists(st.tuples(st.floats(0, 100), st.floats(0.01, 10)), min_size=1, max_size=30)

# Table 5 of the paper, NASBench201: Eff, Bal, Acc as (mean accuracy, params in millions).
TABLE_5 = [(70.25, 0.10), (77.91, 0.43), (81.89, 0.65)]


def test_a_hand_worked_knee():
    accuracy, params = [0.0, 0.8, 0.9, 1.0, 0.5], [0.0, 0.2, 0.6, 1.0, 0.9]
    chosen = configurations(accuracy, params)
    assert (chosen.eff, chosen.bal, chosen.acc) == (0, 1, 3)
    assert chosen.front == (0, 1, 2, 3)
    assert chosen.balanced_rule == "knee"


def test_the_papers_ratio_chooses_eff_on_the_papers_own_front():
    accuracy, params = zip(*TABLE_5)
    assert configurations(accuracy, params, balanced="paper_ratio").bal == 0
    assert configurations(accuracy, params, balanced="knee").bal == 1


@given(POINTS, st.sampled_from(["knee", "paper_ratio"]))
def test_all_three_are_on_the_front(points, rule):
    accuracy, metric = np.array(points).T
    chosen = configurations(accuracy, metric, balanced=rule)
    assert chosen.front == tuple(pareto_front(accuracy, metric))
    assert {chosen.acc, chosen.bal, chosen.eff} <= set(chosen.front)
    assert accuracy[chosen.acc] == accuracy.max()
    assert metric[chosen.eff] == metric.min()
    assert accuracy[chosen.eff] <= accuracy[chosen.bal] <= accuracy[chosen.acc]


@given(POINTS)
def test_the_knee_is_the_farthest_from_the_chord(points):
    accuracy, metric = np.array(points).T
    chosen = configurations(accuracy, metric)
    front = np.array(chosen.front)
    if len(front) < 3:
        return
    a = (accuracy[front] - accuracy[front].min()) / np.ptp(accuracy[front])
    m = (metric[front] - metric[front].min()) / np.ptp(metric[front])
    # Signed distance of a point from the line through the two ends.
    direction = np.array([m[-1] - m[0], a[-1] - a[0]])
    distance = (direction[0] * (a - a[0]) - direction[1] * (m - m[0])) / np.hypot(*direction)
    assert distance[list(front).index(chosen.bal)] == pytest.approx(distance.max())


@given(POINTS, st.integers(-20, 20))
def test_configurations_do_not_depend_on_units(points, exponent):
    accuracy, metric = np.array(points).T
    # A power of two changes no digit, so ties stay ties.
    original, scaled = configurations(accuracy, metric), configurations(accuracy, metric * 2.0**exponent)
    assert (original.acc, original.bal, original.eff) == (scaled.acc, scaled.bal, scaled.eff)


@pytest.mark.parametrize("rule", ["knee", "paper_ratio"])
def test_fronts_of_one_and_two_points(rule):
    one = configurations([50.0, 50.0], [1.0, 2.0], balanced=rule)
    assert (one.acc, one.bal, one.eff, one.front) == (0, 0, 0, (0,))
    two = configurations([50.0, 60.0], [1.0, 2.0], balanced=rule)
    assert (two.acc, two.bal, two.eff) == (1, 0, 0)


def test_what_cannot_be_chosen_from_is_explained():
    with pytest.raises(UserError, match="no architectures"):
        configurations([], [])
    with pytest.raises(UserError, match="Did you mean 'knee'"):
        configurations([1.0], [1.0], balanced="kne")
    with pytest.raises(UserError, match="positive"):
        configurations([1.0], [0.0], balanced="paper_ratio")
    with pytest.raises(UserError, match="nan"):
        configurations([float("nan")], [1.0])
