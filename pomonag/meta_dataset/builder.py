"""Measures the rows of a meta-dataset: planned by name, recorded one by one, resumed after any kill, kept in shards."""

from __future__ import annotations

import dataclasses
import fcntl
import functools
import hashlib
import json
import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pomonag.data.tasks import pool_path
from pomonag.data.tasks import task as task_of
from pomonag.errors import UserError
from pomonag.evaluation.trained import Measurement, TrainedEvaluator, TrainingProtocol
from pomonag.execution.executor import Executor
from pomonag.meta_dataset.plan import Plan, PlannedRow, isomorphism_hash
from pomonag.meta_dataset.schema import SHARD_ROWS, Row, read_shard, row_from_record, shard_paths, write_shard
from pomonag.records.provenance import provenance
from pomonag.records.record_store import RecordStore
from pomonag.spaces import search_space

JOURNAL = "journal"
Key = tuple[str, str, int, str]


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
    """What a build did: rows that were there already, measured now, given up, and the shards' total."""

    skipped: int
    measured: int
    failed: int
    sharded: int
    seconds: float


def build_meta_dataset(
    config: BuildConfig,
    executor: Executor,
    out: str | os.PathLike[str],
    *,
    data_dir: str | os.PathLike[str] | None = None,
    finish: bool = True,
    measure: Callable[[PlannedRow], Measurement] | None = None,
    console: Console | None = None,
) -> BuildSummary:
    """Measure what is missing of `config.planned()` and keep it as Parquet shards in `out`.

    Each row is on disk in `out/journal` before the next one starts; running the same command again goes on where
    the last one ended, whatever ended it. Shards of 250 rows are written as they fill; with `finish` the
    remainder becomes a last, smaller shard. `measure` replaces the real measurement (it must be picklable).
    Raises UserError when another build works in `out`, or when the images are not there.
    """
    return measure_rows(
        config.planned(),
        config.protocol,
        executor,
        out,
        data_dir=data_dir,
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
    attempts: int = 3,
    finish: bool = True,
    measure: Callable[[PlannedRow], Measurement] | None = None,
    console: Console | None = None,
) -> BuildSummary:
    """What `build_meta_dataset` does, for any list of rows."""
    out = Path(out)
    try:
        (out / JOURNAL).mkdir(parents=True, exist_ok=True)
        # The shards are the product; the journal belongs to this machine's build.
        (out / JOURNAL / ".gitignore").write_text("*\n")
    except OSError as error:
        raise UserError(f"cannot write to {out}: {error.strerror}; give a writable folder with --out") from error
    if measure is None:
        pool_path(data_dir)
    work = MeasureAndRecord(protocol, out / JOURNAL, data_dir, measure)
    start = time.perf_counter()
    with _alone(out), _log_file(out) as log:
        done, failures = _state(out)
        rows = {work.key(row): row for row in planned}
        skipped = sum(key in done for key in rows)
        log.info("%d rows planned, %d of them there already, protocol %s", len(rows), skipped, protocol.hash)
        measured = 0
        try:
            with _Progress(len(rows), skipped, log, console) as progress:
                while missing := [row for key, row in rows.items() if key not in done and failures[key] < attempts]:
                    for result in executor.map(work, missing):
                        key = work.key(result.item)
                        error = result.error if not result.ok else result.value
                        if not result.ok:
                            # The worker could not record it: it died, or its disk refused.
                            work.record_failure(result.item, str(result.error))
                        if error is None:
                            done.add(key)
                            measured += 1
                            if measured % 25 == 0:
                                compact(out, attempts)
                        else:
                            failures[key] += 1
                            log.warning("failed (%d of %d): %s: %s", failures[key], attempts, key[:3], error)
                        progress.advance(error is None)
        except KeyboardInterrupt:
            log.info("interrupted after %d rows; the same command goes on from here", measured)
            raise
        compact(out, attempts, finish=finish)
        given_up = sum(key not in done for key in rows)
        sharded = sum(len(read_shard(path)[0]) for path in shard_paths(out))
        summary = BuildSummary(skipped, measured, given_up, sharded, time.perf_counter() - start)
        log.info("done: %s", summary)
    return summary


