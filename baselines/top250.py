"""Random members of the top 250 by known accuracy: what the paper's generator was trained on (Sec. 3.2, App. A).

95 % of POMONAG's NASBench201 meta-dataset is drawn from these 250, chosen with the accuracies of data sets that it is
then tested on. A generator that only reproduces its training set is as good as this row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, cast

import numpy as np
import torch

from baselines.searcher import GenerativeMethod, Problem
from pomonag.spaces import EnumerableSpace, SearchSpace


class Top250(GenerativeMethod):
    """Uniform draws, with replacement, from the 250 best of `known_accuracy`."""

    name: ClassVar[str] = "top250"
    reference: ClassVar[str] = "POMONAG App. A, sampling of the NASBench201 meta-dataset"
    needs: ClassVar[tuple[str, ...]] = ("known_accuracy",)

    def __init__(self, problem: Problem, seed: int = 0, top: int = 250):
        super().__init__(problem, seed)
        self._top = np.argsort(-np.asarray(problem.known_accuracy), kind="stable")[:top]

    @classmethod
    def supports(cls, space: SearchSpace) -> bool:
        """Spaces of which every accuracy can be known."""
        return isinstance(space, EnumerableSpace)

    def choose(self, n: int, generator: torch.Generator) -> tuple[Sequence[Any], int]:
        """Draws from the top; no predictor is asked."""
        everything = cast(EnumerableSpace, self.problem.space).enumerate()
        picks = torch.randint(len(self._top), (n,), generator=generator).tolist()
        return [everything[self._top[i]] for i in picks], 0
