"""How well scores rank a benchmark's trained networks: the figures, and scores that need no predictor beside them.

Only for reporting: nothing is fitted to the tables or chosen by these figures. `python -m benchmarks run --table
external` measures them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import spearmanr

from pomonag.errors import UserError, unknown_name
from pomonag.evaluation.tabular import AccuracyTable
from pomonag.meta_dataset.training_free import SCORES, VOTERS, vote
from pomonag.meta_dataset.training_free_table import shipped_scores
from pomonag.predictors.own_measurements import own_vote
from pomonag.spaces import SearchSpace

TOP = 5
# The table's own accuracy after 12 epochs: what a reduced training of these very networks says of their full one.
TWELVE_EPOCHS = "table_12ep"
REFERENCES = ("params", TWELVE_EPOCHS, *SCORES, "vote", "own_vote")


def reference_score(name: str, space: SearchSpace, table: AccuracyTable, dataset: str) -> np.ndarray:
    """One of `REFERENCES` for each row of `shipped_scores`, [n]; higher is better."""
    shipped = shipped_scores(space.name)
    if name not in REFERENCES:
        raise unknown_name("reference score", name, REFERENCES)
    if name == TWELVE_EPOCHS:
        return table.accuracy(scored_architectures(space), dataset, "test_acc_12ep")
    if name == "vote":
        return vote({voter: shipped[voter] for voter in VOTERS})
    if name == "own_vote":
        return own_vote(space, dataset)
    return shipped[name].to_numpy(float)


def scored_architectures(space: SearchSpace) -> list[Any]:
    """The architectures of `shipped_scores`, in its order."""
    return [space.parse(text) for text in shipped_scores(space.name)["architecture"]]


def agreement(table: AccuracyTable, dataset: str, architectures: Sequence[Any], scores: ArrayLike) -> float:
    """Spearman correlation of scores [n] with the 200-epoch accuracies on a data set.

    Over the connected architectures: the others are at chance, and ties of theirs would count as skill. Raises
    UserError for scores of another length.
    """
    values = _checked(architectures, scores)
    connected = np.array([getattr(architecture, "is_connected", True) for architecture in architectures])
    accuracy = table.accuracy(architectures, dataset)
    return float(spearmanr(values[connected], accuracy[connected]).statistic)


def best_of_top(
    table: AccuracyTable, dataset: str, architectures: Sequence[Any], scores: ArrayLike, top: int = TOP
) -> tuple[float, list[Any]]:
    """Points between the table's optimum and the best of the `top` that score highest, and these, best first.

    0 where the optimum is among them. Of equal scores those that come first in `architectures` count. Raises
    UserError for scores of another length, and for a table that does not hold the whole space.
    """
    first = np.argsort(-_checked(architectures, scores), kind="stable")[:top]
    chosen = [architectures[i] for i in first]
    return table.best(dataset) - float(table.accuracy(chosen, dataset).max()), chosen


def _checked(architectures: Sequence[Any], scores: ArrayLike) -> np.ndarray:
    values = np.asarray(scores, dtype=np.float64)
    if values.shape != (len(architectures),):
        raise UserError(f"got scores of shape {values.shape}, expected ({len(architectures)},), one an architecture")
    return values
