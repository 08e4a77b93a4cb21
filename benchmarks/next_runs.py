"""The seeds that `python -m reports next` proposes, as steps to run, and what they changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.runner import Step, plan
from benchmarks.runs import Run
from reports.evidence import Evidence, gather
from reports.judgement import Judged, judge_all
from reports.margins import load as load_margins
from reports.measurements import SHIPPED, RunKey
from reports.open_cells import Next, what_next


@dataclass(frozen=True)
class Proposed:
    """What is judged now, what to run next, and its steps; `notes` say why a proposal comes to fewer of them."""

    judged: Sequence[Judged]
    next: Next
    steps: Sequence[Step]
    notes: Sequence[str]


def propose(runs: Sequence[Run], folder: Path, max_seconds: float | None = None) -> Proposed:
    """The proposals for these runs, from what ships and what is in the folder, where the new seeds go."""
    evidence = _evidence(folder)
    judged = judge_all(evidence)
    by_key = {run.key: run for run in runs}
    mine = [one for one in judged if one.number is None or all(m.run.key in by_key for m in one.number.measurements)]
    found = what_next(mine, load_margins(), max_seconds)
    wanted: dict[RunKey, int] = {}
    for proposal in found.proposals:
        for key in proposal.runs:
            wanted[key] = max(wanted.get(key, 0), proposal.more)
    steps: list[Step] = []
    notes: list[str] = []
    for key, more in wanted.items():
        new = _new_seeds(by_key[key], more, evidence, folder)
        steps += new
        if by_key[key].repeats is not None and len(new) < more:
            notes.append(f"{key.id}: {len(new)} of {more} seeds, for the others would give the same values")
    return Proposed(judged, found, steps, notes)


def changes(before: Sequence[Judged], folder: Path) -> list[str]:
    """One line a cell whose verdict is another one now, and how many INCONCLUSIVE cells are left."""
    now = {one.cell.id: one for one in judge_all(_evidence(folder))}
    pairs = [(one, now[one.cell.id]) for one in before]
    lines = [f"{old.cell.id}: {_text(old)} -> {_text(new)}" for old, new in pairs if _text(old) != _text(new)]
    counts = [sum(_text(one).startswith("INCONCLUSIVE") for one in side) for side in zip(*pairs)]
    return [*(lines or ["no verdict changed"]), f"INCONCLUSIVE cells: {counts[0]} before, {counts[1]} now"]


def _evidence(folder: Path) -> Evidence:
    return gather(SHIPPED, None if folder.resolve() == SHIPPED.resolve() else folder)


def _new_seeds(run: Run, more: int, evidence: Evidence, folder: Path) -> list[Step]:
    """The first so many seeds that are not there. Results of another configuration are not: all are run again."""
    there = {record.seed for record in evidence.runs(run.key) if record.config_hash == run.config_hash}
    if not there:
        more += len(evidence.runs(run.key))
    steps = plan([run], folder, seeds=max(there, default=-1) + 1 + more)
    return [step for step in steps if step.seed not in there][:more]


def _text(one: Judged) -> str:
    return one.verdict.text if one.verdict else ""
