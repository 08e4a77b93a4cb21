"""What a predicate asks of a source of values, and what it may answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from reports.claims import vocabulary
from reports.claims.estimates import Measured

Points = tuple[tuple[float, float], ...]
"""Pairs of cost and accuracy, percent."""


@dataclass(frozen=True)
class Key:
    """One quantity: no data set means the mean over data sets, no statistic the mean over runs."""

    metric: str
    method: str
    space: str
    dataset: str | None = None
    cost: str | None = None
    statistic: str | None = None

    @property
    def label(self) -> str:
        """As predicates spell it."""
        parts = (self.method, self.space, self.dataset, self.cost, self.statistic)
        return f"{self.metric}[{', '.join(part for part in parts if part)}]"

    @classmethod
    def of(cls, metric: str, parts: Sequence[str]) -> Key:
        """From the names of a reference, none of them bound any more."""
        found: dict[str, str] = {}
        kinds = list(vocabulary.KINDS)
        for part in parts:
            kind = next(k for k in kinds if part in vocabulary.names(k))
            kinds = kinds[kinds.index(kind) + 1 :]
            found[kind] = part
        return cls(metric, **found)


@dataclass(frozen=True)
class Fronts:
    """The points of each seed, and the runs that they were read from."""

    by_seed: Mapping[int, Points]
    used: tuple[str, ...] = ()


@dataclass(frozen=True)
class Missing:
    """There is no such value: what was asked for, and why it is not there or what would give it."""

    what: str
    why: str


class Source(Protocol):
    """Where values come from: the paper, or what was measured here. The same question has the same answer."""

    def value(self, key: Key) -> Measured | Missing:
        """The value; for a key without a data set only where one number stands for all of them."""

    def datasets(self, key: Key) -> tuple[str, ...]:
        """Where no number stands for all data sets: those that have one."""

    def points(self, key: Key) -> Fronts | Missing:
        """What `point` or `front` stand for, by the seed that both sides of `dominates` share."""

    def evaluations_to_reach(self, target: float, key: Key) -> Measured | Missing:
        """How many architectures the method evaluates until its best reaches `target` percent."""
