"""The row of a meta-dataset: one architecture on one task, what it reached and what it costs; and the files of rows."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pomonag.errors import UserError, unknown_name
from pomonag.records.files import atomic_write

SCHEMA_VERSION = 2
SHARD_ROWS = 250
SHIPPED = Path(__file__).resolve().parents[1] / "assets" / "meta_dataset"
_METADATA_KEY = b"pomonag"
Key = tuple[str, str, int, str]


@dataclass(frozen=True)
class Row:
    """One measurement. Accuracy in percent of test images; costs and latency are the FULL network's.

    Keyed by (task, architecture, seed, protocol). `seed` counts repetitions from 0. `protocol` and `provenance` are
    hashes whose contents stand in the shard's metadata. A row whose `status` is `failed` has no labels but an error.
    `channels` and `cells` are 0 in a space whose networks have no such setting.
    """

    task: str
    held_out: bool
    architecture: str
    isomorphism_class: str
    anchor: bool
    seed: int
    protocol: str
    status: str
    error: str | None
    # Labels of the training.
    accuracy: float | None
    loss: float | None
    true_class_probability: float | None
    train_loss: float | None
    # The full network.
    params: int
    macs: int
    latency_ms: float | None
    latency_median_ms: float | None
    latency_sd_ms: float | None
    latency_wall_ms: float | None
    latency_disturbed: bool | None
    # The training: wall and CPU seconds, the skeleton's settings as JSON, and those most often asked for.
    seconds: float | None
    cpu_seconds: float | None
    reduced: str
    resolution: int
    epochs: int
    batch_size: int
    train_images_per_class: int | None
    test_images_per_class: int | None
    measured: str
    load: float | None
    provenance: str

    @property
    def key(self) -> Key:
        """What makes a row unique."""
        return self.task, self.architecture, self.seed, self.protocol


COLUMNS = tuple(f.name for f in dataclasses.fields(Row))
_ARROW = {"str": pa.string(), "bool": pa.bool_(), "int": pa.int64(), "float": pa.float64()}


def arrow_schema() -> pa.Schema:
    """The Parquet columns, derived from `Row`."""
    hints = {name: str(hint).replace("<class '", "").replace("'>", "") for name, hint in get_type_hints(Row).items()}
    return pa.schema(
        [
            pa.field(name, _ARROW[hints[name].removesuffix(" | None")], nullable=hints[name].endswith(" | None"))
            for name in COLUMNS
        ]
    )


def row_from_record(record: dict[str, Any]) -> Row:
    """A Row from its JSON form, of this version or an earlier one. ValueError names missing and unknown columns."""
    record = _upgraded(record)
    missing, extra = set(COLUMNS) - set(record), set(record) - set(COLUMNS)
    if missing or extra:
        raise ValueError(f"not a row of this schema: missing {sorted(missing)}, unknown {sorted(extra)}")
    return Row(**record)


def _upgraded(record: dict[str, Any]) -> dict[str, Any]:
    """Version 1 had a column for each setting that NAS-Bench-201's skeleton has."""
    if "reduced" in record or not {"channels", "cells"} <= set(record):
        return record
    reduced = {name: record[name] for name in ("channels", "cells")}
    rest = {name: value for name, value in record.items() if name not in reduced}
    return {**rest, "reduced": json.dumps(reduced, sort_keys=True)}


def write_shard(path: Path, rows: Sequence[Row], metadata: dict[str, Any]) -> None:
    """Write one immutable shard; its metadata holds the contents of all protocol and provenance hashes."""
    table = pa.Table.from_pylist([dataclasses.asdict(row) for row in rows], schema=arrow_schema())
    text = json.dumps({"schema_version": SCHEMA_VERSION, **metadata}, sort_keys=True)
    table = table.replace_schema_metadata({_METADATA_KEY: text.encode()})
    with atomic_write(path) as file:
        pq.write_table(table, file, compression="zstd")


def shard_paths(folder: str | os.PathLike[str]) -> list[Path]:
    """The shards of a folder in order."""
    return sorted(Path(folder).glob("rows-*.parquet"))


