"""What values say of a predicate or of a part of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reports.claims.keys import Key, Missing
from reports.claims.support import Support


@dataclass(frozen=True)
class Judged:
    """What the values say of a predicate.

    `margin` is the effect in the claimed direction as a share of the values, by which parts of unlike units are
    ordered; `leaves` are the verdicts of the single comparisons in it.
    """

    support: Support
    pointwise: bool | None
    effect: float | None = None
    interval: tuple[float, float] | None = None
    margin: float = 0.0
    text: str = ""
    missing: tuple[Missing, ...] = ()
    used: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()


@dataclass(frozen=True)
class Resolver:
    """Names of references to keys, with the names that sets have bound."""

    bound: Mapping[str, str]

    def __call__(self, metric: str, parts: Sequence[str]) -> Key:
        """The key."""
        return Key.of(self.bound.get(metric, metric), [self.bound.get(part, part) for part in parts])
