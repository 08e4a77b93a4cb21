"""What a rule is, and the register of all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from reports.consistency.paper import Paper
from reports.paper_numbers import PaperNumber

# `impossible`: no measurement by any reading of the text could give the marked numbers, so it sets their verdict.
# `caveat`: the numbers can have been measured, but they do not mean, or do not show, what the text says. An interval
# that cannot be is a caveat as long as the mean it surrounds can.
Severity = Literal["impossible", "caveat"]


@dataclass(frozen=True)
class Inconsistency:
    """What a rule found: where, in which words of ours, by which arithmetic, and the numbers that it touches."""

    rule: str
    severity: Severity
    title: str
    place: str
    sentence: str
    arithmetic: str
    cells: tuple[PaperNumber, ...]


@dataclass(frozen=True)
class Flaw:
    """What the function of a rule returns when it finds one."""

    sentence: str
    arithmetic: str
    cells: tuple[PaperNumber, ...] = ()


Find = Callable[[Paper], Flaw | None]


@dataclass(frozen=True)
class Rule:
    """One rule: called with a paper it gives an Inconsistency, or None if the paper has no such flaw."""

    id: str
    severity: Severity
    title: str
    place: str
    find: Find

    def __call__(self, paper: Paper) -> Inconsistency | None:
        flaw = self.find(paper)
        if flaw is None:
            return None
        return Inconsistency(
            rule=self.id,
            severity=self.severity,
            title=self.title,
            place=self.place,
            sentence=flaw.sentence,
            arithmetic=flaw.arithmetic,
            cells=flaw.cells,
        )


_REGISTER: dict[str, Rule] = {}


def rule(number: int, severity: Severity, title: str, place: str) -> Callable[[Find], Find]:
    """Register a function as rule PI-`number`; its docstring begins with the place."""

    def register(find: Find) -> Find:
        name = f"PI-{number:02d}"
        if name in _REGISTER:
            raise ValueError(f"two rules are called {name}: {_REGISTER[name].find.__name__} and {find.__name__}")
        _REGISTER[name] = Rule(name, severity, title, place, find)
        return find

    return register


def registered() -> Mapping[str, Rule]:
    """All rules in order of their ids."""
    return MappingProxyType(dict(sorted(_REGISTER.items())))
