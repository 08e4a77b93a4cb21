"""The whole space ranked by the predictor: what any generation with the same predictor is measured by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, cast

import torch

from baselines.objectives import Objectives
from baselines.searcher import GenerativeMethod
from pomonag.spaces import EnumerableSpace, SearchSpace


class ExhaustiveRanking(GenerativeMethod):
    """Predicts every architecture and keeps the fronts of accuracy against each cost, then the fronts behind them."""

    name: ClassVar[str] = "exhaustive_ranking"
    reference: ClassVar[str] = "the same predictor without any diffusion"
    needs: ClassVar[tuple[str, ...]] = ("predict",)

    @classmethod
    def supports(cls, space: SearchSpace) -> bool:
        """Spaces that can be listed whole."""
        return isinstance(space, EnumerableSpace)

    def choose(self, n: int, generator: torch.Generator) -> tuple[Sequence[Any], int]:
        """The best n of the space; one predictor call an architecture of the space."""
        objectives = Objectives(self.problem)
        objectives(cast(EnumerableSpace, self.problem.space).enumerate())
        return objectives.best(n), objectives.calls
