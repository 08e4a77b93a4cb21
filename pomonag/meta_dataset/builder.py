"""Measures the rows of a meta-dataset: planned by name, recorded one by one, resumed after any kill, kept in shards."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from pomonag.data.miniimagenet import MiniImageNet32
from pomonag.data.pools import Pool, open_pool
from pomonag.data.tasks import prepare_tasks
from pomonag.errors import UserError
from pomonag.evaluation.trained import Measurement, TrainingProtocol
from pomonag.execution.executor import Executor
from pomonag.meta_dataset.compaction import JOURNAL, alone, compact, protocols, state
from pomonag.meta_dataset.measurement import MeasureAndRecord, Outcome
from pomonag.meta_dataset.plan import Plan, PlannedRow
from pomonag.meta_dataset.progress import RowProgress, shown
from pomonag.meta_dataset.schema import SHARD_ROWS, read_rows


@dataclass(frozen=True)
class BuildConfig:
    """What to build: the plan's first `rows` rows, and `repeats` of them once more with another seed.

    A row that fails is tried `attempts` times in all, then kept as failed.
    """

    rows: int = 1000
    repeats: int = 0
    plan: Plan = field(default_factory=Plan)
    protocol: TrainingProtocol = field(default_factory=TrainingProtocol)
    attempts: int = 3

    def __post_init__(self) -> None:
        if self.rows < 1 or not 0 <= self.repeats <= self.rows or self.attempts < 1:
            raise UserError(
                f"got rows={self.rows}, repeats={self.repeats}, attempts={self.attempts}; expected rows >= 1"
            )
        if self.plan.space != self.protocol.space:
            raise UserError(f"the plan is for {self.plan.space!r}, the protocol for {self.protocol.space!r}")

    def planned(self) -> list[PlannedRow]:
        """All rows, in the order in which they are measured."""
        return [*self.plan.first(self.rows), *self.plan.repeated(self.repeats, self.rows)]


@dataclass(frozen=True)
class BuildSummary:
    """What a build did: rows that were measured before and now, given up now and before, and the shards' total."""

    skipped: int
    measured: int
    failed: int
    failed_before: int
    sharded: int
    seconds: float

    @property
    def in_vain(self) -> bool:
        """Whether rows failed and none was measured: all that were tried now, or all that there are."""
        return not self.measured and (self.failed > 0 or (self.failed_before > 0 and not self.skipped))


def build_meta_dataset(
    config: BuildConfig,
    executor: Executor,
    out: str | os.PathLike[str],
    *,
    data_dir: str | os.PathLike[str] | None = None,
    pool: str = MiniImageNet32.name,
    opened: Pool | None = None,
    finish: bool = True,
    measure: Callable[[PlannedRow], Measurement] | None = None,
    console: Console | None = None,
) -> BuildSummary:
    """Measure what is missing of `config.planned()` and keep it as Parquet shards in `out`.

    Each row is on disk in `out/journal` before the next one starts; running the same command again goes on where
    the last one ended, whatever ended it. Shards of 250 rows are written as they fill; with `finish` the
    remainder becomes a last, smaller shard. The images are those of `pool`, as `open_pool` finds them, or found it
    (`opened`), which may have taken long.
    `measure` replaces the real measurement (it must be picklable).
    Raises UserError when another build works in `out`, when `out` has rows of another protocol or of a newer version,
    when the images are not there, and when the disk refuses.
    """
    return measure_rows(
        config.planned(),
        config.protocol,
        executor,
        out,
        data_dir=data_dir,
        pool=pool,
        opened=opened,
        attempts=config.attempts,
        finish=finish,
        measure=measure,
        console=console,
    )