class MeasureAndRecord:
    """Measures a planned row and records it, in whichever process it runs. Returns None, or the error's text."""

    def __init__(
        self,
        protocol: TrainingProtocol,
        journal: Path,
        data_dir: str | os.PathLike[str] | None,
        measure: Callable[[PlannedRow], Measurement] | None,
    ):
        self.protocol = protocol
        self.journal = journal
        self.data_dir = data_dir
        self.measure = measure

    def key(self, row: PlannedRow) -> Key:
        return row.task, row.architecture, row.seed, self.protocol.hash

    def __call__(self, planned: PlannedRow) -> str | None:
        try:
            measured = self.measure(planned) if self.measure else self._measure(planned)
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            self.record_failure(planned, text)
            return text
        self._record(self._row(planned, measured, None))
        return None

    def record_failure(self, planned: PlannedRow, error: str) -> None:
        """Note that a row failed, with the reason."""
        self._record(self._row(planned, None, error))

    def __getstate__(self) -> dict[str, Any]:
        # Open files and loaded images belong to one process.
        return {k: v for k, v in self.__dict__.items() if k not in ("_store", "_evaluator")}

    @functools.cached_property
    def _store(self) -> RecordStore:
        return RecordStore(self.journal)

    @functools.cached_property
    def _evaluator(self) -> TrainedEvaluator:
        return TrainedEvaluator(self.protocol, self.data_dir)

    def _measure(self, planned: PlannedRow) -> Measurement:
        architecture = search_space(self.protocol.space).parse(planned.architecture)
        return self._evaluator.measure(architecture, planned.task, planned.seed)

    def _record(self, row: Row) -> None:
        self._store.append(
            {"row": dataclasses.asdict(row), "protocol": self.protocol.settings, "provenance": machine_provenance()}
        )

    def _row(self, planned: PlannedRow, measured: Measurement | None, error: str | None) -> Row:
        space: Any = search_space(self.protocol.space)
        architecture = space.parse(planned.architecture)
        costs = space.cost([architecture], classes=self.protocol.classes, resolution=self.protocol.resolution)
        training = measured.training if measured else None
        latency = measured.latency if measured else None
        reduced = dict(self.protocol.reduced)
        machine = provenance()
        return Row(
            task=planned.task,
            held_out=task_of(planned.task).held_out,
            architecture=planned.architecture,
            isomorphism_class=isomorphism_hash(space, architecture),
            anchor=planned.anchor,
            seed=planned.seed,
            protocol=self.protocol.hash,
            status="failed" if error else "ok",
            error=error,
            accuracy=training and training.accuracy,
            loss=training and training.loss,
            true_class_probability=training and training.true_class_probability,
            train_loss=training and training.train_loss,
            params=int(costs.params[0]),
            macs=int(costs.macs[0]),
            latency_ms=latency and latency.latency_ms,
            latency_median_ms=latency and latency.median_ms,
            latency_sd_ms=latency and latency.sd_ms,
            latency_wall_ms=latency and latency.wall_ms,
            latency_disturbed=latency and latency.disturbed,
            seconds=training and training.seconds,
            cpu_seconds=training and training.cpu_seconds,
            channels=reduced["channels"],
            cells=reduced["cells"],
            resolution=self.protocol.recipe.resolution,
            epochs=self.protocol.recipe.epochs,
            batch_size=self.protocol.recipe.batch_size,
            train_images_per_class=measured and measured.train_images // self.protocol.classes,
            test_images_per_class=measured and measured.test_images // self.protocol.classes,
            measured=datetime.now(UTC).isoformat(timespec="seconds"),
            load=machine["load"],
            provenance=provenance_hash(machine_provenance()),
        )


def machine_provenance() -> dict[str, Any]:
    """The part of the provenance that many rows share: code, packages, machine; not the moment or its load."""
    return {k: v for k, v in provenance().items() if k not in ("load", "started")}


def provenance_hash(record: dict[str, Any]) -> str:
    """Twelve hexadecimal digits of a provenance record."""
    return hashlib.blake2b(json.dumps(record, sort_keys=True).encode(), digest_size=6).hexdigest()


