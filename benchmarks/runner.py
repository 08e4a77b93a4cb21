"""Compute what is missing, each run once for its configuration and seed, and keep it the moment it is there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from benchmarks.recorded import Recorded
from benchmarks.runs import Run
from benchmarks.work import Suite, Ticket, Work, measure
from pomonag.errors import UserError
from pomonag.execution.executor import Executor, ProcessExecutor, SerialExecutor
from pomonag.records.claims import Claims
from reports.measurements import RunRecord

__all__ = ["Step", "Unrecorded", "execute", "measure", "plan"]

Status = Literal["done", "to run", "not run"]
_LOOK_SECONDS = 0.2


class Unrecorded(UserError):
    """A result that was computed and that the disk refused: `record` holds it."""

    def __init__(self, message: str, record: RunRecord):
        super().__init__(message)
        self.record = record


@dataclass(frozen=True)
class Step:
    """One run with one seed, and where it stands; `missing` says what it lacks.

    Results recorded before `since` do not count: such a step is computed again.
    """

    run: Run
    seed: int
    status: Status
    missing: tuple[str, ...] = ()
    since: str = ""

    @property
    def ticket(self) -> Ticket:
        """The step as it travels to a worker."""
        return Ticket(self.run.key, self.run.config_hash, self.seed, self.since)


def plan(
    runs: Iterable[Run],
    folder: Path,
    *,
    seeds: int = 3,
    fresh: bool = False,
    say: Callable[[str], None] = lambda text: None,
) -> list[Step]:
    """Every run and seed with its status. A result in the folder counts as done, whatever is missing now.

    `say` is told what had to be set aside. Raises UserError for a folder that cannot be read, or that a newer version
    wrote.
    """
    since = datetime.now(UTC).isoformat(timespec="microseconds") if fresh else ""
    recorded = Recorded(folder)
    for problem in recorded.problems:
        say(f"set aside: {problem}")
    steps = []
    for run in runs:
        missing = tuple(run.missing())
        for seed in range(min(seeds, run.repeats or seeds)):
            if recorded.find(run.key, run.config_hash, seed, since):
                steps.append(Step(run, seed, "done"))
            else:
                steps.append(Step(run, seed, "not run" if missing else "to run", missing, since))
    return steps


def execute(
    steps: Iterable[Step],
    folder: Path,
    *,
    workers: int = 1,
    executor: Executor | None = None,
    suite: Suite | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Iterator[tuple[Step, RunRecord | UserError]]:
    """Compute the steps that are to run; each is on disk before its worker begins another.

    Any number of processes may work on one folder at once, and be killed: each step is computed by one of them. What
    another one computed meanwhile comes with the status "done", and what it is still at is waited for, which `say`
    hears. A run that fails yields an error, and the others go on; UserError is raised when the folder cannot be
    written, `Unrecorded` when that happens too late. With several `workers`, or an `executor`, `suite` makes the runs
    in each of them; what is timed runs after all else, alone and here.
    """
    if executor is None and workers > 1:
        executor = ProcessExecutor(workers)
    if executor is not None and suite is None:
        raise ValueError("several workers need a suite that makes the runs in each of them")
    by_ticket = {step.ticket: step for step in steps if step.status == "to run"}
    if not by_ticket:
        return
    here = Work(folder, lambda: [step.run for step in by_ticket.values()])
    try:
        # Before the first second of computing: can it be kept, and claimed?
        here.store.prepare()
        Claims(folder).is_free("anything")
        alone = [ticket for ticket, step in by_ticket.items() if executor is None or _is_timed(step.run)]
        together = [ticket for ticket in by_ticket if ticket not in set(alone)]
        if executor is not None and suite is not None:
            yield from _compute(together, executor, Work(folder, suite), by_ticket, here, say)
        yield from _compute(alone, SerialExecutor(), here, by_ticket, here, say)
    finally:
        here.store.close()


def _compute(
    tickets: Sequence[Ticket],
    executor: Executor,
    work: Work,
    by_ticket: dict[Ticket, Step],
    here: Work,
    say: Callable[[str], None],
) -> Iterator[tuple[Step, RunRecord | UserError]]:
    """Computes tickets until none is left, neither to compute nor in the hands of others."""
    claims = Claims(here.folder)
    others: set[Ticket] = set()
    while tickets:
        here.recorded.look()
        mine, busy = [], []
        for ticket in tickets:
            if there := here.find(ticket):
                yield replace(by_ticket[ticket], status="done"), there
            elif ticket in others and not claims.is_free(ticket.name):
                busy.append(ticket)
            else:
                mine.append(ticket)
        for result in executor.map(work, mine):
            step, answer = by_ticket[result.item], result.value
            if answer is None:
                yield step, UserError(str(result.error))
            elif answer.record and answer.error:
                raise Unrecorded(str(answer.error), answer.record)
            elif answer.record:
                yield replace(step, status="done") if answer.elsewhere else step, answer.record
            elif answer.error:
                yield step, answer.error
            else:
                busy.append(result.item)
        if busy:
            if set(busy) != others:
                say(f"waiting for other processes in this folder, which compute {_names(busy)}")
            time.sleep(_LOOK_SECONDS)
        tickets, others = busy, set(busy)


def _names(tickets: Sequence[Ticket]) -> str:
    more = f" and {len(tickets) - 1} more" if len(tickets) > 1 else ""
    return f"{tickets[0].key.id} seed {tickets[0].seed}{more}"


def _is_timed(run: Run) -> bool:
    return any(quantity.evaluation == "measured" for quantity in run.quantities)
