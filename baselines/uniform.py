"""Uniform draws from the space: what a generator that knows nothing hands over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch

from baselines.searcher import GenerativeMethod


class Uniform(GenerativeMethod):
    """n uniform draws, with replacement."""

    name: ClassVar[str] = "uniform"
    reference: ClassVar[str] = "chance level of POMONAG's Tables 4 and 5"

    def choose(self, n: int, generator: torch.Generator) -> tuple[Sequence[Any], int]:
        """Uniform draws; no predictor is asked."""
        return self.problem.space.sample(n, generator), 0
