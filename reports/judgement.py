"""The verdict on each of the paper's results: our values from the evidence, the rules that mark it, the margins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reports.consistency import Inconsistency
from reports.evidence import Evidence, Number
from reports.margins import Margins
from reports.paper_cells import PaperCell, paper_cells
from reports.verdicts import LOWER_IS_BETTER, Verdict, judge

Marks = Mapping[str, Sequence[tuple[str, str]]]
"""The consistency rules (id, severity) that mark a cell, by the cell's id."""


@dataclass(frozen=True)
class Judged:
    """A cell, our number for it where there is one, and the verdict (None: a setting, which has none)."""

    cell: PaperCell
    number: Number | None
    verdict: Verdict | None
    command: str = ""


def marks_of(found: Sequence[Inconsistency]) -> dict[str, list[tuple[str, str]]]:
    """The rules that mark each cell."""
    by_number = {cell.number: cell.id for cell in paper_cells()}
    marks: dict[str, list[tuple[str, str]]] = {}
    for inconsistency in found:
        for number in inconsistency.cells:
            if number in by_number:  # rules also touch settings, which are no cells
                marks.setdefault(by_number[number], []).append((inconsistency.rule, inconsistency.severity))
    return marks


def judgements(evidence: Evidence, margins: Margins, marks: Marks | None = None) -> list[Judged]:
    """All of the paper's results in its order."""
    return [judged(cell, evidence, margins, marks or {}) for cell in paper_cells()]


def judged(cell: PaperCell, evidence: Evidence, margins: Margins, marks: Marks) -> Judged:
    """One result."""
    rules = marks.get(cell.id, ())
    higher = cell.cell.metric not in LOWER_IS_BETTER
    if cell.is_setting:
        return Judged(cell, None, None)
    if cell.source is None:
        missing = cell.missing or f"both cells that it is derived from: {cell.number.method}"
        verdict = judge(cell.number, (), higher_is_better=higher, margins=margins, missing=missing, rules=rules)
        return Judged(cell, None, verdict)
    number = evidence.number(cell.source.run, cell.source.metric, cell.number)
    if not isinstance(number, Number):
        verdict = judge(
            cell.number, (), higher_is_better=higher, margins=margins, missing=" ".join(number.missing), rules=rules
        )
        return Judged(cell, None, verdict, number.command)
    verdict = judge(
        cell.number, number.values, higher_is_better=higher, margins=margins,
        not_comparable=cell.source.not_comparable, rules=rules,
    )  # fmt: skip
    return Judged(cell, number, verdict, number.command)