def measure_rows(
    planned: Sequence[PlannedRow],
    protocol: TrainingProtocol,
    executor: Executor,
    out: str | os.PathLike[str],
    *,
    data_dir: str | os.PathLike[str] | None = None,
    pool: str = MiniImageNet32.name,
    opened: Pool | None = None,
    attempts: int = 3,
    finish: bool = True,
    mixed: bool = False,
    measure: Callable[[PlannedRow], Measurement] | None = None,
    console: Console | None = None,
) -> BuildSummary:
    """What `build_meta_dataset` does, for any list of rows; with `mixed` several protocols may share a folder."""
    out = Path(out)
    if measure is None:
        # Found by each row instead, damage would make every row of the plan a failed one.
        _prepare_images(planned, protocol, pool, opened, data_dir, console)
    try:
        (out / JOURNAL).mkdir(parents=True, exist_ok=True)
        # The shards are the product; the journal belongs to this machine's build.
        (out / JOURNAL / ".gitignore").write_text("*\n")
    except OSError as error:
        raise UserError(f"cannot write to {out}: {error.strerror}; give a writable folder with --out") from error
    work = MeasureAndRecord(protocol, out / JOURNAL, data_dir, measure, pool)
    start = time.perf_counter()
    with alone(out), _log_file(out) as log:
        if not mixed:
            refuse_other_protocols(out, protocol)
        done, failures = state(out)
        rows = {work.key(row): row for row in planned}
        there = sum(key in done for key in rows)
        log.info("%d rows planned, %d of them there already, protocol %s", len(rows), there, protocol.hash)
        measured = 0
        shards = read_rows(out)
        failed_before = sum(row.status == "failed" and row.key in rows for row in shards)
        unsharded = len(done) - len(shards)
        try:
            with RowProgress(len(rows), there, log, console) as progress:
                while missing := [row for key, row in rows.items() if key not in done and failures[key] < attempts]:
                    for result in executor.map(work, missing):
                        key = work.key(result.item)
                        outcome = result.value or Outcome(result.error)
                        if outcome.refused is not None:
                            raise UserError(outcome.refused)
                        if not result.ok:
                            # Its worker died, as often as the executor started it, so the driver notes that.
                            work.record_failure(result.item, str(result.error), result.attempts)
                        failure = outcome.error
                        if failure is None:
                            done.add(key)
                            measured += 1
                            unsharded += 1
                            if unsharded >= SHARD_ROWS:
                                compact(out, attempts)
                                unsharded -= SHARD_ROWS
                        else:
                            failures[key] += result.attempts
                            log.warning("failed (%d of %d): %s: %s", failures[key], attempts, key[:3], failure)
                        progress.advance(failure is None)
        except KeyboardInterrupt:
            log.info("interrupted after %d rows; the same command goes on from here", measured)
            raise
        compact(out, attempts, finish=finish)
        summary = BuildSummary(
            skipped=there - failed_before,
            measured=measured,
            failed=sum(key not in done for key in rows),
            failed_before=failed_before,
            sharded=len(read_rows(out)),
            seconds=time.perf_counter() - start,
        )
        log.info("done: %s", summary)
    return summary


def _prepare_images(
    planned: Sequence[PlannedRow],
    protocol: TrainingProtocol,
    source: str,
    opened: Pool | None,
    data_dir: str | os.PathLike[str] | None,
    console: Console | None,
) -> None:
    console = console or Console(stderr=True)
    show = shown(console)
    pool = opened or open_pool(source, data_dir, show)
    if pool.name != protocol.pool:
        raise UserError(f"{source} is the pool {pool.name}, the protocol is for {protocol.pool}")
    for notice in prepare_tasks({row.task for row in planned}, pool, protocol.split, show):
        console.print(f"images: {notice}", highlight=False)


def refuse_other_protocols(out: Path, protocol: TrainingProtocol) -> None:
    """UserError when `out` has rows of another protocol: their labels mean something else.

    More rows of the same protocol are welcome, wherever those that are there were measured.
    """
    for other, settings in protocols(out).items():
        if other != protocol.hash:
            differing = "; ".join(differences(settings, protocol.settings))
            raise UserError(
                f"{out} has rows that were built with other settings: {differing}. Build with the same settings, or "
                "into another folder with --out"
            )


def differences(there: dict[str, Any], wanted: dict[str, Any], within: str = "") -> list[str]:
    """Where two nested settings differ, in words."""
    found = []
    for name in sorted({*there, *wanted}):
        one, two = there.get(name), wanted.get(name)
        if isinstance(one, dict) and isinstance(two, dict):
            found += differences(one, two, f"{within}{name}.")
        elif one != two:
            found.append(f"{within}{name} is {_short(one)} there, {_short(two)} here")
    return found


def _short(value: Any) -> str:
    # A whole recipe beside none is named by its place alone.
    return "set" if isinstance(value, dict) else "not set" if value is None else json.dumps(value)


class _LogFile(logging.FileHandler):
    """A log whose file the disk may refuse: the rows matter more, and the driver hears of the disk from them."""

    def handleError(self, record: logging.LogRecord) -> None:
        del record

    def close(self) -> None:
        with contextlib.suppress(OSError):  # What it could not write it tries to write once more.
            super().close()


@contextmanager
def _log_file(out: Path) -> Iterator[logging.Logger]:
    log = logging.getLogger(__package__)
    try:
        handler = _LogFile(out / JOURNAL / "build.log")
    except OSError as error:
        raise UserError(f"cannot write to {out}: {error.strerror}; give a writable folder with --out") from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    level = log.level
    log.setLevel(logging.INFO)
    try:
        yield log
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        handler.close()
