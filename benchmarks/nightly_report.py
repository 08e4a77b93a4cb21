"""A night as text: what was noted, cell by cell, and what it comes to."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports.nightly.night import CellNight, Night, Status

_STYLES = {
    Status.DRIFT: "bold red",
    Status.UNTESTED: "yellow",
    Status.BETTER: "green",
    Status.NOISE: "cyan",
    Status.NEW: "dim",
}


def print_night(console: Console, night: Night, results: object) -> None:
    """Cells that were not unchanged, then the ratios, the counts, and how to accept."""
    noted = [cell for cell in night.cells if cell.status not in (Status.UNCHANGED, Status.NEW)]
    if noted:
        table = Table("cell", "", "change (95 % interval)", "in sd", "p", "commits", "note", box=None, pad_edge=False)
        table.columns[0].overflow = "fold"
        for cell in sorted(noted, key=lambda cell: list(_STYLES).index(cell.status)):
            table.add_row(cell.watched.cell, Text(cell.status, _STYLES[cell.status]), *_numbers(cell), cell.note)
        console.print(table)
    for ratio in night.ratios:
        console.print(f"{'SLOWER' if ratio.slower else 'speed'} {ratio.cell}: {ratio.text}")
    for failure in night.failed:
        console.print(f"FAILED {failure}")
    if night.not_run:
        console.print(f"{len(night.not_run)} runs lack their inputs: `python -m benchmarks plan --smoke` says what.")
    counts = ", ".join(f"{night.counts[status]} {status}" for status in Status if night.counts[status])
    console.print(f"{len(night.cells)} cells: {counts}.")
    if new := night.counts[Status.NEW]:
        console.print(
            f"{new} cells have a configuration of which nothing was accepted: they are not guarded yet. "
            "Accept them, or compute a baseline: python -m benchmarks nightly --baseline"
        )
    for cell in night.cells:
        if cell.status is Status.DRIFT:
            console.print(f"DRIFT {cell.watched.cell} {cell.commits}: {_size(cell)}")
    if night.exit_code == 1:
        console.print(f'If it is meant: python -m reports accept CELLS --night {results} --why "..."')


def _numbers(cell: CellNight) -> tuple[str, str, str, str]:
    found = cell.difference
    if found is None:
        return "", "", "", cell.commits
    unit = {"%": " %"}.get(cell.watched.unit, "")
    change = f"{found.value:+.4g} ({found.low:+.4g} to {found.high:+.4g}){unit}"
    in_sd = f"{found.value / found.accepted_sd:+.2f}" if found.accepted_sd else "no spread"
    p = found.p_worse if cell.status is not Status.BETTER else found.p_better
    return change, in_sd, f"{p:.2g}", cell.commits


def _size(cell: CellNight) -> str:
    change, in_sd, p, _ = _numbers(cell)
    if not change:
        return cell.note
    assert cell.difference is not None
    seeds = f"{cell.difference.accepted} accepted and {cell.difference.fresh} fresh seeds"
    return f"{change}, {in_sd}{' sd' * (in_sd != 'no spread')}, p {p}, {seeds}"
