"""Accepting: the values that cells have now become those they are compared with, for a reason that is written down."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pomonag.errors import UserError
from reports.measurements import SHIPPED, RunRecord, load_runs, measurements_of
from reports.nightly.acceptances import Acceptance
from reports.nightly.fingerprint import Fingerprint
from reports.paper_cells import paper_cells

NIGHTS = Path("output/nightly/nights")


def last_night(nights: Path = NIGHTS) -> Path | None:
    """The results of the last night that ran here; None where none did."""
    folders = sorted(folder for folder in nights.iterdir() if folder.is_dir()) if nights.is_dir() else []
    return folders[-1] if folders else None


def acceptances_of(
    patterns: Sequence[str], why: str, night: Path | None = None, results: Path = SHIPPED
) -> list[Acceptance]:
    """One acceptance for each cell that a pattern (an id, or with * and ?) names, with the values it has now.

    Those are the values of `night` where it measured the cell, else the shipped ones. A cell of the paper stands for
    the measured one that is judged against it. Raises UserError for an empty reason, a pattern without a cell and a
    folder without results.
    """
    if not why.strip():
        raise UserError("--why is empty. Say why the new values are right: it is all that will be known about it.")
    measured = _measured(_runs(results, "the shipped results"), why.strip())
    if night is not None:
        measured |= _measured(_runs(night, "that night"), why.strip())
    names = _names(measured)
    chosen = {cell for pattern in patterns for cell in _matching(pattern, names)}
    if lacking := sorted(name for name in chosen if names[name] is None):
        raise UserError(f"{lacking[0]} was not measured: there is nothing to accept. Measure it, then accept.")
    return [measured[cell] for cell in sorted({names[name] or name for name in chosen})]


def _runs(folder: Path, what: str) -> list[RunRecord]:
    runs, problems = load_runs(folder)
    if problems:
        raise UserError(f"{folder}/{problems[0]}. Nothing was accepted: {what} must be whole.")
    if not runs:
        raise UserError(f"{folder} holds no results. Run a night first: python -m benchmarks nightly")
    return runs


def _measured(runs: Iterable[RunRecord], why: str) -> dict[str, Acceptance]:
    """By cell, the values of all seeds that are of one machine and commit: those of the last record."""
    by_cell: dict[str, list[tuple[RunRecord, float]]] = {}
    for run in sorted(runs, key=lambda run: run.recorded):
        for m in measurements_of(run):
            by_cell.setdefault(m.cell.id, []).append((run, m.value))
    found = {}
    for cell, pairs in by_cell.items():
        last = pairs[-1][0]
        machine, commit = Fingerprint.of(last.provenance), last.provenance.get("commit")
        values = {
            run.seed: value
            for run, value in pairs
            if Fingerprint.of(run.provenance) == machine and run.config_hash == last.config_hash
        }
        found[cell] = Acceptance(cell, last.config_hash, values, machine, commit, why)
    return found


def _names(measured: Mapping[str, Acceptance]) -> dict[str, str | None]:
    """Every name that may be given, with the measured cell it stands for (None: nothing was measured)."""
    by_source = {}
    for paper_cell in paper_cells():
        cell, source = paper_cell.cell, paper_cell.source
        ours = None
        if source is not None:
            head = f"{source.run.id}-{source.metric}-"
            ours = next((name for name in measured if name.startswith(head)), None)
        by_source[cell.id] = ours
    return by_source | {cell: cell for cell in measured}


def _matching(pattern: str, names: Mapping[str, str | None]) -> list[str]:
    if pattern in names:
        return [pattern]
    # A pattern means what there is to accept; a cell of the paper without a value of ours is named or not at all.
    found = [name for name, cell in names.items() if cell is not None and fnmatch.fnmatchcase(name, pattern)]
    if not found:
        near = difflib.get_close_matches(pattern.lower(), names, n=1, cutoff=0.4)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise UserError(
            f"unknown cell {pattern!r}: expected the id of one of {len(names)} cells, or a pattern like "
            f"'table4-*-validity-*'.{hint}"
        )
    return found
