"""The three configurations of a front: most accurate, balanced, most efficient (POMONAG Sec. 3.4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pomonag.errors import UserError, unknown_name
from pomonag.pareto.front import objectives, pareto_front

BALANCED_RULES = ("knee", "paper_ratio")


@dataclass(frozen=True)
class Configurations:
    """Positions in the arrays that were given: Acc, Bal, Eff, and the front they stand on."""

    acc: int
    bal: int
    eff: int
    front: tuple[int, ...]
    balanced_rule: str


def configurations(accuracy: ArrayLike, metric: ArrayLike, balanced: str = "knee") -> Configurations:
    """Acc, Bal and Eff of architectures with `accuracy` [n] (higher is better) and one `metric` [n] (lower is better).

    Acc has the highest accuracy, Eff the lowest metric. Bal by `balanced`: `knee` lies farthest above the chord from
    Eff to Acc after both coordinates are scaled to [0, 1] (below it in the picture of error against metric);
    `paper_ratio` has the highest accuracy/metric, the paper's words, which its own Table 5 contradicts: the ratio is
    nearly always highest at Eff. On a front of one point all three are that point; on one of two, where no point lies
    between, the knee is Eff. Raises UserError without points.
    """
    up, down = objectives(accuracy=accuracy, metric=metric)
    if balanced not in BALANCED_RULES:
        raise unknown_name("rule for the balanced configuration", balanced, BALANCED_RULES)
    front = pareto_front(up, down)
    if len(front) == 0:
        raise UserError("got no architectures; expected at least one valid one to choose configurations from")
    choose = knee if balanced == "knee" else _highest_ratio
    balanced_at = front[choose(up[front], down[front])]
    return Configurations(
        acc=int(front[-1]),
        bal=int(balanced_at),
        eff=int(front[0]),
        front=tuple(front.tolist()),
        balanced_rule=balanced,
    )


def knee(accuracy: np.ndarray, metric: np.ndarray) -> int:
    """Position on a front (sorted by metric) of the point farthest on the good side of the chord between its ends.

    With both coordinates scaled to [0, 1] the chord is the diagonal, so the distance is (accuracy - metric) / sqrt(2).
    Ties go to the lower metric. A front that bends the other way has its knee at Eff.
    """
    if len(accuracy) < 3:
        return 0
    return int(np.argmax(_scaled(accuracy) - _scaled(metric)))


def _scaled(values: np.ndarray) -> np.ndarray:
    return (values - values.min()) / (values.max() - values.min())


def _highest_ratio(accuracy: np.ndarray, metric: np.ndarray) -> int:
    if (metric <= 0).any():
        raise UserError(f"got a metric of {metric.min():g}; accuracy/metric needs positive values: use balanced='knee'")
    return int(np.argmax(accuracy / metric))
