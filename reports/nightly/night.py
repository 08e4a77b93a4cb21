"""A night's judgement: each watched cell unchanged, noise, a change for the better, or drift; no run starts here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from reports.comparison import tolerance_of
from reports.nightly.accepted import AcceptedValue, differs
from reports.nightly.drift import LOWER_IS_BETTER, Difference, difference, level
from reports.nightly.fingerprint import Fingerprint
from reports.nightly.power import POWER, balanced_seeds, fresh_seeds_needed, power
from reports.nightly.ratios import Ratio

Values = Mapping[int, float | None]
"""By seed; None where the metric was undefined for it, like the novelty of nothing valid."""


class Status(StrEnum):
    """What became of a cell; `CHANGED` waits for its fresh seeds."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    NOISE = "noise"
    BETTER = "change for the better"
    DRIFT = "drift"
    UNTESTED = "untested"
    NEW = "new"


@dataclass(frozen=True)
class Watched:
    """A cell under guard. `exact` ones are the same for every seed by construction: one value says all."""

    cell: str
    metric: str
    unit: str
    config_hash: str
    exact: bool = False

    @property
    def higher_is_better(self) -> bool:
        """The direction of the metric."""
        return self.metric not in LOWER_IS_BETTER


@dataclass(frozen=True)
class CellNight:
    """What a night found about a cell; `commits` is the range in which it changed."""

    watched: Watched
    status: Status
    note: str = ""
    commits: str = ""
    difference: Difference | None = None
    power: float | None = None


@dataclass(frozen=True)
class Night:
    """All that a night found. `failed` are runs that ended in an error, `not_run` those that lack their inputs."""

    cells: Sequence[CellNight]
    ratios: Sequence[Ratio] = ()
    failed: Sequence[str] = ()
    not_run: Sequence[str] = ()

    @property
    def counts(self) -> Counter[str]:
        """Cells by status."""
        return Counter(str(cell.status) for cell in self.cells)

    @property
    def exit_code(self) -> int:
        """1 for drift or a ratio that got slower, 2 where something could not be judged, else 0."""
        if any(cell.status is Status.DRIFT for cell in self.cells) or any(ratio.slower for ratio in self.ratios):
            return 1
        return 2 if self.failed or any(cell.status is Status.UNTESTED for cell in self.cells) else 0


def compare_fixed(
    watched: Watched, accepted: Mapping[int, AcceptedValue], tonight: Values, machine: Fingerprint, commit: str
) -> CellNight:
    """The fixed seeds against the accepted ones of this machine: unchanged, changed, or nothing to compare with.

    Where nothing was accepted on this machine the cell counts as changed: it goes straight to the fresh seeds.
    """
    if not accepted:
        return CellNight(watched, Status.NEW, "nothing of this configuration was accepted yet")
    commits = commit_range(accepted, commit)
    if watched.exact:
        return _compare_exact(watched, accepted, tonight, machine, commits)
    comparable = [seed for seed in tonight if seed in accepted and accepted[seed].fingerprint == machine]
    if not comparable:
        others = ", ".join(sorted({str(value.fingerprint) for value in accepted.values()}))
        return CellNight(watched, Status.CHANGED, f"no accepted value from this machine, only from {others}", commits)
    for seed in comparable:
        old, new = accepted[seed].value, tonight[seed]
        if new is None or differs(old, new):
            text = "undefined" if new is None else f"{new:.6g}"
            return CellNight(watched, Status.CHANGED, f"seed {seed}: {old:.6g} before, {text} now", commits)
    return CellNight(watched, Status.UNCHANGED, commits=commits)


def _compare_exact(
    watched: Watched, accepted: Mapping[int, AcceptedValue], tonight: Values, machine: Fingerprint, commits: str
) -> CellNight:
    (seed, new), old = next(iter(tonight.items())), next(iter(accepted.values()))
    if new is None:
        return CellNight(watched, Status.DRIFT, f"seed {seed}: {old.value:.6g} before, undefined now", commits)
    # Another machine may take sums in another order; between machines the metric's declared tolerance holds.
    same = (
        not differs(old.value, new)
        if old.fingerprint == machine
        else tolerance_of(watched.metric, watched.unit).holds(old.value, new)
    )
    if same:
        return CellNight(watched, Status.UNCHANGED, commits=commits)
    worse = (new < old.value) == watched.higher_is_better
    note = f"{old.value:.6g} before, {new:.6g} now; the same for every seed, so that no chance is in it"
    return CellNight(watched, Status.DRIFT if worse else Status.BETTER, note, commits)


def seeds_for(accepted: int, cells: int) -> int:
    """Fresh seeds for a cell; where no number reaches the power, as many as would beside equally many accepted."""
    return fresh_seeds_needed(accepted, cells) or balanced_seeds(cells)


def judge_fresh(changed: CellNight, accepted: Mapping[int, AcceptedValue], fresh: Values, cells: int) -> CellNight:
    """A changed cell after its fresh seeds, one of `cells` that are watched."""
    watched, commits = changed.watched, changed.commits
    values = [value for value in fresh.values() if value is not None]
    undefined = len(fresh) - len(values)
    notes = [changed.note]
    if fresh and undefined * 2 >= len(fresh):
        notes.append(f"undefined for {undefined} of {len(fresh)} fresh seeds")
        return CellNight(watched, Status.DRIFT, "; ".join(notes), commits)
    if min(len(values), len(accepted)) < 2:
        notes.append(f"{len(accepted)} accepted and {len(values)} fresh seeds; a comparison needs two of each")
        return CellNight(watched, Status.UNTESTED, "; ".join(notes), commits)
    if undefined:
        notes.append(f"undefined for {undefined} of {len(fresh)} fresh seeds, which are left out")
    found = difference([value.value for value in accepted.values()], values, watched.higher_is_better)
    chance = power(len(accepted), len(values), cells)
    if chance < POWER:
        needed = balanced_seeds(cells)
        notes.append(
            f"only {len(accepted)} accepted and {len(values)} fresh seeds: a drop of 2 sd is found with {chance:.0%}, "
            f"not the declared {POWER:.0%}, which takes {needed} of each"
        )
    status = Status.NOISE
    if found.p_worse <= level(cells):
        status = Status.DRIFT
    elif found.p_better <= level(cells):
        status = Status.BETTER
    return CellNight(watched, status, "; ".join(notes), commits, found, chance)


def commit_range(accepted: Mapping[int, AcceptedValue], commit: str) -> str:
    """`0123456789..9876543210`: from the code behind the last accepted value to tonight's."""
    last = max(accepted.values(), key=lambda value: value.recorded)
    return f"{(last.commit or 'unknown')[:10]}..{commit}"
