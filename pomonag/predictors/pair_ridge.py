"""The plain baseline that every predictor has to beat: ridge regression over operations, their pairs, and the task.

As a kernel, since a space of 20 positions has ten thousands of pairs: two architectures that agree in s of n positions
share s operations and s (s - 1) / 2 pairs of them. Noise averages out over rows, which makes this hard to beat
(lite_meta_dataset.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.linalg import eigh

from pomonag.errors import UserError
from pomonag.spaces.row_posterior import RowPosterior
from pomonag.spaces.search_space import SearchSpace

PENALTIES = tuple(np.logspace(-3, 2, 16).tolist())


class PairRidge:
    """Kernel ridge regression; `penalty` is relative to the mean of the kernel's diagonal.

    Without a penalty the one of `PENALTIES` with the least leave-one-out error is taken.
    """

    def __init__(self, space: SearchSpace, penalty: float | None = None):
        self.space, self.penalty = space, penalty
        self._rows = RowPosterior(space.encoding)

    def fit(self, architectures: Sequence[Any], codes: np.ndarray, labels: np.ndarray) -> PairRidge:
        """Learns labels [n] of architectures on tasks with codes [n, c]; c may be 0 where the task does not count."""
        if not len(architectures) == len(codes) == len(labels) >= 2:
            raise UserError(
                f"got {len(architectures)} architectures, {len(codes)} codes and {len(labels)} labels; expected the "
                "same number of each, at least two"
            )
        self._categories, self._codes = self._categorised(architectures), np.asarray(codes, dtype=np.float64)
        self._mean = float(np.mean(labels))
        kernel = self._kernel(self._categories, self._codes)
        values, vectors = eigh(kernel)
        scale = float(np.trace(kernel)) / len(kernel)
        target = vectors.T @ (labels - self._mean)
        if self.penalty is None:
            self.penalty = min(PENALTIES, key=lambda p: _left_out_error(values, vectors, target, p * scale))
        self._weights = vectors @ (target / (np.maximum(values, 0) + self.penalty * scale))
        return self

    def predict(self, architectures: Sequence[Any], codes: np.ndarray) -> np.ndarray:
        """Predictions [m]."""
        kernel = self._kernel(self._categorised(architectures), np.asarray(codes, dtype=np.float64))
        return kernel @ self._weights + self._mean

    def _categorised(self, architectures: Sequence[Any]) -> np.ndarray:
        return self._rows.categories_of(self.space.encoding.encode(architectures)).numpy()

    def _kernel(self, categories: np.ndarray, codes: np.ndarray) -> np.ndarray:
        shared = (categories[:, None] == self._categories[None]).sum(-1).astype(np.float64)
        # Rows that are the same in all architectures would count as operations that everyone shares.
        shared -= int((self._categories == self._categories[:1]).all(0).sum())
        return shared + shared * (shared - 1) / 2 + codes @ self._codes.T


def _left_out_error(values: np.ndarray, vectors: np.ndarray, target: np.ndarray, penalty: float) -> float:
    shrunk = 1 / (np.maximum(values, 0) + penalty)
    return float(np.mean(((vectors @ (shrunk * target)) / (vectors**2 @ shrunk)) ** 2))
