from __future__ import annotations

import dataclasses

import pytest

from pomonag import search_space
from pomonag.evaluation.evaluator import CountingEvaluator, Evaluation
from pomonag.spaces.encoding import generator_of


class RisingEvaluator:
    """Answers each call with a higher accuracy, so that a repeated call would show."""

    def __init__(self):
        self.calls = 0

    def evaluate(self, architecture, task, seed):
        self.calls += 1
        return Evaluation(float(self.calls), None, 1, 2, None, 0.0, {"evaluator": "rising"})


@dataclasses.dataclass(frozen=True)
class NamedTask:
    name: str


def test_repeats_are_answered_from_memory_and_not_counted():
    a, b = search_space("nb201").sample(2, generator_of(0))
    inner = RisingEvaluator()
    counting = CountingEvaluator(inner)
    first = counting.evaluate(a, "cifar10", 0)
    assert counting.evaluate(a, "cifar10", 0) is first
    assert counting.evaluate(a, NamedTask("cifar10"), 0) is first
    counting.evaluate(a, "cifar10", 1)
    counting.evaluate(a, "cifar100", 0)
    counting.evaluate(b, "cifar10", 0)
    assert counting.requests == 6
    assert counting.evaluations == inner.calls == 4
    assert counting.trained_architectures == 2


def test_evaluations_are_frozen():
    evaluation = Evaluation(90.0, 0.3, 1, 2, None, 0.0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        evaluation.accuracy = 91.0
