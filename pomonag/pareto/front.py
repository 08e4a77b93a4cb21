"""Pareto fronts of accuracy against one cost (POMONAG Sec. 3.4, Pareto Front Filtering)."""

from __future__ import annotations

import numpy as np
from moocore import is_nondominated
from numpy.typing import ArrayLike

from pomonag.errors import UserError


def pareto_front(maximise: ArrayLike, minimise: ArrayLike) -> np.ndarray:
    """Indices of the points that no other point beats in both coordinates, in order of rising `minimise`.

    Both inputs have shape [n]. Of points that are equal in both coordinates the first is kept, so along the front
    both coordinates rise strictly. Values that are nan or infinite are refused with a UserError.

    >>> pareto_front([90.0, 92.0, 91.0, 92.0], [1.0, 3.0, 3.0, 3.0]).tolist()
    [0, 1]
    """
    up, down = objectives(maximise=maximise, minimise=minimise)
    if len(up) == 0:
        return np.empty(0, dtype=np.int64)
    members = np.flatnonzero(is_nondominated(np.column_stack([up, down]), maximise=[True, False]))
    return members[np.argsort(down[members], kind="stable")]


def objectives(**columns: ArrayLike) -> list[np.ndarray]:
    """The named columns as float64 arrays of one length. Raises UserError for nan, infinity, unequal lengths."""
    arrays = {name: np.asarray(values, dtype=np.float64) for name, values in columns.items()}
    shapes = {name: array.shape for name, array in arrays.items()}
    if any(array.ndim != 1 for array in arrays.values()) or len(set(shapes.values())) > 1:
        raise UserError(f"got objectives of shapes {shapes}; expected one value an architecture in each")
    for name, array in arrays.items():
        bad = np.flatnonzero(~np.isfinite(array))
        if len(bad):
            raise UserError(
                f"got {array[bad[0]]} as {name} of architecture {bad[0]} ({len(bad)} of {len(array)} are not finite); "
                "leave architectures without a value out before comparing"
            )
    return list(arrays.values())
