"""The verdict on each of the paper's results: our values from the evidence, the rules that mark it, the margins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reports.consistency import Inconsistency
from reports.evidence import Evidence, Number
from reports.margins import Margins
from reports.paper_cells import PaperCell, paper_cells
from reports.verdicts import LOWER_IS_BETTER, Verdict, holm, judge

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


def headline(found: Sequence[Judged]) -> Counter[str]:
    """How many results come to which verdict, each table's corrected for being tested at once (Holm)."""
    by_table: dict[str, list[Verdict | None]] = {}
    for one in found:
        by_table.setdefault(one.cell.cell.table, []).append(one.verdict)
    counts: Counter[str] = Counter()
    for verdicts in by_table.values():
        counts.update(str(verdict.name) for verdict in holm([v for v in verdicts if v is not None]))
        counts["SETTING"] += verdicts.count(None)
    return counts


def judged(cell: PaperCell, evidence: Evidence, margins: Margins, marks: Marks) -> Judged:
    """One result."""
    number, missing, command = _ours(cell, evidence)
    verdict = judge(
        cell.number,
        number.values if number else (),
        higher_is_better=cell.cell.metric not in LOWER_IS_BETTER,
        margins=margins,
        not_comparable=cell.source.not_comparable if cell.source else None,
        missing=missing,
        rules=marks.get(cell.id, ()),
    )
    return Judged(cell, number, verdict, command)


def _ours(cell: PaperCell, evidence: Evidence) -> tuple[Number | None, str | None, str]:
    """Our number, what is missing where there is none, and the command that measures it."""
    if cell.source is None:
        return None, cell.missing or f"both cells that it is derived from: {cell.number.method}", ""
    found = evidence.number(cell.source.run, cell.source.metric, cell.number)
    if isinstance(found, Number):
        return found, None, found.command
    return None, " ".join(found.missing), found.command
