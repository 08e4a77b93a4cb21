"""What real rows are judged beside: ridge regressions, and how far labels can be predicted at all."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import RidgeCV

from pomonag.predictors.real_rows import RealRows
from pomonag.spaces.search_space import SearchSpace

_PENALTIES = np.geomspace(0.1, 1000, 17)
_TEST_IMAGES = 500  # of block 0, whose accuracies come in steps of 0.2 percent


@dataclass(frozen=True, eq=False)
class RowRidge:
    """Ridge regression on class ids and the block, and with a space on the encoding's matrix and the features too.

    The level of each block is not penalised: accuracies are centred by block. The penalty is the one of 17 that
    leave-one-out cross-validation on the training rows prefers.
    """

    level: np.ndarray
    ridge: RidgeCV
    space: SearchSpace | None
    centre: np.ndarray
    scale: np.ndarray

    @classmethod
    def fit(cls, rows: RealRows, space: SearchSpace | None = None) -> RowRidge:
        level = np.array([rows.accuracy[rows.block == b].mean() if (rows.block == b).any() else 0.0 for b in (0, 1)])
        seen = _seen(rows, space)
        centre = seen.mean(0)
        # Class ids stay as they are, so that the penalty of a rare class is not lowered.
        scale = np.where(np.arange(seen.shape[1]) < rows.classes.shape[1], 1.0, 4 * np.maximum(seen.std(0), 1e-3))
        ridge = RidgeCV(_PENALTIES).fit((seen - centre) / scale, rows.accuracy - level[rows.block])
        return cls(level, ridge, space, centre, scale)

    @property
    def penalty(self) -> float:
        """The chosen one."""
        return float(self.ridge.alpha_)

    def __call__(self, rows: RealRows) -> np.ndarray:
        """Percent, float64 [n]."""
        predicted: np.ndarray = self.ridge.predict((_seen(rows, self.space) - self.centre) / self.scale)
        return self.level[rows.block] + predicted


def residual_ceiling(accuracy: np.ndarray, residual: np.ndarray) -> float | None:
    """The Spearman coefficient with `residual` [n] (points) that no predictor exceeds: labels are coarse samples.

    An accuracy measured on 500 test images has the binomial variance p(1 - p)/500 even if the network's true accuracy
    were known. What is left of the residuals' variance gives the highest Pearson coefficient, and for normal variables
    6/pi * asin(r/2) the rank coefficient. Training seeds, whose share is not known, lower it further; test images that
    the rows of a task share, if they do, raise it. None where the noise leaves nothing.
    """
    if len(residual) < 2 or residual.var() == 0:
        return None
    noise = float(np.mean(accuracy * (100 - accuracy)) / _TEST_IMAGES)
    left = 1 - noise / float(residual.var())
    return 6 / math.pi * math.asin(math.sqrt(left) / 2) if left > 0 else None


def _seen(rows: RealRows, space: SearchSpace | None) -> np.ndarray:
    if space is None:
        return rows.classes.astype(np.float64)
    matrix = space.encoding.encode(rows.architectures).flatten(1).numpy()
    return np.hstack([rows.classes, matrix, space.features(rows.architectures)]).astype(np.float64)
