"""The verdict on each of the paper's results: our values from the evidence, the rules that mark it, the margins."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reports.consistency import Inconsistency, check, load_paper
from reports.derivations import DerivedNumber, derive
from reports.equivalence import Sample
from reports.evidence import Evidence, Number
from reports.margins import Margins
from reports.margins import load as load_margins
from reports.paper_cells import Derivation, PaperCell, paper_cells
from reports.verdicts import LOWER_IS_BETTER, OVER_DATASETS, Verdict, holm, judge

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


@functools.cache
def papers_marks() -> Marks:
    """The rules that the paper's numbers break, by the cells that they mark."""
    return marks_of(check(load_paper()))


def judge_all(evidence: Evidence) -> list[Judged]:
    """All results by the declared margins, marked by the rules that the paper's numbers break."""
    return judgements(evidence, load_margins(), papers_marks())


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
        ours_of(number),
        higher_is_better=cell.cell.metric not in LOWER_IS_BETTER,
        margins=margins,
        not_comparable=_not_comparable(cell),
        missing=missing,
        rules=marks.get(cell.id, ()),
    )
    if verdict is not None and number is not None and cell.source is not None and cell.source.caveat:
        verdict = replace(verdict, caveats=(cell.source.caveat, *verdict.caveats))
    return Judged(cell, number, verdict, command)


def ours_of(number: Number | None) -> Sequence[float] | Sample:
    """What is judged of our number: its values by seed, of a derived one what they come to."""
    if isinstance(number, DerivedNumber):
        return number.sample
    return number.values if number else ()


def _ours(cell: PaperCell, evidence: Evidence) -> tuple[Number | None, str | None, str]:
    """Our number, what is missing where there is none, and the command that measures it."""
    if cell.derivation is not None:
        return _derived(cell, cell.derivation, evidence)
    if cell.source is None:
        return None, cell.missing, ""
    found = evidence.number(cell.source.run, cell.source.metric, cell.number)
    if isinstance(found, Number):
        return found, None, found.command
    return None, " ".join(found.missing), found.command


def _derived(cell: PaperCell, derivation: Derivation, evidence: Evidence) -> tuple[Number | None, str | None, str]:
    numbers, lacking, commands = [], [], []
    for side in _sides(derivation):
        number, missing, command = _ours(side, evidence)
        if number is not None:
            numbers.append(number)
            continue
        lacking.append(f"{side.id} ({missing})")
        commands.append(command)
    if lacking:
        wanted = " && ".join(dict.fromkeys(filter(None, commands)))
        return None, f"derived from cells that are not there: {'; '.join(lacking)}", wanted
    found = derive(cell, *numbers)
    return found, None, found.command


def _sides(derivation: Derivation) -> tuple[PaperCell, PaperCell]:
    by_number = {cell.number: cell for cell in paper_cells()}
    return by_number[derivation.first], by_number[derivation.second]


def _not_comparable(cell: PaperCell) -> str | None:
    """Why not; what is derived can be compared only where both of its sides can."""
    if cell.derivation is not None:
        for side in _sides(cell.derivation):
            why = _not_comparable(side) or (OVER_DATASETS if side.cell.table == "5" else None)
            if why:
                return f"derived from {side.id}: {why}"
    return cell.source.not_comparable if cell.source else None
