"""Labels of many tasks taken apart: what is the task's, its level and spread, and what is the architecture's.

The architecture's part is what predictors learn; the level comes back for predictions that compare tasks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeCV

# What else a training says of its architecture, and whether more is better. Test loss separates architectures better
# than accuracy over a few hundred test images, and ranks the *accuracies* of a second training better than accuracy.
_SIGNS = {"accuracy": 1.0, "loss": -1.0}
LABELS = ("accuracy", "accuracy and loss")


def task_scores(rows: pd.DataFrame, label: str = "accuracy and loss") -> np.ndarray:
    """Each row's label [n] in standard deviations from its task's mean; of `accuracy`, or the mean of both labels."""
    columns = ["accuracy"] if label == "accuracy" else list(_SIGNS)
    groups = rows.groupby("task")
    scores = np.zeros(len(rows))
    for column in columns:
        spread = groups[column].transform("std").fillna(0.0).to_numpy()
        centred = (rows[column] - groups[column].transform("mean")).to_numpy()
        scores += _SIGNS[column] * centred / np.where(spread > 0, spread, 1.0)
    return scores / len(columns)


@dataclass(frozen=True)
class TaskLevel:
    """Accuracy in percent from a score and a task's code [c]: ridge regression of the tasks' means on their codes."""

    regression: RidgeCV
    spread: float

    def __call__(self, scores: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Percent [n] for scores [n] on tasks with codes [n, c]; within a task the order of the scores."""
        return self.regression.predict(codes) + self.spread * scores


def fit_task_level(rows: pd.DataFrame, codes: dict[str, Sequence[float]]) -> TaskLevel:
    """From the accuracies of rows of several tasks and each task's code."""
    means = rows.groupby("task")["accuracy"].mean()
    regression = RidgeCV(np.logspace(-3, 3, 13)).fit(np.array([codes[task] for task in means.index]), means.to_numpy())
    return TaskLevel(regression, float(rows.groupby("task")["accuracy"].std().mean()))
