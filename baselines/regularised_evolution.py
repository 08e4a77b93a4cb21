"""Regularised evolution: tournament selection, mutation, and the oldest dies (Real et al. 2019, Algorithm 1)."""

from __future__ import annotations

from collections import deque
from typing import Any, ClassVar

import torch

from baselines.searcher import Problem, Searcher
from pomonag.errors import UserError
from pomonag.evaluation.evaluator import Evaluation


class RegularisedEvolution(Searcher):
    """The benchmark's settings: a population of 10, tournaments of 3, mutation only."""

    name: ClassVar[str] = "regularised_evolution"
    reference: ClassVar[str] = "Real et al., Regularized Evolution for Image Classifier Architecture Search, AAAI 2019"

    def __init__(self, problem: Problem, seed: int = 0, population: int = 10, sample_size: int = 3):
        super().__init__(problem, seed)
        if population < 1 or sample_size < 1:
            raise UserError(f"got population={population}, sample_size={sample_size}; both are at least 1")
        self._population: deque[tuple[float, Any]] = deque(maxlen=population)
        self._sample_size = sample_size
        self._draws = self.generator("draws")

    def ask(self) -> Any:
        """A random architecture until the population is full, then a mutant of the winner of a tournament."""
        if len(self._population) < (self._population.maxlen or 0):
            return self.problem.space.sample(1, self._draws)[0]
        # Algorithm 1 samples the candidates with replacement.
        candidates = torch.randint(len(self._population), (self._sample_size,), generator=self._draws).tolist()
        _, parent = max((self._population[i] for i in candidates), key=lambda member: member[0])
        return self.problem.space.mutate(parent, self._draws)

    def tell(self, architecture: Any, evaluation: Evaluation) -> None:
        """The newest joins the population; the oldest leaves it."""
        self._population.append((evaluation.accuracy, architecture))
