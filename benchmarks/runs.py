"""A run: what is computed at once, which cells it fills, what it needs and about how long it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reports.cells import Cell
from reports.measurements import RunKey, config_hash


@dataclass(frozen=True)
class Need:
    """An input of a run. `missing()` is None when it is there, otherwise what is missing and how to get it."""

    name: str
    missing: Callable[[], str | None]


@dataclass(frozen=True)
class Quantity:
    """A value that a run promises; `protocol` in words says what is measured on which data."""

    metric: str
    unit: str
    protocol: str
    statistic: str = "mean"
    evaluation: str = "generated"


@dataclass(frozen=True)
class Outcome:
    """What a run found: a value for each promised metric, what figures draw, digests of the inputs it read."""

    values: Mapping[str, float]
    details: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """One computation, repeated over seeds. `compute` gets the seed's value, which comes from the run's name.

    `version` is raised by hand whenever the method or a metric changes: it makes old results count as other ones.
    `smoke` runs are those that `python -m reports paper-tables` recomputes. `repeats` caps the seeds: 1 for what is
    deterministic. Runs with the same `seed_name` get the same seed values (their own id by default), so that methods
    meet the same draws of images and can be compared in pairs.
    """

    key: RunKey
    quantities: tuple[Quantity, ...]
    compute: Callable[[int], Outcome]
    settings: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[Need, ...] = ()
    estimated_seconds: float = 1.0
    version: int = 1
    smoke: bool = False
    repeats: int | None = None
    seed_name: str | None = None

    @property
    def config_hash(self) -> str:
        """The hash under which its results are kept."""
        return config_hash(dict(self.settings), self.version)

    @property
    def cells(self) -> list[Cell]:
        """The cells it fills."""
        k = self.key
        return [
            Cell(
                k.table, k.method, k.configuration, k.space, k.dataset,
                q.metric, q.statistic, q.evaluation,
            )
            for q in self.quantities
        ]  # fmt: skip

    def missing(self) -> list[str]:
        """What is missing and how to get it; empty when it can run."""
        return [reason for need in self.needs if (reason := need.missing()) is not None]
