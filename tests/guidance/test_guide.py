"""Directions, names and factors of objectives."""

from __future__ import annotations

import dataclasses

import pytest

from pomonag.errors import UserError
from pomonag.guidance.guide import METRICS, OBJECTIVES, Objective, ScalingFactors, objectives_of


def test_accuracy_climbs_and_every_cost_descends():
    assert {name: objective.direction for name, objective in OBJECTIVES.items()} == {
        "accuracy": 1.0, "params": -1.0, "macs": -1.0, "latency": -1.0,
    }  # fmt: skip
    assert Objective("energy").direction == -1.0


def test_objectives_come_in_the_order_asked_for():
    assert [o.name for o in objectives_of(("latency", "accuracy"))] == ["latency", "accuracy"]
    with pytest.raises(UserError, match="Did you mean 'latency'"):
        objectives_of(("accuracy", "latncy"))


def test_every_cost_has_a_metric_in_results(example_result):
    assert set(METRICS) == {name for name, o in OBJECTIVES.items() if not o.maximise}
    assert set(METRICS.values()) <= set(example_result["architectures"][0])


def test_factors_by_objective():
    k = ScalingFactors(1, 2, 3, 4)
    assert [k.of(name) for name in OBJECTIVES] == [1.0, 2.0, 3.0, 4.0]
    assert (k.spread, k.repulsion) == (1.0, 0.0), "the paper's guidance is the default"
    with pytest.raises(dataclasses.FrozenInstanceError):
        k.accuracy = 5
