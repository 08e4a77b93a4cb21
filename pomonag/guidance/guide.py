"""Objectives with their direction, and the scaling factors of their guides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from pomonag.errors import unknown_name

Guide = Callable[[Tensor, Tensor], Tensor]
"""`(x [b, n, v], sigma [b]) -> gradient` like x, added to the score (POMONAG Sec. 3.1)."""


@dataclass(frozen=True)
class Objective:
    """A quantity and whether more of it is better. The direction is data: no sign is flipped elsewhere."""

    name: str
    maximise: bool = False

    @property
    def direction(self) -> float:
        """+1 to climb, -1 to descend. The paper adds all four terms, which would raise the costs."""
        return 1.0 if self.maximise else -1.0


OBJECTIVES = {
    objective.name: objective
    for objective in (
        Objective("accuracy", maximise=True),
        Objective("params"),
        Objective("macs"),
        Objective("latency"),
    )
}
# The metric that each secondary objective is read off in results.
METRICS: Mapping[str, str] = {"params": "params", "macs": "macs", "latency": "latency_ms"}


def objectives_of(names: tuple[str, ...]) -> tuple[Objective, ...]:
    """The objectives of those names; UserError for an unknown one."""
    for name in names:
        if name not in OBJECTIVES:
            raise unknown_name("objective", name, OBJECTIVES)
    return tuple(OBJECTIVES[name] for name in names)


@dataclass(frozen=True)
class ScalingFactors:
    """One k for each guide of a batch (POMONAG Sec. 3.1), in units of the predictors' labels.

    `spread` above 1 spreads a batch along the fronts: each sample descends one cost, taken in turns, whose factor is
    multiplied by a value even in the logarithm between 1/spread and spread. `repulsion` is how strongly samples avoid
    coming out the same (`repulsion.py`). With their defaults all samples follow all four guides, as in the paper.
    """

    accuracy: float
    params: float
    macs: float
    latency: float
    spread: float = 1.0
    repulsion: float = 0.0

    def of(self, objective: str) -> float:
        """The factor of an objective."""
        return float(getattr(self, objective))
