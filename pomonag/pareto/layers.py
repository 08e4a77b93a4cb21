"""Fronts behind fronts: the best n of many architectures when several costs matter at once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from pomonag.pareto.front import objectives, pareto_front


def front_layers(accuracy: ArrayLike, costs: Mapping[str, ArrayLike], n: int) -> np.ndarray:
    """Positions of at most `n` architectures, layer by layer.

    A layer is the union of the fronts of accuracy against each cost among what is left. Within a layer the most
    accurate come first, so a layer that does not fit whole gives those. `accuracy` and each cost have shape [m].
    """
    up, *downs = objectives(accuracy=accuracy, **costs)
    left = np.arange(len(up))
    chosen: list[np.ndarray] = []
    while len(left) and sum(map(len, chosen)) < n:
        layer = np.unique(np.concatenate([pareto_front(up[left], down[left]) for down in downs]))
        members = left[layer]
        chosen.append(members[np.argsort(-up[members], kind="stable")])
        left = np.delete(left, layer)
    return np.concatenate(chosen)[:n] if chosen else np.empty(0, dtype=np.int64)
