"""NSGA-II over predicted accuracy and exact costs (Deb et al. 2002), by pymoo, at a given number of predictor calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from pymoo.algorithms.moo.nsga2 import NSGA2 as PymooNsga2
from pymoo.core.crossover import Crossover
from pymoo.core.duplicate import DuplicateElimination
from pymoo.core.evaluator import Evaluator
from pymoo.core.mutation import Mutation
from pymoo.core.population import Population
from pymoo.core.problem import Problem as PymooProblem
from pymoo.core.sampling import Sampling
from pymoo.core.termination import NoTermination
from pymoo.problems.static import StaticProblem

from baselines.objectives import Objectives
from baselines.searcher import GenerativeMethod, Problem
from pomonag.errors import UserError
from pomonag.spaces import SearchSpace
from pomonag.spaces.encoding import Invalid


class Nsga2(GenerativeMethod):
    """Uniform crossover of encoded rows, mutation of one decision; of all that were judged the best fronts are kept.

    The population is small against the budget, so that there are some eighty generations of selection.
    """

    name: ClassVar[str] = "nsga2"
    reference: ClassVar[str] = "Deb et al., A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II, TEVC 2002"
    needs: ClassVar[tuple[str, ...]] = ("predict",)

    def __init__(self, problem: Problem, seed: int = 0, predictor_calls: int = 5376, population: int = 64):
        """`predictor_calls`: by default those of 256 architectures guided over 20 steps and then ranked."""
        super().__init__(problem, seed)
        if predictor_calls < 1 or population < 2:
            raise UserError(f"got predictor_calls={predictor_calls}, population={population}; at least 1 and 2")
        self._budget = min(predictor_calls, problem.space.size)
        self._population = min(population, self._budget)

    def choose(self, n: int, generator: torch.Generator) -> tuple[Sequence[Any], int]:
        """Evolve until the calls are spent, or a population's worth of generations has found nothing new."""
        objectives = Objectives(self.problem)
        space = self.problem.space
        algorithm = PymooNsga2(
            pop_size=self._population,
            sampling=_Uniform(space, generator),
            crossover=_RowCrossover(space, generator),
            mutation=_OneDecision(space, generator),
            eliminate_duplicates=_Distinct(),
        )
        seed = int(torch.randint(2**31, (1,), generator=generator))
        whole = PymooProblem(n_var=1, n_obj=1 + len(objectives.costs), vtype=object)
        algorithm.setup(whole, termination=NoTermination(), seed=seed, verbose=False)
        idle = 0
        while objectives.calls < self._budget and idle < self._population:
            offspring = algorithm.ask()
            if offspring is None or len(offspring) == 0:
                break
            before = objectives.calls
            offspring, values = self._judged(offspring, objectives)
            Evaluator().eval(StaticProblem(whole, F=values), offspring)
            algorithm.tell(infills=offspring)
            idle = idle + 1 if objectives.calls == before else 0
        return objectives.best(n), objectives.calls

    def _judged(self, offspring: Population, objectives: Objectives) -> tuple[Population, np.ndarray]:
        """As many of the offspring as the budget allows, and their values, all to be minimised."""
        architectures = [row[0] for row in offspring.get("X")]
        new = [a for a in dict.fromkeys(architectures) if a not in objectives]
        too_many = set(new[self._budget - objectives.calls :])
        kept = [i for i, a in enumerate(architectures) if a not in too_many]
        values = objectives([architectures[i] for i in kept])
        values[:, 0] *= -1
        # What was not timed is worse than everything that was.
        return offspring[kept], np.nan_to_num(values, nan=1e12)


class _Uniform(Sampling):
    def __init__(self, space: SearchSpace, generator: torch.Generator):
        super().__init__()
        self.space, self.generator = space, generator

    def _do(self, problem: Any, n_samples: int, **kwargs: Any) -> np.ndarray:
        return _column(self.space.sample(n_samples, self.generator))


class _RowCrossover(Crossover):
    """Each row of the child's matrix comes from either parent; a child that is no architecture becomes its parent."""

    def __init__(self, space: SearchSpace, generator: torch.Generator):
        super().__init__(n_parents=2, n_offsprings=2)
        self.space, self.generator = space, generator

    def _do(self, problem: Any, x: np.ndarray, **kwargs: Any) -> np.ndarray:
        encoding = self.space.encoding
        first, second = (list(parents[:, 0]) for parents in x)
        a, b = encoding.encode(first), encoding.encode(second)
        from_a = torch.rand(a.shape[:2], generator=self.generator)[..., None] < 0.5
        children = []
        for mixed, parents in ((torch.where(from_a, a, b), first), (torch.where(from_a, b, a), second)):
            decoded = encoding.decode(mixed)
            children.append(_column([p if isinstance(child, Invalid) else child for child, p in zip(decoded, parents)]))
        return np.stack(children)


class _OneDecision(Mutation):
    """The space's own mutation, always: without it crossover would stop finding anything new."""

    def __init__(self, space: SearchSpace, generator: torch.Generator):
        super().__init__(prob=1.0)
        self.space, self.generator = space, generator

    def _do(self, problem: Any, x: np.ndarray, **kwargs: Any) -> np.ndarray:
        return _column([self.space.mutate(row[0], self.generator) for row in x])


class _Distinct(DuplicateElimination):
    """Equal architectures, by hash instead of by pairwise comparison."""

    def _do(self, population: Population, other: Population | None, is_duplicate: np.ndarray) -> np.ndarray:
        seen = set() if other is None else {individual.X[0] for individual in other}
        for i, individual in enumerate(population):
            is_duplicate[i] |= individual.X[0] in seen
            seen.add(individual.X[0])
        return is_duplicate


def _column(architectures: Sequence[Any]) -> np.ndarray:
    # numpy would look inside sequences; architectures are single values.
    column = np.empty((len(architectures), 1), dtype=object)
    column[:, 0] = architectures
    return column
