"""Random search: evaluates architectures drawn uniformly (Bergstra & Bengio 2012; Li & Talwalkar 2019)."""

from __future__ import annotations

from typing import Any, ClassVar

from baselines.searcher import Problem, Searcher
from pomonag.evaluation.evaluator import Evaluation


class RandomSearch(Searcher):
    """Uniform draws without repetition, as long as the space offers new ones."""

    name: ClassVar[str] = "random_search"
    reference: ClassVar[str] = "Bergstra & Bengio, Random Search for Hyper-Parameter Optimization, JMLR 2012"

    def __init__(self, problem: Problem, seed: int = 0):
        super().__init__(problem, seed)
        self._draws = self.generator("draws")
        self._seen: set[Any] = set()

    def ask(self) -> Any:
        """A draw that was not asked for before; a repeated one once the space is exhausted."""
        while True:
            architecture = self.problem.space.sample(1, self._draws)[0]
            if architecture not in self._seen or len(self._seen) >= self.problem.space.size:
                self._seen.add(architecture)
                return architecture

    def tell(self, architecture: Any, evaluation: Evaluation) -> None:
        """Random search learns nothing."""
