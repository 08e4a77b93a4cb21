"""Compute what is missing, each run once for its configuration and seed, and keep it the moment it is there."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.runs import Outcome, Run
from pomonag.errors import UserError
from pomonag.records.provenance import provenance
from pomonag.records.record_store import RecordStore
from pomonag.records.seeds import seed_of
from reports.measurements import RunRecord, Value, load_runs

Status = Literal["done", "to run", "not run"]


@dataclass(frozen=True)
class Step:
    """One run with one seed, and where it stands; `missing` says what it lacks."""

    run: Run
    seed: int
    status: Status
    missing: tuple[str, ...] = ()


def plan(runs: Iterable[Run], folder: Path, *, seeds: int = 3, fresh: bool = False) -> list[Step]:
    """Every run and seed with its status. A result in the folder counts as done, whatever is missing now."""
    recorded, _ = load_runs(folder)
    done = set() if fresh else {(record.key, record.config_hash, record.seed) for record in recorded}
    steps = []
    for run in runs:
        missing = tuple(run.missing())
        for seed in range(min(seeds, run.repeats or seeds)):
            if (run.key, run.config_hash, seed) in done:
                steps.append(Step(run, seed, "done"))
            else:
                steps.append(Step(run, seed, "not run" if missing else "to run", missing))
    return steps


def execute(steps: Iterable[Step], folder: Path) -> Iterator[tuple[Step, RunRecord | UserError]]:
    """Compute the steps that are to run, in turn; each is on disk before the next begins.

    A run that meets what the user can mend yields that error, and the others go on.
    """
    store = RecordStore(folder)
    try:
        for step in steps:
            if step.status != "to run":
                continue
            try:
                record = measure(step.run, step.seed)
            except UserError as error:
                yield step, error
                continue
            store.append(record.to_json())
            yield step, record
    finally:
        store.close()


def measure(run: Run, seed: int, clock: Callable[[], float] = time.perf_counter) -> RunRecord:
    """One run with one seed. Raises ValueError where it breaks its promise: a metric too few or too many."""
    seed_value = seed_of(run.seed_name or run.key.id, seed)
    before = provenance()  # the load before the run is the load it met, not the one it made
    wall, cpu = clock(), time.process_time()
    outcome = run.compute(seed_value)
    wall, cpu = clock() - wall, time.process_time() - cpu
    return RunRecord(
        key=run.key,
        seed=seed,
        seed_value=seed_value,
        settings=dict(run.settings),
        version=run.version,
        values=tuple(_values(run, outcome)),
        wall_seconds=round(wall, 4),
        cpu_seconds=round(cpu, 4),
        details=dict(outcome.details),
        inputs=dict(outcome.inputs),
        provenance=before,
    )


def _values(run: Run, outcome: Outcome) -> Iterator[Value]:
    promised = {q.metric for q in run.quantities}
    if promised != set(outcome.values):
        raise ValueError(f"{run.key.id} promised {sorted(promised)} and gave {sorted(outcome.values)}")
    for q in run.quantities:
        value = float(outcome.values[q.metric])
        if math.isfinite(value):
            yield Value(q.metric, value, q.unit, q.protocol, q.statistic, q.evaluation)
        else:
            # Novelty of nothing valid, say: undefined is left out, never written as a number.
            warnings.warn(f"{run.key.id}: {q.metric} is undefined for this seed and was left out", stacklevel=2)
