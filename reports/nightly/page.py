"""What the report shows of past nights: a table, and a sparkline for each cell that moved."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from reports.nightly.accepted import differs
from reports.nightly.history import HISTORY, NightRecord, read_history, series
from reports.nightly.sparkline import sparkline

SHOWN = 30
"""The last nights that the page shows."""


@dataclass(frozen=True)
class Line:
    """A cell's or ratio's last nights."""

    name: str
    svg: Markup
    first: float
    last: float
    moved: bool


@dataclass(frozen=True)
class NightlyPage:
    """For `templates/nightly.html`: the nights, latest first; lines of ratios and of cells that moved."""

    nights: Sequence[NightRecord]
    lines: Sequence[Line]
    still: int
    problems: Sequence[str]


def nightly_page(folder: Path = HISTORY) -> NightlyPage:
    """The context `nightly` of the partial; without a history it says that there is none."""
    nights, problems = read_history(folder)
    nights = nights[-SHOWN:]
    ratios = {name for night in nights for name in night.ratios}
    lines = [_line(name, values) for name, values in series(nights).items()]
    shown = [line for line in lines if line.moved or line.name in ratios]
    return NightlyPage(nights[::-1], shown, len(lines) - len(shown), problems)


def _line(name: str, values: Sequence[float]) -> Line:
    known = [value for value in values if math.isfinite(value)]
    label = f"{name}: {known[0]:.4g} to {known[-1]:.4g} over {len(known)} nights"
    moved = differs(min(known), max(known))
    return Line(name, sparkline(values, label), known[0], known[-1], moved)
