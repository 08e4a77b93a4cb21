"""One run with one seed, computed and recorded in whichever process it runs, by one process at a time."""

from __future__ import annotations

import functools
import math
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.recorded import Recorded
from benchmarks.runs import Outcome, Run
from pomonag.errors import UserError
from pomonag.records.claims import Claims
from pomonag.records.provenance import provenance
from pomonag.records.record_store import RecordStore
from pomonag.records.seeds import seed_of
from reports.measurements import RunKey, RunRecord, Value
from reports.progress import claim_name

Suite = Callable[[], Iterable[Run]]


@dataclass(frozen=True)
class Ticket:
    """What to compute, in words that travel between processes. Results recorded before `since` do not count."""

    key: RunKey
    config_hash: str
    seed: int
    since: str = ""

    @property
    def name(self) -> str:
        """Under which it is claimed."""
        return claim_name(self.key, self.config_hash, self.seed)


@dataclass(frozen=True)
class Answer:
    """What became of a ticket: its record (`elsewhere`: another process computed it), or an error.

    Neither: another process is at it now. Both: it was computed and could not be recorded.
    """

    record: RunRecord | None = None
    error: UserError | None = None
    elsewhere: bool = False


class Work:
    """Computes tickets. `suite` makes the runs anew in each process, for runs cannot travel.

    A ticket is claimed before anything is looked up and given back when its record is on disk: of all processes that
    share the folder one computes it. The claim of a killed process is free at once.
    """

    def __init__(self, folder: Path, suite: Suite):
        self.folder = folder
        self.suite = suite

    def __getstate__(self) -> dict[str, Any]:
        # Open files and runs belong to one process.
        return {"folder": self.folder, "suite": self.suite}

    def __call__(self, ticket: Ticket) -> Answer:
        try:
            with Claims(self.folder).claim(ticket.name) as mine:
                return self._compute(ticket) if mine else Answer()
        except UserError as error:
            return Answer(error=error)

    def _compute(self, ticket: Ticket) -> Answer:
        self.recorded.look()
        if there := self.find(ticket):
            return Answer(there, elsewhere=True)
        run = self._runs.get(ticket.key)
        if run is None or run.config_hash != ticket.config_hash:
            raise UserError(f"the code of {ticket.key.id} changed since the command was started; start it again")
        self.store.prepare()
        record = measure(run, ticket.seed)
        try:
            self.store.append(record.to_json())
        except UserError as error:
            return Answer(record, error)
        return Answer(record)

    def find(self, ticket: Ticket) -> RunRecord | None:
        """The ticket's record, as of the last look into the folder."""
        return self.recorded.find(ticket.key, ticket.config_hash, ticket.seed, ticket.since)

    @functools.cached_property
    def recorded(self) -> Recorded:
        """What is in the folder."""
        return Recorded(self.folder)

    @functools.cached_property
    def store(self) -> RecordStore:
        """Where this process writes."""
        return RecordStore(self.folder)

    @functools.cached_property
    def _runs(self) -> dict[RunKey, Run]:
        return {run.key: run for run in self.suite()}


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
