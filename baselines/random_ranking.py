"""Random architectures ranked by the predictor: generation without diffusion at a given number of predictor calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch

from baselines.objectives import Objectives
from baselines.searcher import GenerativeMethod, Problem
from pomonag.errors import UserError


class RandomRanking(GenerativeMethod):
    """Predicts distinct uniform draws and keeps the fronts of accuracy against each cost, then those behind them."""

    name: ClassVar[str] = "random_ranking"
    reference: ClassVar[str] = "the same predictor on random architectures"
    needs: ClassVar[tuple[str, ...]] = ("predict",)

    def __init__(self, problem: Problem, seed: int = 0, predictor_calls: int = 5376):
        """`predictor_calls`: by default those of 256 architectures guided over 20 steps and then ranked."""
        super().__init__(problem, seed)
        if predictor_calls < 1:
            raise UserError(f"got predictor_calls={predictor_calls}; expected at least 1")
        self._budget = min(predictor_calls, problem.space.size)

    def choose(self, n: int, generator: torch.Generator) -> tuple[Sequence[Any], int]:
        """The best n of the draws; one predictor call a distinct draw."""
        drawn: dict[Any, None] = {}
        while len(drawn) < self._budget:
            drawn.update(dict.fromkeys(self.problem.space.sample(self._budget - len(drawn), generator)))
        objectives = Objectives(self.problem)
        objectives(list(drawn))
        return objectives.best(n), objectives.calls
