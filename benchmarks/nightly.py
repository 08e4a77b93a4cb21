"""A night: fixed seeds against what is accepted, fresh seeds for what changed, speed ratios, one record of it all."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from benchmarks import runner
from benchmarks.nightly_speed import speed_runs
from benchmarks.recorded import Recorded
from benchmarks.runs import Run
from pomonag.errors import UserError
from pomonag.records.provenance import provenance
from pomonag.records.record_store import RecordStore
from reports.comparison import OF_THE_MACHINE
from reports.measurements import RunRecord, measurements_of
from reports.nightly import history
from reports.nightly.accepted import Accepted, AcceptedValue
from reports.nightly.fingerprint import Fingerprint
from reports.nightly.night import CellNight, Night, Status, Values, Watched, compare_fixed, judge_fresh, seeds_for
from reports.nightly.power import balanced_seeds
from reports.nightly.ratios import Ratio, judge_ratio

Say = Callable[[str], None]


@dataclass
class Nightly:
    """How a night is run: what is accepted, where results and history go, how many fixed seeds, how long at most."""

    accepted: Accepted
    results: Path
    history: Path
    seeds: int = 3
    max_hours: float = 1.0
    say: Say = lambda text: None
    _records: dict[tuple[str, int], RunRecord] = field(default_factory=dict)
    _failed: list[str] = field(default_factory=list)

    def run(self, runs: Sequence[Run], speed: Sequence[Run]) -> Night:
        """The whole night. Raises UserError before anything is computed where a folder cannot be used.

        One thread, whatever the environment says: it is part of the machine's fingerprint.
        """
        started = time.perf_counter()
        torch.set_num_threads(1)
        if self.results.exists() and any(self.results.iterdir()):
            raise UserError(
                f"{self.results} is not empty. A night measures everything anew, and must not take old results for "
                "tonight's: give a new folder."
            )
        store = history.store(self.history)
        try:
            history.read_history(self.history)  # a newer version's history is refused before, not after, the work
            origin = provenance()
            machine, commit = Fingerprint.of(origin), _commit(origin)
            self.say(f"{commit} on {machine}")
            lacking = [run for run in runs if run.missing()]
            able = [run for run in runs if run not in lacking]
            if not able:
                raise UserError(f"none of {len(runs)} runs can run here: {' '.join(lacking[0].missing())}")
            # Speed first, while the process holds nothing yet that could slow one side more than the other.
            ratios = self._ratios(speed, machine)
            cells = self._cells(able, machine, commit, started)
            night = Night(cells, ratios, self._failed, [run.key.id for run in lacking])
            seconds = time.perf_counter() - started
            store.append(history.record_of(night, self._means(able), commit, machine, seconds).to_json())
        finally:
            store.close()
        return night

    def _cells(self, runs: Sequence[Run], machine: Fingerprint, commit: str, started: float) -> list[CellNight]:
        self._measure(runs, {run.key.id: range(_repeats(run, self.seeds)) for run in runs})
        self._failed = sorted(set(self._failed))
        measured = [run for run in runs if (run.key.id, 0) in self._records]
        found = {
            run.key.id: [
                compare_fixed(w, self._of(w), self._values(run, w, range(_repeats(run, self.seeds))), machine, commit)
                for w in watched(run)
            ]
            for run in measured
        }
        cells = sum(not c.watched.exact for every in found.values() for c in every)
        changed = {run.key.id: [c for c in found[run.key.id] if c.status is Status.CHANGED] for run in measured}
        fresh = self._fresh_seeds([run for run in measured if changed[run.key.id]], changed, cells, started)
        self._measure([run for run in measured if run.key.id in fresh], fresh)
        return [
            judge_fresh(c, self._of(c.watched), self._values(run, c.watched, fresh[run.key.id]), cells)
            if c.status is Status.CHANGED
            else c
            for run in measured
            for c in found[run.key.id]
        ]

    def _fresh_seeds(
        self, runs: Sequence[Run], changed: Mapping[str, Sequence[CellNight]], cells: int, started: float
    ) -> dict[str, range]:
        """For each run with a changed cell, seeds that nobody accepted yet: as many as the power needs, or time has."""
        wanted, seconds = {}, {}
        for run in runs:
            accepted = [self._of(c.watched) for c in changed[run.key.id]]
            first = max(self.seeds, *(seed + 1 for values in accepted for seed in values))
            wanted[run.key.id] = range(first, first + max(seeds_for(len(values), cells) for values in accepted))
            took = [record.wall_seconds for (name, _), record in self._records.items() if name == run.key.id]
            seconds[run.key.id] = statistics.median(took)  # the first seed also loads what the others find loaded
        if not wanted:
            return {}
        needed = sum(seconds[name] * len(seeds) for name, seeds in wanted.items())
        left = max(0.0, self.max_hours * 3600 - (time.perf_counter() - started))
        count = sum(map(len, changed.values()))
        self.say(
            f"{count} of {cells} cells changed; {max(map(len, wanted.values()))} fresh seeds, about {needed:.0f} s"
        )
        if needed <= left:
            return wanted
        self.say(f"--max-hours {self.max_hours:g} leaves {left:.0f} s: fewer fresh seeds than the power needs")
        return {name: seeds[: int(len(seeds) * left / needed)] for name, seeds in wanted.items()}

    def _measure(self, runs: Sequence[Run], seeds: Mapping[str, Iterable[int]]) -> None:
        steps = [runner.Step(run, seed, "to run") for run in runs for seed in seeds[run.key.id]]
        for number, (step, result) in enumerate(runner.execute(steps, self.results, say=self.say), start=1):
            name = f"{step.run.key.id} seed {step.seed}"
            if isinstance(result, UserError):
                self._failed.append(f"{name}: {result}")
                self.say(f"[{number}/{len(steps)}] {name}: FAILED: {result}")
            else:
                self._records[step.run.key.id, step.seed] = result
                if number % 20 == 0 or number == len(steps):
                    self.say(f"[{number}/{len(steps)}] {name}")

    def _ratios(self, speed: Sequence[Run], machine: Fingerprint) -> list[Ratio]:
        store = RecordStore(self.results)
        ratios = []
        for run in speed:
            if run.missing():
                continue

            def measured(repetition: int, run: Run = run) -> float:
                record = runner.measure(run, repetition)
                store.append(record.to_json())
                return record.values[0].value

            (cell,) = run.cells
            ratios.append(judge_ratio(cell.id, self.accepted.of(cell.id, run.config_hash), machine, measured))
            self.say(f"{cell.id}: {ratios[-1].text}")
        store.close()
        return ratios

    def _of(self, cell: Watched) -> Mapping[int, AcceptedValue]:
        return self.accepted.of(cell.cell, cell.config_hash)

    def _values(self, run: Run, cell: Watched, seeds: Iterable[int]) -> Values:
        records = {seed: self._records[run.key.id, seed] for seed in seeds if (run.key.id, seed) in self._records}
        return {seed: _value(record, cell.cell) for seed, record in records.items()}

    def _means(self, runs: Sequence[Run]) -> dict[str, float]:
        means = {}
        for run in runs:
            for cell in watched(run):
                values = [v for v in self._values(run, cell, range(self.seeds)).values() if v is not None]
                if values:
                    means[cell.cell] = statistics.fmean(values)
        return means


def watched(run: Run) -> list[Watched]:
    """The cells of a run that are guarded: all but times and their ratios, which belong to the machine."""
    return [
        Watched(cell.id, cell.metric, quantity.unit, run.config_hash, exact=run.repeats == 1)
        for cell, quantity in zip(run.cells, run.quantities)
        if quantity.unit not in OF_THE_MACHINE
    ]


def guarded(runs: Iterable[Run]) -> list[Run]:
    """The runs that a night repeats: the smoke set, without what is only timed."""
    return [run for run in runs if run.smoke and watched(run)]


def compute_baseline(runs: Sequence[Run], folder: Path, say: Say) -> list[RunRecord]:
    """As many seeds of each guarded run as the power needs, and the speed ratios; goes on where it stopped.

    Raises UserError when one of them fails: a baseline has no holes.
    """
    torch.set_num_threads(1)
    cells = sum(len(watched(run)) for run in runs if run.repeats != 1)
    plans = [*runner.plan(runs, folder, seeds=balanced_seeds(cells), say=say)]
    plans += runner.plan(speed_runs(), folder, seeds=5, say=say)
    lacking = sorted({(s.run.key.id, s.missing) for s in plans if s.status == "not run"})
    for name, missing in lacking:
        say(f"NOT RUN {name}: {' '.join(missing)}")
    to_run = [step for step in plans if step.status == "to run"]
    for number, (step, result) in enumerate(runner.execute(to_run, folder, say=say), start=1):
        if isinstance(result, UserError):
            raise UserError(f"{step.run.key.id} seed {step.seed} failed: {result} What was finished is kept.")
        say(f"[{number}/{len(to_run)}] {step.run.key.id} seed {step.seed} ({result.wall_seconds:.1f} s)")
    recorded = Recorded(folder)
    found = (recorded.find(step.run.key, step.run.config_hash, step.seed) for step in plans)
    return [record for record in found if record is not None]


def _repeats(run: Run, seeds: int) -> int:
    return min(seeds, run.repeats or seeds)


def _value(record: RunRecord, cell: str) -> float | None:
    return next((m.value for m in measurements_of(record) if m.cell.id == cell), None)


def _commit(origin: Mapping[str, object]) -> str:
    commit = str(origin.get("commit") or "unknown")[:10]
    return f"{commit} with local changes" if origin.get("dirty") else commit
