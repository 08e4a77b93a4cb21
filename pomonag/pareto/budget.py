"""A budget such as `params<0.5M, latency_ms<12`: which architectures a person can afford."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pomonag.errors import UserError, unknown_name

# What may be bounded, and from which side; costs from above, accuracy (percent) from below.
_SIGNS = {"accuracy": ">", "params": "<", "macs": "<", "latency_ms": "<"}
_UNITS = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9}
_LIMIT = re.compile(r"\s*([A-Za-z_]+)\s*(<=|>=|<|>)\s*([0-9.eE+-]+?)\s*([A-Za-z%]*)\s*")


@dataclass(frozen=True)
class Limit:
    """One bound: `name` `sign` `value`, with sign one of <, <=, >, >=."""

    name: str
    sign: str
    value: float

    def __str__(self) -> str:
        return f"{self.name}{self.sign}{_with_unit(self.name, self.value)}"

    def satisfied(self, values: ArrayLike) -> np.ndarray:
        """Whether each value keeps the bound, [n]; nan does not."""
        found = np.asarray(values, dtype=np.float64)
        compare = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}[self.sign]
        return compare(found, self.value)

    def excess(self, values: ArrayLike) -> np.ndarray:
        """By which share of the bound each value misses it, [n]; 0 where it is kept, infinite for nan."""
        found = np.asarray(values, dtype=np.float64)
        missed = (found - self.value if "<" in self.sign else self.value - found) / self.value
        missed = np.where(np.isnan(missed), np.inf, np.maximum(missed, 0.0))
        return np.where(self.satisfied(found), 0.0, np.maximum(missed, np.finfo(float).tiny))


@dataclass(frozen=True)
class Budget:
    """Bounds that all must be kept. Falsy without any."""

    limits: tuple[Limit, ...] = ()

    def __str__(self) -> str:
        return ", ".join(map(str, self.limits))

    def __bool__(self) -> bool:
        return bool(self.limits)

    def satisfied(self, values: Mapping[str, ArrayLike]) -> np.ndarray:
        """Which architectures keep every bound, [n]; `values` holds [n] numbers by the names that the limits use."""
        within = np.ones(len(np.asarray(next(iter(values.values())))), dtype=bool)
        for limit in self.limits:
            within &= limit.satisfied(values[limit.name])
        return within

    def affordable(self, values: Mapping[str, ArrayLike]) -> np.ndarray:
        """Positions of the architectures within the budget; UserError with the nearest reachable one if there is none.

        The nearest misses its worst bound by the smallest share.
        """
        within = np.flatnonzero(self.satisfied(values))
        if len(within) or not self.limits:
            return within
        if not len(np.asarray(next(iter(values.values())))):
            raise UserError(f"no valid architecture was found, so none keeps the budget {self}. Try another seed.")
        worst = np.max([limit.excess(values[limit.name]) for limit in self.limits], axis=0)
        nearest = int(np.argmin(worst))
        reached = ", ".join(
            f"{limit.name}={_with_unit(limit.name, float(np.asarray(values[limit.name])[nearest]))}"
            for limit in self.limits
        )
        raise UserError(f"no architecture keeps the budget {self}. The nearest reachable has {reached}.")


def parse_budget(text: str | None) -> Budget:
    """The budget that `text` describes: bounds on accuracy, params, macs, latency_ms, separated by commas.

    Numbers may carry k, M or G; latency is in milliseconds, accuracy in percent. Nothing gives the empty budget.

    >>> str(parse_budget("params < 500k, latency_ms <= 12"))
    'params<0.5M, latency_ms<=12'
    """
    limits: list[Limit] = []
    for part in (text or "").split(","):
        if not part.strip():
            continue
        limit = _parse_limit(part)
        if any(limit.name == other.name for other in limits):
            raise UserError(f"the budget {text!r} bounds {limit.name} twice, expected one bound for each.")
        limits.append(limit)
    return Budget(tuple(limits))


def as_budget(given: Budget | str | None) -> Budget:
    """What a caller may hand over, text too, as a budget; UserError for anything else."""
    if isinstance(given, Budget):
        return given
    if given is None or isinstance(given, str):
        return parse_budget(given)
    raise UserError(f"got the budget {given!r}; expected text such as 'params<0.5M, latency_ms<12', or a Budget")


def _parse_limit(text: str) -> Limit:
    match = _LIMIT.fullmatch(text)
    if not match:
        raise UserError(f"cannot read the bound {text.strip()!r}, expected for example params<0.5M or latency_ms<12.")
    name, sign, number, unit = match.groups()
    if name == "latency":
        name = "latency_ms"
    if name not in _SIGNS:
        raise unknown_name("quantity in the budget", name, _SIGNS)
    if sign[0] != _SIGNS[name]:
        side = "from above, with <" if _SIGNS[name] == "<" else "from below, with >"
        raise UserError(f"the budget has {text.strip()!r}, expected {name} to be bounded {side}.")
    try:
        value = float(number)
    except ValueError:
        raise UserError(f"{number!r} in {text.strip()!r} is not a number.") from None
    if unit in {"accuracy": ("%",), "latency_ms": ("ms",)}.get(name, ()):
        unit = ""
    elif name in ("accuracy", "latency_ms") and unit:
        raise UserError(
            f"{text.strip()!r} has the unit {unit!r}, expected {'percent' if name == 'accuracy' else 'ms'}."
        )
    if unit not in _UNITS:
        raise UserError(f"{text.strip()!r} has the unit {unit!r}, expected k, M, G or none.")
    value *= _UNITS[unit]
    if not math.isfinite(value) or value <= 0:
        raise UserError(f"{text.strip()!r} bounds {name} by {number}, expected a number above 0.")
    return Limit(name, sign, value)


def _with_unit(name: str, value: float) -> str:
    if name in ("params", "macs") and value >= 1e4:
        return f"{value / 1e6:.6g}M"
    return f"{value:.6g}"
