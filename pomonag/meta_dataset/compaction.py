"""From the journal of single records to immutable shards."""

from __future__ import annotations

import fcntl
import logging
import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pomonag.errors import UserError
from pomonag.meta_dataset.schema import (
    SHARD_ROWS,
    Key,
    Row,
    read_shard,
    refuse_newer,
    row_from_record,
    shard_paths,
    write_shard,
)
from pomonag.records.record_store import Problem, RecordStore

JOURNAL = "journal"


@contextmanager
def alone(out: Path) -> Iterator[None]:
    """One driver a folder; the lock ends with its process, however that ends."""
    try:
        lock = (out / JOURNAL / "lock").open("w")
    except OSError as error:
        raise UserError(f"cannot write to {out}: {error.strerror}; give a writable folder with --out") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError(f"another build works in {out}: wait for it, or give another folder with --out") from None
        yield


def journal(out: Path) -> tuple[list[tuple[Row, dict[str, Any]]], list[Problem]]:
    """The journal's rows, each with its record, and the lines that were set aside.

    Raises UserError for rows of another version of this package.
    """
    records, problems = RecordStore(out / JOURNAL).read()
    rows = []
    for record in records:
        refuse_newer(record.get("schema_version", 1), out / JOURNAL)
        try:
            rows.append((row_from_record(record["row"]), record))
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(
                f"{out / JOURNAL} holds a record that is no row of this version of pomonag ({error}): use the version "
                "that wrote it, or give another folder with --out"
            ) from error
    return rows, problems


def protocols(out: Path) -> dict[str, dict[str, Any]]:
    """The training protocols of all rows in a folder's shards and journal: settings by hash."""
    found: dict[str, dict[str, Any]] = {}
    for path in shard_paths(out):
        found |= read_shard(path)[1]["protocols"]
    return found | {row.protocol: record["protocol"] for row, record in journal(out)[0]}


def compact(out: str | os.PathLike[str], attempts: int = 3, *, finish: bool = False) -> list[Path]:
    """Move journalled rows that no shard has into new shards of 250 rows; with `finish` also the remainder.

    Of several records of one key the first measured one counts; a failed one only after `attempts` failures.
    Written shards never change, and the journal stays, so a compaction that is killed loses and doubles nothing.
    The caller holds the folder `alone`, where a build may work in it.
    """
    out = Path(out)
    sharded = {row.key for path in shard_paths(out) for row in read_shard(path)[0]}
    rows: dict[Key, Row] = {}
    failed: Counter[Key] = Counter()
    settings, machines = {}, {}
    for row, record in sorted(journal(out)[0], key=lambda pair: pair[0].measured):
        settings[row.protocol] = record["protocol"]
        machines[row.provenance] = record["provenance"]
        if row.key in sharded or (row.key in rows and rows[row.key].status == "ok"):
            continue
        if row.status == "ok":
            rows[row.key] = row
        else:
            failed[row.key] += record.get("attempts", 1)
            if failed[row.key] >= attempts:
                rows[row.key] = row
    written = []
    pending = list(rows.values())
    # After the last one, not by count: a damaged shard that was deleted leaves a gap, and no other one may be replaced.
    numbers = [int(match[1]) for path in shard_paths(out) if (match := re.fullmatch(r"rows-(\d+)", path.stem))]
    number = max(numbers, default=-1) + 1
    while len(pending) >= SHARD_ROWS or (finish and pending):
        part, pending = pending[:SHARD_ROWS], pending[SHARD_ROWS:]
        path = out / f"rows-{number:04d}.parquet"
        metadata = {
            "protocols": {key: settings[key] for key in sorted({row.protocol for row in part})},
            "provenance": {key: machines[key] for key in sorted({row.provenance for row in part})},
            "wall_seconds": round(sum(row.seconds or 0 for row in part), 1),
            "cpu_seconds": round(sum(row.cpu_seconds or 0 for row in part), 1),
        }
        write_shard(path, part, metadata)
        written.append(path)
        number += 1
    return written


def state(out: Path) -> tuple[set[Key], Counter[Key]]:
    """Keys that are measured (or given up in a shard), and how often each other one has failed."""
    done = {row.key for path in shard_paths(out) for row in read_shard(path)[0]}
    failures: Counter[Key] = Counter()
    rows, problems = journal(out)
    for problem in problems:
        logging.getLogger(__name__).warning("set aside a line of the journal: %s", problem)
    for row, record in rows:
        if row.status == "ok":
            done.add(row.key)
        else:
            failures[row.key] += record.get("attempts", 1)
    return done, failures
