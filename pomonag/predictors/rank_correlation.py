"""Rank correlation of predictions with labels: over all rows, and within each task.

Most of the variance of accuracy is the task, so that a correlation over all rows mostly measures how well the task's
difficulty is known (PI-20). A search ranks architectures on one task: the mean within tasks says how well.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import spearmanr

FEWEST = 3


def pooled_spearman(predictions: np.ndarray, labels: np.ndarray) -> float:
    """Spearman over all rows [n], ties at mid-ranks; nan where one side has a single value."""
    if np.ptp(predictions) == 0 or np.ptp(labels) == 0:
        return float("nan")
    return float(spearmanr(predictions, labels).statistic)


def within_task_spearman(predictions: np.ndarray, labels: np.ndarray, tasks: Sequence[object]) -> float:
    """Mean over tasks of Spearman among each task's rows, weighted by their number less one.

    Tasks of fewer than three rows, or of one label alone, say nothing; predictions that are all alike count as 0. nan
    where no task is left.
    """
    names = np.asarray(tasks, dtype=object)
    total = weight = 0.0
    for name in dict.fromkeys(names.tolist()):
        members = names == name
        n = int(members.sum())
        if n < FEWEST or np.ptp(labels[members]) == 0:
            continue
        found = pooled_spearman(predictions[members], labels[members])
        total += (n - 1) * (0.0 if np.isnan(found) else found)
        weight += n - 1
    return total / weight if weight else float("nan")
