"""SQL over all measurements and the paper's numbers: nothing is written, no file is opened, one statement at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from pomonag.errors import UserError
from reports import paper_numbers
from reports.evidence import RECOMPUTED, SHIPPED
from reports.flat_measurements import COLUMNS
from reports.measurement_table import MeasurementTable

PAPER_COLUMNS = ("place", *paper_numbers.COLUMNS)
_ROWS_AT_ONCE = 10_000
# What reads: DESCRIBE, SHOW and SUMMARIZE are SELECTs to duckdb.
_READING = ("SELECT", "EXPLAIN")


@dataclass(frozen=True)
class Answer:
    """The columns' names, and the rows as they come."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


def open_views(shipped: MeasurementTable, recomputed: MeasurementTable | None = None) -> duckdb.DuckDBPyConnection:
    """A database in memory with the views `measurements` and `paper`.

    `measurements` has one row a value, as `reports.measurements.frame`; its column `origin` tells the two tables apart.
    """
    # What does not fit into memory fails: nothing is spilled into the folder where the command was started.
    connection = duckdb.connect(":memory:", config={"temp_directory": ""})
    selects: list[str] = []
    paths: list[str] = []
    for kept, origin in ((shipped, SHIPPED), (recomputed, RECOMPUTED)):
        if kept is None:
            continue
        if isinstance(kept.source, Path):
            paths.append(str(kept.source))
            source = f"read_parquet({_quoted(str(kept.source))})"
        else:
            source = f"values{len(selects)}"
            connection.register(source, kept.source)
        columns = ", ".join(f'"{name}"' for name in COLUMNS)
        selects.append(f"SELECT {columns}, {_quoted(origin)} AS origin FROM {source} WHERE counts")
    connection.register("paper_rows", _paper())
    connection.execute("SET errors_as_json = true")
    # It is drawn on standard output, in the midst of what the next program reads.
    connection.execute("SET enable_progress_bar = false")
    connection.execute(f"SET allowed_paths = [{', '.join(_quoted(path) for path in paths)}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    connection.execute(f"CREATE VIEW measurements AS {' UNION ALL '.join(selects)}")
    connection.execute("CREATE VIEW paper AS SELECT * FROM paper_rows")
    return connection


def ask(connection: duckdb.DuckDBPyConnection, sql: str) -> Answer:
    """What one SELECT finds. Raises UserError for anything else, with the place of the error in the statement."""
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise _explained(error, sql) from error
    if len(statements) != 1:
        raise UserError(f"got {len(statements)} statements; expected one SELECT. Ask them one after the other.")
    kind = statements[0].type.name
    if kind not in _READING:
        raise UserError(f"got the statement {kind}; expected a SELECT. Results are read here, never written.")
    try:
        _interruptible(connection, lambda: connection.execute(statements[0]))
        columns = tuple(name for name, *_ in connection.description or [])
        first = _interruptible(connection, lambda: connection.fetchmany(_ROWS_AT_ONCE))
    except duckdb.Error as error:
        raise _explained(error, sql) from error
    return Answer(columns, _rows(connection, first, sql))


def _rows(connection: duckdb.DuckDBPyConnection, rows: list[tuple[Any, ...]], sql: str) -> Iterator[tuple[Any, ...]]:
    while rows:
        yield from rows
        try:
            rows = _interruptible(connection, lambda: connection.fetchmany(_ROWS_AT_ONCE))
        except duckdb.Error as error:
            raise _explained(error, sql) from error


def _interruptible(connection: duckdb.DuckDBPyConnection, call: Callable[[], Any]) -> Any:
    """The call's result. It runs in a thread of its own: in the main one it would not hear Ctrl-C."""
    with ThreadPoolExecutor(1) as thread:
        result = thread.submit(call)
        try:
            return result.result()
        except KeyboardInterrupt:
            connection.interrupt()
            raise


def _explained(error: duckdb.Error, sql: str) -> UserError:
    """The error with line and column, the line itself, and what there is to ask for."""
    text = str(error)
    try:
        found = json.loads(text[text.index("{") :])
    except ValueError:
        return UserError(f"SQL: {text}")
    message = " ".join(str(found.get("exception_message", text)).split())
    place = pointer = ""
    if str(found.get("position", "")).isdigit():
        # Positions count bytes.
        before = sql.encode()[: int(found["position"])].decode(errors="ignore")
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        place = f", line {line}, column {column}"
        pointer = f"\n  {sql.splitlines()[line - 1]}\n  {' ' * (column - 1)}^" if sql.splitlines() else ""
    return UserError(f"SQL{place}: {message}{pointer}\n{_hint(message)}")


def _hint(message: str) -> str:
    if 'near "table"' in message:
        return 'TABLE is a word of SQL: write the column as "table".'
    if "disabled by configuration" in message:
        return "Files cannot be read or written here: ask the views measurements and paper, and write with --format."
    return f"Views: measurements ({', '.join([*COLUMNS, 'origin'])}); paper ({', '.join(PAPER_COLUMNS)})."


def _paper() -> pa.Table:
    numbers = paper_numbers.load()
    columns: dict[str, Sequence[Any]] = {name: [getattr(n, name) for n in numbers] for name in PAPER_COLUMNS}
    return pa.table({name: pa.array(cells, _type(name)) for name, cells in columns.items()})


def _type(name: str) -> pa.DataType:
    return pa.float64() if name in ("value", "ci95") else pa.string()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
