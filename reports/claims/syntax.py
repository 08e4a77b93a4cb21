"""What a predicate is made of: quantities, comparisons of two of them, and combinations of comparisons."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True)
class Reference:
    """`metric[method, space, dataset, cost, statistic]`; each name is one of the vocabulary or bound by a set."""

    metric: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Arithmetic:
    """`left operator right` with one of + - * /."""

    operator: str
    left: Quantity
    right: Quantity


@dataclass(frozen=True)
class Extreme:
    """The largest or the smallest of several quantities; abs(x) is the largest of x and -x."""

    largest: bool
    of: tuple[Quantity, ...]


@dataclass(frozen=True)
class LowerBound:
    """`lower95(x)`: the lower end of the 95 % interval of x; stands alone on the larger side of a comparison."""

    of: Quantity


@dataclass(frozen=True)
class EvaluationsToReach:
    """How many architectures a method evaluates until the best of them reaches a target accuracy."""

    target: Quantity
    parts: tuple[str, ...]


Quantity = Number | Reference | Arithmetic | Extreme | LowerBound | EvaluationsToReach


@dataclass(frozen=True)
class Comparison:
    """`left operator right` with one of < <= > >=."""

    operator: str
    left: Quantity
    right: Quantity


@dataclass(frozen=True)
class Dominates:
    """A point is at least as good as a member of a front in both objectives, and better in one."""

    point: Reference
    front: Reference


@dataclass(frozen=True)
class AtLeast:
    """At least `number` of the parts hold; all of them where `number` is None."""

    number: int | None
    parts: tuple[Predicate, ...]


@dataclass(frozen=True)
class Over:
    """At least `number` members of a set, all where it is None, satisfy `body` when put in the place of `name`."""

    number: int | None
    members: str
    name: str
    body: Predicate


@dataclass(frozen=True)
class Not:
    """The contrary."""

    part: Predicate


Predicate = Comparison | Dominates | AtLeast | Over | Not
