"""The contract of all methods: sequential ones are asked and told, generative ones hand over a set."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch

from pomonag.errors import UserError
from pomonag.evaluation.evaluator import Evaluation, task_name
from pomonag.records.seeds import seed_of
from pomonag.spaces import SearchSpace, Skeleton


@dataclass(frozen=True)
class Problem:
    """What a method may use; it asks for what it needs and gets a UserError for what is not there.

    `predict` gives accuracies in percent, float [n], of n architectures on the task at hand; `latency` milliseconds,
    nan where a device was not timed; `known_accuracy` [space.size] follows `space.enumerate()`. Costs are those of
    `skeleton`, by default the space's full network.
    """

    space: SearchSpace
    skeleton: Skeleton | None = None
    predict: Callable[[Sequence[Any]], np.ndarray] | None = None
    latency: Callable[[Sequence[Any]], np.ndarray] | None = None
    known_accuracy: np.ndarray | None = None


@dataclass(frozen=True)
class GeneratedSet:
    """What a generative method hands over: architectures, best first where it ranks, and what they cost to find.

    `predictor_calls` counts architectures that a predictor judged, guidance included.
    """

    architectures: tuple[Any, ...]
    predictor_calls: int
    seconds: float


class Method(ABC):
    """A method on a problem, deterministic in its seed."""

    name: ClassVar[str]
    reference: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()

    def __init__(self, problem: Problem, seed: int = 0):
        missing = [need for need in self.needs if getattr(problem, need) is None]
        if missing:
            raise UserError(f"{self.name} needs {' and '.join(missing)} in its problem")
        if not self.supports(problem.space):
            raise UserError(f"{self.name} does not work on {problem.space.name}")
        self.problem = problem
        self.seed = seed

    @classmethod
    def supports(cls, space: SearchSpace) -> bool:
        """Whether the method declares the space."""
        return True

    def generator(self, *purpose: str | int) -> torch.Generator:
        """A generator of its own for each purpose, settled by method, seed and purpose."""
        return torch.Generator().manual_seed(seed_of("baseline", self.name, self.seed, *purpose))


class Searcher(Method):
    """Proposes one architecture at a time and learns from its evaluation."""

    @abstractmethod
    def ask(self) -> Any:
        """The next architecture to evaluate."""

    @abstractmethod
    def tell(self, architecture: Any, evaluation: Evaluation) -> None:
        """Learn the evaluation of an architecture, asked for or not."""


class GenerativeMethod(Method):
    """Hands over n architectures for a task without evaluating any."""

    def generate(self, task: Any, n: int) -> GeneratedSet:
        """At most n architectures for `task` (an object with a `name`, or the name). Raises UserError for n < 1."""
        if n < 1:
            raise UserError(f"got n={n}; expected at least one architecture to generate")
        start = time.perf_counter()
        architectures, calls = self.choose(n, self.generator(task_name(task)))
        return GeneratedSet(tuple(architectures), calls, time.perf_counter() - start)

    @abstractmethod
    def choose(self, n: int, generator: torch.Generator) -> tuple[Sequence[Any], int]:
        """At most n architectures and the number of predictor calls that they took."""