def compact(out: str | os.PathLike[str], attempts: int = 3, *, finish: bool = False) -> list[Path]:
    """Move journalled rows that no shard has into new shards of 250 rows; with `finish` also the remainder.

    Of several records of one key the first measured one counts; a failed one only after `attempts` failures.
    Written shards never change, and the journal stays, so a compaction that is killed loses and doubles nothing.
    """
    out = Path(out)
    sharded = {row.key for path in shard_paths(out) for row in read_shard(path)[0]}
    records, _ = RecordStore(out / JOURNAL).read()
    rows: dict[Key, Row] = {}
    failed: Counter[Key] = Counter()
    protocols, machines = {}, {}
    for record in sorted(records, key=lambda record: record["row"]["measured"]):
        row = row_from_record(record["row"])
        protocols[row.protocol] = record["protocol"]
        machines[row.provenance] = record["provenance"]
        if row.key in sharded or (row.key in rows and rows[row.key].status == "ok"):
            continue
        if row.status == "ok":
            rows[row.key] = row
        else:
            failed[row.key] += 1
            if failed[row.key] >= attempts:
                rows[row.key] = row
    written = []
    pending = list(rows.values())
    number = len(shard_paths(out))
    while len(pending) >= SHARD_ROWS or (finish and pending):
        part, pending = pending[:SHARD_ROWS], pending[SHARD_ROWS:]
        path = out / f"rows-{number:04d}.parquet"
        metadata = {
            "protocols": {key: protocols[key] for key in sorted({row.protocol for row in part})},
            "provenance": {key: machines[key] for key in sorted({row.provenance for row in part})},
            "wall_seconds": round(sum(row.seconds or 0 for row in part), 1),
            "cpu_seconds": round(sum(row.cpu_seconds or 0 for row in part), 1),
        }
        write_shard(path, part, metadata)
        written.append(path)
        number += 1
    return written


def _state(out: Path) -> tuple[set[Key], Counter[Key]]:
    """Keys that are measured (or given up in a shard), and how often each other one has failed."""
    done = {row.key for path in shard_paths(out) for row in read_shard(path)[0]}
    failures: Counter[Key] = Counter()
    records, problems = RecordStore(out / JOURNAL).read()
    for problem in problems:
        logging.getLogger(__name__).warning("set aside a line of the journal: %s", problem)
    for record in records:
        row = row_from_record(record["row"])
        if row.status == "ok":
            done.add(row.key)
        else:
            failures[row.key] += 1
    return done, failures


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """One driver a folder; the lock ends with its process, however that ends."""
    with (out / JOURNAL / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError(f"another build works in {out}: wait for it, or give another folder with --out") from None
        yield


@contextmanager
def _log_file(out: Path) -> Iterator[logging.Logger]:
    log = logging.getLogger(__name__)
    handler = logging.FileHandler(out / JOURNAL / "build.log")
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


class _Progress:
    """A bar with rate, time left and failures for a person; a line in the log every 25 rows for a file."""

    def __init__(self, total: int, skipped: int, log: logging.Logger, console: Console | None):
        self._log, self._total, self._done, self._failed = log, total, skipped, 0
        self._skipped, self._start = skipped, time.perf_counter()
        self._bar = Progress(
            TextColumn("rows"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[failed]}"),
            console=console or Console(stderr=True),
        )
        self._task = self._bar.add_task("rows", total=total, completed=skipped, rate="", failed="")

    def __enter__(self) -> _Progress:
        self._bar.start()
        if self._skipped:
            self._bar.console.print(f"{self._skipped} of {self._total} rows are there already: skipped")
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def advance(self, ok: bool) -> None:
        self._done += ok
        self._failed += not ok
        new = self._done - self._skipped
        rate = (new + self._failed) / (time.perf_counter() - self._start)
        self._bar.update(
            self._task,
            completed=self._done,
            rate=f"{rate * 60:.1f} a minute",
            failed=f"{self._failed} failures" if self._failed else "",
        )
        if new and new % 25 == 0 and ok:
            left = (self._total - self._done) / rate / 60
            self._log.info(
                "%d of %d rows, %.1f a minute, %.0f minutes left, %d failures",
                self._done, self._total, rate * 60, left, self._failed,
            )  # fmt: skip
