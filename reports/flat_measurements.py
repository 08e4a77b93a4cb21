"""All measurements of a results folder as one flat table, for SQL and export: one row a value, no objects."""

from __future__ import annotations

import functools
from collections.abc import Iterable

import duckdb
import numpy as np
import pyarrow as pa

from pomonag.records.hashes import text_hash
from pomonag.records.record_store import Entry, Problem
from reports.cells import Cell
from reports.measurements import RunKey, RunRecord, run_of

KEY = ("table", "method", "configuration", "space", "dataset")
_TEXT, _INTEGER, _NUMBER = pa.string(), pa.int64(), pa.float64()

# The columns of reports.measurements.frame up to `origin`, which is that of a folder.
COLUMNS = {
    **dict.fromkeys((*KEY, "metric", "statistic", "evaluation", "cell"), _TEXT),
    "seed": _INTEGER, "value": _NUMBER, "unit": _TEXT, "profile": _TEXT, "protocol": _TEXT, "protocol_hash": _TEXT,
    "config_hash": _TEXT, "wall_seconds": _NUMBER, "cpu_seconds": _NUMBER, "recorded": _TEXT,
}  # fmt: skip
_ALLOWED = {_TEXT: (str, type(None)), _INTEGER: (int,), _NUMBER: (int, float, type(None))}

# Where a row comes from: the file, and the number of its run in it.
SCHEMA = pa.schema({**COLUMNS, "file": _TEXT, "entry": _INTEGER})
_KINDS = [_ALLOWED[field.type] for field in SCHEMA]

# As reports.measurements.load_runs: of several configurations of a run the one recorded last counts, and of one seed's
# repetitions the last; of equal times the later place.
_COUNTING = """
WITH runs AS (
    SELECT DISTINCT "table", method, configuration, space, dataset, seed, config_hash, recorded, file, entry
    FROM flat
), last AS (
    SELECT *, row_number() OVER (PARTITION BY "table", method, configuration, space, dataset
                                 ORDER BY recorded DESC, file DESC, entry DESC) AS place
    FROM runs
), current AS (
    SELECT "table", method, configuration, space, dataset, config_hash FROM last WHERE place = 1
), counting AS (
    SELECT file, entry FROM runs JOIN current USING ("table", method, configuration, space, dataset, config_hash)
    QUALIFY row_number() OVER (PARTITION BY "table", method, configuration, space, dataset, seed
                               ORDER BY recorded DESC, file DESC, entry DESC) = 1
)
SELECT flat.row FROM flat JOIN counting USING (file, entry) WHERE flat.cell IS NOT NULL
"""


def flatten(entries: Iterable[Entry]) -> tuple[pa.Table, list[Problem]]:
    """The values of all runs, also of those that no longer count, and what is no run.

    A run without a value gets a row without a cell, for it may be the one that counts.
    """
    rows: list[tuple[object, ...]] = []
    problems = []
    for number, entry in enumerate(entries):
        run = run_of(entry)
        if isinstance(run, Problem):
            problems.append(run)
            continue
        try:
            rows += _rows(run, entry.file, number)
        except (ValueError, TypeError) as error:
            problems.append(Problem(entry.file, entry.line, f"not a run of this version: {error}"))
    columns = zip(*rows) if rows else [()] * len(SCHEMA)
    return pa.table([pa.array(cells, field.type) for cells, field in zip(columns, SCHEMA)], schema=SCHEMA), problems


def counting(flat: pa.Table) -> np.ndarray:
    """A mask of the rows that count: of the last configuration of a run, and a seed's last repetition in it."""
    with duckdb.connect(":memory:") as connection:
        connection.register("flat", flat.select([*KEY, "seed", "config_hash", "recorded", "file", "entry", "cell"])
                            .append_column("row", pa.array(np.arange(len(flat)))))  # fmt: skip
        rows = connection.execute(_COUNTING).fetchnumpy()["row"]
    mask = np.zeros(len(flat), bool)
    mask[np.asarray(rows, dtype=np.int64)] = True
    return mask


def _rows(run: RunRecord, file: str, entry: int) -> list[tuple[object, ...]]:
    key = run.key
    head = key.table, key.method, key.configuration, key.space, key.dataset
    tail = run.config_hash, run.wall_seconds, run.cpu_seconds, run.recorded, file, entry
    rows: list[tuple[object, ...]] = []
    for value in run.values:
        cell = _cell(key, value.metric, value.statistic, value.evaluation)
        rows.append((
            *head, value.metric, value.statistic, value.evaluation, cell, run.seed, value.value, value.unit,
            run.profile, value.protocol, _protocol_hash(value.protocol), *tail,
        ))  # fmt: skip
    if not rows:
        rows.append((*head, None, None, None, None, run.seed, None, None, run.profile, None, None, *tail))
    for row in rows:
        for name, kind, content in zip(SCHEMA.names, _KINDS, row):
            if not isinstance(content, kind):
                raise TypeError(f"{name} is {content!r}")
    return rows


@functools.lru_cache(maxsize=100_000)
def _cell(key: RunKey, metric: str, statistic: str, evaluation: str) -> str:
    return Cell(key.table, key.method, key.configuration, key.space, key.dataset, metric, statistic, evaluation).id


@functools.lru_cache(maxsize=10_000)
def _protocol_hash(protocol: str) -> str:
    return text_hash(protocol)
