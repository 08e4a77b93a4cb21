"""The INCONCLUSIVE cells of the paper among what was measured: which runs they need more seeds of, at what price."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reports.equivalence import Sample
from reports.evidence import Number
from reports.judgement import Judged, ours_of
from reports.margins import Margins
from reports.measurements import RunKey
from reports.next_seeds import OpenCell, Proposal, lines, next_seeds
from reports.verdicts import Name, plan_of

_WITHOUT_SEEDS = (Name.NOT_RUN, Name.NOT_COMPARABLE, Name.PAPER_INCONSISTENT)


@dataclass(frozen=True)
class Next:
    """What to run next within the time given; `too_dear` proposals are above it, `stuck` cells wait for no seed.

    `others` counts the verdicts of all other cells.
    """

    proposals: tuple[Proposal, ...]
    too_dear: int
    stuck: int
    others: Mapping[str, int]

    @property
    def lines(self) -> list[str]:
        """As text; also how many cells are none of the seeds' business."""
        without = ", ".join(f"{self.others[name]} {name}" for name in _WITHOUT_SEEDS if self.others.get(name))
        return [
            *lines(self.proposals, self.stuck, self.too_dear),
            *([f"Of other cells {without}: no number of seeds changes that."] if without else []),
        ]


def what_next(found: Sequence[Judged], margins: Margins, max_seconds: float | None = None) -> Next:
    """The seeds that would decide most cells for their time."""
    cells = open_cells(found, margins)
    proposals = next_seeds(cells, max_seconds)
    stuck = sum(not cell.verdict.needed_seeds for cell in cells)
    others = Counter(one.verdict.name for one in found if one.verdict and one.verdict.name is not Name.INCONCLUSIVE)
    return Next(tuple(proposals), len(next_seeds(cells)) - len(proposals), stuck, others)


def open_cells(found: Sequence[Judged], margins: Margins) -> list[OpenCell]:
    """The INCONCLUSIVE ones, each with its runs and the median of their wall seconds."""
    return [
        OpenCell(
            cell=one.cell.id,
            runs=_runs(one.number),
            verdict=one.verdict,
            seeds=_seeds(one.number),
            plan=plan_of(one.cell.number, ours_of(one.number), margins),
            seconds_a_seed=_seconds(one.number),
        )
        for one in found
        if one.verdict is not None and one.verdict.name is Name.INCONCLUSIVE and one.number is not None
    ]


def _runs(number: Number) -> tuple[RunKey, ...]:
    return tuple(dict.fromkeys(m.run.key for m in number.measurements))


def _seeds(number: Number) -> int:
    ours = ours_of(number)
    return int(ours.n) if isinstance(ours, Sample) else len(ours)


def _seconds(number: Number) -> float:
    return sum(
        statistics.median(m.run.wall_seconds for m in number.measurements if m.run.key == key) for key in _runs(number)
    )
