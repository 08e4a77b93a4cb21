"""Equivalence margins by metric: how far apart two means may lie and still be the same result."""

from __future__ import annotations

import functools
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from pomonag.errors import UserError, unknown_name

PATH = Path(__file__).parent / "margins.toml"
Kind = Literal["absolute", "relative", "ratio"]
_KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Margin:
    """`absolute` in the metric's unit, `relative` as a share of the paper's value, `ratio` as a factor either way."""

    kind: Kind
    size: float

    def around(self, value: float) -> float:
        """The largest difference from `value` that still counts as equal, in the unit of `value`.

        >>> Margin("absolute", 0.5).around(94.37), Margin("relative", 0.25).around(-80.0)
        (0.5, 20.0)
        """
        if self.kind == "ratio":
            raise ValueError("a ratio has no single difference: the range of counts is not symmetric")
        return self.size if self.kind == "absolute" else self.size * abs(value)


@dataclass(frozen=True)
class Margins:
    """The margin of each metric."""

    by_metric: Mapping[str, Margin]

    def of(self, metric: str) -> Margin:
        """Raises UserError for a metric that has none, because a margin set after the runs would be worth nothing."""
        if metric not in self.by_metric:
            raise UserError(f"no margin in {PATH.name}: {unknown_name('metric', metric, self.by_metric)}")
        return self.by_metric[metric]


@functools.cache
def load(path: Path = PATH) -> Margins:
    """All margins of a file. Raises UserError that names the line and the column, or the key, of a mistake."""
    try:
        text = path.read_text(encoding="utf-8")
        sections = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        # The message of a TOMLDecodeError ends with line and column.
        raise UserError(
            f"{path}: {error}. Expected TOML with sections like [accuracy], metrics = [...], absolute = 0.5."
        ) from error
    by_metric: dict[str, Margin] = {}
    for name, section in sections.items():
        place = _Place(path, text, name)
        margin, metrics = _margin(section, place), _metrics(section, place)
        for metric in metrics:
            if metric in by_metric:
                raise UserError(f"{place.of('metrics')}: {metric!r} has a margin already. Keep one of the two.")
            by_metric[metric] = margin
    return Margins(by_metric)


@dataclass(frozen=True)
class _Place:
    """A section of the file. What the parser hands over has no lines, so they are looked for."""

    path: Path
    text: str
    section: str

    def __str__(self) -> str:
        return f"{self.path}{self._line()}, [{self.section}]"

    def of(self, key: str) -> str:
        """The place of one of its keys, or of the section where it lacks the key."""
        return f"{self.path}{self._line(key)}, [{self.section}], key {key}"

    def _line(self, key: str | None = None) -> str:
        found, inside = 0, False
        for number, line in enumerate(self.text.splitlines(), start=1):
            name, _, _ = line.partition("=")
            if line.lstrip().startswith("[") or (not found and name.strip() == self.section):
                inside = name.strip(" []\t") == self.section
                found = number if inside else found
            elif inside and name.strip() == key:
                found, inside = number, False
        return f", line {found}" if found else ""


def _margin(section: Any, place: _Place) -> Margin:
    if not isinstance(section, dict):
        raise UserError(f"{place}: got {section!r}; expected a section with metrics and one of {', '.join(_KINDS)}.")
    unknown = sorted(section.keys() - {"metrics", *_KINDS})
    if unknown:
        raise UserError(f"{place.of(unknown[0])}: expected metrics and one of {', '.join(_KINDS)}.")
    kinds = [kind for kind in _KINDS if kind in section]
    if len(kinds) != 1:
        got = " and ".join(kinds) or "no margin"
        raise UserError(f"{place}: got {got}; expected exactly one of {', '.join(_KINDS)}.")
    kind, size = kinds[0], section[kinds[0]]
    least = 1.0 if kind == "ratio" else 0.0
    if isinstance(size, bool) or not isinstance(size, int | float) or not least < size < math.inf:
        raise UserError(f"{place.of(kind)}: got {size!r}; expected a number above {least:g}.")
    return Margin(kind, float(size))


def _metrics(section: dict[str, Any], place: _Place) -> list[str]:
    metrics = section.get("metrics")
    if not isinstance(metrics, list) or not metrics or not all(isinstance(m, str) for m in metrics):
        raise UserError(f'{place.of("metrics")}: got {metrics!r}; expected names like ["validity", "novelty"].')
    return metrics
