"""How good a front is: hypervolume, IGD+, extent. The project's reference points are declared here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping

import moocore
import numpy as np
from numpy.typing import ArrayLike

from pomonag.errors import UserError
from pomonag.pareto.front import objectives, pareto_front


def normalised_hypervolume(
    accuracy: ArrayLike,
    cost: ArrayLike,
    *,
    median_accuracy: float,
    best_accuracy: float,
    min_cost: float,
    max_cost: float,
) -> float:
    """Hypervolume of accuracy (up) against one cost (down), scaled to [0, 1].

    The reference point is a gain of 0 over the space's median accuracy, at the space's largest cost; the ideal
    point is the space's best accuracy at its smallest cost and has the value 1. Points beyond the ideal (predicted
    ones can be) count for more than 1 would; points that do not dominate the reference point count nothing.
    """
    return normalised_hypervolume_of(
        accuracy,
        {"cost": cost},
        median_accuracy=median_accuracy,
        best_accuracy=best_accuracy,
        cost_ranges={"cost": (min_cost, max_cost)},
    )


def normalised_hypervolume_of(
    accuracy: ArrayLike,
    costs: Mapping[str, ArrayLike],
    *,
    median_accuracy: float,
    best_accuracy: float,
    cost_ranges: Mapping[str, tuple[float, float]],
) -> float:
    """The same over any number of costs, each with its (min, max) over the space: all three at once are the extra."""
    up, *downs = objectives(accuracy=accuracy, **costs)
    if not best_accuracy > median_accuracy:
        raise UserError(f"got a best accuracy of {best_accuracy:g} and a median of {median_accuracy:g}; expected more")
    columns = [(up - median_accuracy) / (best_accuracy - median_accuracy)]
    for name, down in zip(costs, downs):
        low, high = cost_ranges[name]
        if not high > low:
            raise UserError(f"got the range {low:g}..{high:g} of {name}; expected a largest cost above the smallest")
        columns.append((high - down) / (high - low))
    points = np.column_stack(columns)
    if len(points) == 0:
        return 0.0
    return float(moocore.hypervolume(points, ref=np.zeros(points.shape[1]), maximise=True))


def igd_plus(
    accuracy: ArrayLike,
    cost: ArrayLike,
    reference_accuracy: ArrayLike,
    reference_cost: ArrayLike,
) -> float:
    """IGD+ of a set to a reference set, both coordinates scaled to [0, 1] by the reference front; 0 is best.

    Mean over the reference front of how far the nearest point of the set falls short of it (Ishibuchi et al. 2015):
    being better than the reference costs nothing.
    """
    reference_up, reference_down = objectives(accuracy=reference_accuracy, cost=reference_cost)
    front = pareto_front(reference_up, reference_down)
    up, down = objectives(accuracy=accuracy, cost=cost)
    if len(front) == 0 or len(up) == 0:
        raise UserError(f"got {len(up)} points and {len(front)} reference points; IGD+ needs at least one of each")
    reference = np.column_stack([reference_up[front], reference_down[front]])
    low, span = reference.min(0), np.ptp(reference, axis=0)
    span[span == 0] = 1.0  # a single reference point has no extent to scale by
    points = (np.column_stack([up, down]) - low) / span
    return float(moocore.igd_plus(points, (reference - low) / span, maximise=[True, False]))


def front_extent(
    accuracy: ArrayLike,
    cost: ArrayLike,
    *,
    median_accuracy: float,
    best_accuracy: float,
    min_cost: float,
    max_cost: float,
) -> tuple[float, float]:
    """The front's ranges of accuracy and of cost, as fractions of the two ranges that scale the hypervolume."""
    up, down = objectives(accuracy=accuracy, cost=cost)
    front = pareto_front(up, down)
    if len(front) == 0:
        return 0.0, 0.0
    return (
        float(np.ptp(up[front]) / (best_accuracy - median_accuracy)),
        float(np.ptp(down[front]) / (max_cost - min_cost)),
    )
