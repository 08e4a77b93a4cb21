"""The flat measurements of a results folder, read from its records once and kept as Parquet in the user's cache.

Reading a million measurements from JSON takes most of a minute, from Parquet a fraction of a second.
Only files that changed since are read again. What is kept is checked by its hash; a cache that is damaged or cannot be
written costs time and nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pomonag.errors import UserError
from pomonag.records.files import atomic_write, file_sha256
from pomonag.records.record_lines import read_lines
from pomonag.records.record_store import Problem, read_file, record_files
from pomonag.records.tensor_cache import cache_folder
from reports.flat_measurements import COLUMNS, counting, flatten

WORTH_KEEPING_BYTES = 4 << 20
# Raised by hand whenever the columns or the way they are made change.
VERSION = 1
_OUTDATED_SECONDS = 3600


@dataclass(frozen=True)
class MeasurementTable:
    """Where the measurements are, a Parquet file or a table, those that count marked; and what was set aside."""

    source: Path | pa.Table
    problems: tuple[Problem, ...]

    def table(self) -> pa.Table:
        """The columns of `COLUMNS`, ordered by cell and seed."""
        if isinstance(self.source, Path):
            table = pq.read_table(self.source, columns=[*COLUMNS], filters=pc.field("counts"))
        else:
            table = self.source.filter(pc.field("counts")).select([*COLUMNS])
        return table.sort_by([("cell", "ascending"), ("seed", "ascending")])


def measurement_table(folder: Path, worth_keeping_bytes: int = WORTH_KEEPING_BYTES) -> MeasurementTable:
    """The measurements of a folder. Raises UserError for one that cannot be read or that a newer version wrote."""
    # Looked at before reading: what is appended meanwhile makes the file count as changed next time.
    state = {path.name: _state(path) for path in record_files(folder)}
    if sum(size for size, _ in state.values()) < worth_keeping_bytes:
        table, problems = _read(folder, state)
        return MeasurementTable(table, tuple(problems))
    name = hashlib.blake2b(str(folder.resolve()).encode(), digest_size=8).hexdigest()
    manifest = cache_folder() / "measurements" / f"{name}.json"
    kept = _kept(manifest)
    if kept and kept["files"] == state:
        return MeasurementTable(manifest.with_name(kept["parquet"]), _problems(kept))
    table, problems = _read(folder, state, manifest, kept)
    path = _keep(manifest, table, problems, state)
    return MeasurementTable(path or table, tuple(problems))


def _state(path: Path) -> list[int]:
    try:
        status = path.stat()
    except OSError:
        return [0, 0]  # It went, or cannot be read: reading it will say.
    return [status.st_size, status.st_mtime_ns]


def _read(
    folder: Path, state: Mapping[str, list[int]], manifest: Path | None = None, kept: dict[str, Any] | None = None
) -> tuple[pa.Table, list[Problem]]:
    tables, problems, unchanged = [], [], set()
    if kept and manifest:
        unchanged = {name for name, its in state.items() if kept["files"].get(name) == its}
        old = pq.read_table(manifest.with_name(kept["parquet"])).drop_columns(["counts"])
        tables.append(old.filter(pc.is_in(old["file"], pa.array(sorted(unchanged), pa.string()))))
        problems += [problem for problem in _problems(kept) if problem.file in unchanged]
    for name in sorted(set(state) - unchanged):
        entries, bad = read_lines(read_file(folder / name), name, {})
        table, no_runs = flatten(entries)
        tables.append(table)
        problems += [*bad, *no_runs]
    table = pa.concat_tables(tables) if tables else flatten([])[0]
    problems.sort(key=lambda problem: (problem.file, problem.line))
    return table.append_column("counts", pa.array(counting(table))), problems


def _kept(manifest: Path) -> dict[str, Any] | None:
    try:
        kept = json.loads(manifest.read_text(encoding="utf-8"))
        if kept["version"] != VERSION or file_sha256(manifest.with_name(kept["parquet"])) != kept["sha256"]:
            return None
        _problems(kept)
        return kept if isinstance(kept["files"], dict) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _problems(kept: dict[str, Any]) -> tuple[Problem, ...]:
    return tuple(Problem(**problem) for problem in kept["problems"])


def _keep(manifest: Path, table: pa.Table, problems: list[Problem], state: Mapping[str, list[int]]) -> Path | None:
    with contextlib.suppress(OSError, UserError, pa.ArrowException):
        manifest.parent.mkdir(parents=True, exist_ok=True)
        buffer = pa.BufferOutputStream()
        pq.write_table(table, buffer, compression="zstd")
        content = buffer.getvalue()
        sha256 = hashlib.sha256(content).hexdigest()
        path = manifest.with_name(f"{manifest.stem}-{sha256[:12]}.parquet")
        with atomic_write(path) as file:
            file.write(content)
        kept = {
            "version": VERSION, "parquet": path.name, "sha256": sha256, "files": state,
            "problems": [asdict(problem) for problem in problems],
        }  # fmt: skip
        with atomic_write(manifest, "w") as file:
            json.dump(kept, file)
        for old in manifest.parent.glob(f"{manifest.stem}-*.parquet"):
            # Another process may be about to read one that was made a moment ago.
            if old != path and time.time() - old.stat().st_mtime > _OUTDATED_SECONDS:
                old.unlink()
        return path
    return None