def read_shard(path: Path) -> tuple[list[Row], dict[str, Any]]:
    """Rows and metadata of a shard. Raises UserError when the file is damaged or of another schema."""
    try:
        table = pq.read_table(path)
        metadata = json.loads((table.schema.metadata or {})[_METADATA_KEY])
        refuse_newer(metadata["schema_version"], path)
        return [row_from_record(record) for record in table.to_pylist()], metadata
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise UserError(f"{path} is not a whole meta-dataset shard ({error}); restore it or delete it") from error


def refuse_newer(version: Any, where: str | os.PathLike[str]) -> None:
    """UserError for rows that a newer version of this package wrote."""
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise UserError(
            f"{where} was written by a newer version of pomonag (schema version {version}, this one knows "
            f"{SCHEMA_VERSION}): upgrade pomonag, or give another folder"
        )


def read_rows(folder: str | os.PathLike[str]) -> list[Row]:
    """All rows of a folder's shards, in order."""
    return [row for path in shard_paths(folder) for row in read_shard(path)[0]]


def dataset_folder(name_or_folder: str | os.PathLike[str]) -> Path:
    """The folder itself, or that of a meta-dataset that ships; UserError when there is neither."""
    folder = Path(name_or_folder)
    if folder.is_dir():
        return folder
    shipped = [p.name for p in SHIPPED.iterdir() if p.is_dir()] if SHIPPED.is_dir() else []
    if str(name_or_folder) not in shipped:
        raise unknown_name("meta-dataset", str(name_or_folder), shipped)
    return SHIPPED / str(name_or_folder)


def meta_dataset(name_or_folder: str | os.PathLike[str]) -> pd.DataFrame:
    """The measured rows (status `ok`) of a shipped meta-dataset such as `nb201`, or of a folder of shards.

    One column a field of `Row`. Raises UserError when there is nothing to read.
    """
    folder = dataset_folder(name_or_folder)
    frame = frame_of(read_rows(folder))
    frame = frame[frame["status"] == "ok"].reset_index(drop=True)
    if frame.empty:
        raise UserError(f"no measured rows in {folder}: build some with `pomonag meta-dataset build`")
    return frame


def frame_of(rows: Iterable[Row]) -> pd.DataFrame:
    """Rows as a table; missing numbers become NaN."""
    return pd.DataFrame([dataclasses.asdict(row) for row in rows], columns=list(COLUMNS))


def problems_of(row: Row) -> list[str]:
    """What is out of range in a row, in words; empty when nothing is."""
    problems = []
    if row.status not in ("ok", "failed"):
        problems.append(f"status {row.status!r} is neither ok nor failed")
    labels = [name for name in ("accuracy", "loss", "true_class_probability") if getattr(row, name) is not None]
    if row.status == "failed" and not row.error:
        problems.append("failed without an error")
    elif row.status == "failed" and labels:
        problems.append(f"failed, but has {', '.join(labels)}")
    if row.status == "ok" and row.error:
        problems.append(f"ok with the error {row.error!r}")
    if row.status == "ok":
        for name, low, high in (
            ("accuracy", 0.0, 100.0),
            ("loss", 0.0, 100.0),
            ("true_class_probability", 0.0, 1.0),
            ("train_loss", 0.0, 100.0),
            ("seconds", 0.0, 1e6),
            ("cpu_seconds", 0.0, 1e6),
        ):
            value = getattr(row, name)
            if value is None or not math.isfinite(value) or not low <= value <= high:
                problems.append(f"{name} is {value}, expected {low:g} to {high:g}")
        for name in ("latency_ms", "latency_median_ms", "latency_wall_ms"):
            value = getattr(row, name)
            if (value is None) != (row.latency_ms is None) or (value is not None and not 0 < value < 1e5):
                problems.append(f"{name} is {value}")
    if row.params <= 0 or row.macs <= 0:
        problems.append(f"params {row.params} and macs {row.macs} must be positive")
    return problems
