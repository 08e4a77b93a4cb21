"""What a sequential search finds in a table with a fixed number of evaluations (POMONAG Table 2, CIFAR columns)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from baselines.searcher import Searcher
from pomonag.errors import UserError
from pomonag.evaluation.evaluator import CountingEvaluator
from pomonag.evaluation.tabular import FULL_PROTOCOL, AccuracyTable, TabularEvaluator

# A search that keeps proposing what it already knows is stopped after so many proposals an evaluation.
_PROPOSALS_AN_EVALUATION = 100


@dataclass(frozen=True)
class LookupResult:
    """A search's result and its way there.

    `curve` [evaluations] is the 200-epoch test accuracy, percent, of the architecture that the search would have
    handed over after 1, 2, ... trained architectures; `accuracy` its last value, `architecture` the one handed over,
    `evaluations_to_best` after how many trained architectures it was found.
    """

    accuracy: float
    architecture: Any
    evaluations: int
    evaluations_to_best: int
    curve: np.ndarray


def search_by_lookup(
    searcher: Searcher,
    table: AccuracyTable,
    dataset: str,
    *,
    budget: int = 100,
    search_protocol: str = FULL_PROTOCOL,
) -> LookupResult:
    """Let `searcher` evaluate `budget` distinct architectures and hand over the best by `search_protocol`.

    `test_acc_200ep` chooses by the test accuracy itself, as the paper's lineage counts; `valid_acc_12ep` is the
    benchmark's own, which never looks at the test data. Repeated proposals are answered and not counted.
    """
    if budget < 1:
        raise UserError(f"got budget={budget}; expected at least one evaluation")
    evaluator = CountingEvaluator(TabularEvaluator(table, protocol=search_protocol))
    best: Any = None
    best_value, found_after = -np.inf, 0
    curve: list[float] = []
    while len(curve) < budget:
        if evaluator.requests >= budget * _PROPOSALS_AN_EVALUATION:
            raise UserError(
                f"{searcher.name} proposed only {len(curve)} distinct architectures in {evaluator.requests} proposals; "
                "give it a smaller budget"
            )
        architecture = searcher.ask()
        evaluation = evaluator.evaluate(architecture, dataset, 0)
        searcher.tell(architecture, evaluation)
        if evaluator.trained_architectures == len(curve):
            continue
        if evaluation.accuracy > best_value:
            best, best_value, found_after = architecture, evaluation.accuracy, len(curve) + 1
        curve.append(float(table.accuracy([best], dataset)[0]))
    return LookupResult(
        accuracy=curve[-1],
        architecture=best,
        evaluations=evaluator.evaluations,
        evaluations_to_best=found_after,
        curve=np.array(curve),
    )
