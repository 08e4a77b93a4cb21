"""Which cells would gain most from how many more seeds, and what those cost: the runs worth starting next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reports.measurements import RunKey
from reports.planning import Plan, chances
from reports.verdict import Name, Verdict, more_seeds


@dataclass(frozen=True)
class OpenCell:
    """A judged cell and the runs that its values come from; cells of the same runs share their seeds and their cost.

    A derived cell has two runs. `plan` (`verdicts.plan_of`) is None where the chance cannot be computed: single values
    and counts. `seconds_a_seed` is the wall time of one seed of all its runs.
    """

    cell: str
    runs: tuple[RunKey, ...]
    verdict: Verdict
    seeds: int
    plan: Plan | None
    seconds_a_seed: float


@dataclass(frozen=True)
class Proposal:
    """More seeds of each of `runs`: `gain` is how many of its open `cells` they are expected to decide.

    None where that cannot be computed before a second value is there.
    """

    runs: tuple[RunKey, ...]
    more: int
    seconds: float
    gain: float | None
    cells: tuple[str, ...]

    @property
    def name(self) -> str:
        """The runs by their ids."""
        return " and ".join(run.id for run in self.runs)

    @property
    def gain_an_hour(self) -> float:
        """Verdicts expected for an hour of computing (0 where unknown)."""
        return 3600 * (self.gain or 0.0) / max(self.seconds, 1e-9)


def next_seeds(cells: Iterable[OpenCell], max_seconds: float | None = None) -> list[Proposal]:
    """One proposal a run that has INCONCLUSIVE cells which seeds can decide, the most verdicts for the time first.

    For each run the number of seeds is the one that any of its cells asks for with the most verdicts expected for
    the time. With `max_seconds` the first ones that fit together.
    """
    by_run: dict[tuple[RunKey, ...], list[OpenCell]] = {}
    for cell in cells:
        if cell.verdict.name is Name.INCONCLUSIVE and cell.verdict.needed_seeds:
            by_run.setdefault(cell.runs, []).append(cell)
    proposals = sorted((_best(group) for group in by_run.values()), key=_urgency)
    if max_seconds is None:
        return proposals
    affordable = []
    for proposal in proposals:
        if proposal.seconds <= max_seconds:
            max_seconds -= proposal.seconds
            affordable.append(proposal)
    return affordable


def lines(proposals: Sequence[Proposal], open_without_seeds: int = 0, too_dear: int = 0) -> list[str]:
    """The proposals as text, one a line; then what no number of seeds decides, and what is above the time given."""
    result = [
        f"{p.name}: {more_seeds(p.more)}, {_time(p.seconds)}, {_gain(p)}: {', '.join(p.cells)}" for p in proposals
    ]
    if not result and not too_dear:
        result.append("No cell is INCONCLUSIVE for want of seeds: more of them would decide none.")
    if too_dear:
        result.append(f"{_count(too_dear, 'proposal')} would take longer than the time given.")
    if open_without_seeds:
        verb = "stays" if open_without_seeds == 1 else "stay"
        result.append(f"{_count(open_without_seeds, 'INCONCLUSIVE cell')} {verb} open whatever the number of seeds.")
    return result


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _best(cells: Sequence[OpenCell]) -> Proposal:
    options = [_proposal(cells, more) for more in sorted({cell.verdict.needed_seeds or 0 for cell in cells})]
    return min(options, key=_urgency)


def _proposal(cells: Sequence[OpenCell], more: int) -> Proposal:
    known = [sum(float(part[0]) for part in chances(c.plan, c.seeds + more)) for c in cells if c.plan is not None]
    # The seeds of a run are computed one after the other, each once for all of its cells.
    seconds = more * max(cell.seconds_a_seed for cell in cells)
    helped = tuple(c.cell for c in cells if (c.verdict.needed_seeds or 0) <= more)
    return Proposal(cells[0].runs, more, seconds, sum(known) if known else None, helped)


def _urgency(proposal: Proposal) -> tuple[bool, float, float, str]:
    return proposal.gain is None, -proposal.gain_an_hour, proposal.seconds, proposal.name


def _gain(proposal: Proposal) -> str:
    if proposal.gain is None:
        return "gain not known yet"
    return f"{proposal.gain:.1f} verdicts expected of"


def _time(seconds: float) -> str:
    """`40 s`, `12 min`, `3.5 h`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
