"""Rows of an answer as a table for people, or as CSV, JSON or Markdown for what comes next."""

from __future__ import annotations

import csv
import itertools
import json
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

Row = Sequence[Any]
Writer = Callable[[Sequence[str], Iterator[Row], TextIO], None]

# More lines than anybody reads; the other formats write all rows.
SHOWN_ROWS = 500


def write_table(columns: Sequence[str], rows: Iterator[Row], file: TextIO) -> None:
    """The first rows in aligned columns, numbers to the right."""
    shown = list(itertools.islice(rows, SHOWN_ROWS))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, name in enumerate(columns):
        numeric = any(isinstance(row[place], int | float) for row in shown)
        table.add_column(Text(name), justify="right" if numeric else "left", no_wrap=not file.isatty())
    for row in shown:
        table.add_row(*(Text(_shown(cell)) for cell in row))
    # Not a terminal: no width to fit, so that a row stays a line and no cell is cut.
    width = None if file.isatty() else max(80, sum(_widths(columns, shown)) + 2 * len(columns))
    Console(file=file, width=width).print(table)
    more = sum(1 for _ in rows)
    if more:
        file.write(f"… and {more:,} more rows: add LIMIT, or write them all with --format csv\n")


def write_csv(columns: Sequence[str], rows: Iterator[Row], file: TextIO) -> None:
    """CSV with a header; nothing where there is no value."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)


def write_json(columns: Sequence[str], rows: Iterator[Row], file: TextIO) -> None:
    """A list of objects, one a line; what JSON has no number for is null."""
    separator = "[\n"
    for row in rows:
        file.write(separator + json.dumps(dict(zip(columns, map(_plain, row))), ensure_ascii=False, default=str))
        separator = ",\n"
    file.write("[]\n" if separator == "[\n" else "\n]\n")


def write_markdown(columns: Sequence[str], rows: Iterator[Row], file: TextIO) -> None:
    """A table as GitHub reads it."""
    file.write(f"| {' | '.join(map(_escaped, columns))} |\n")
    file.write(f"|{'|'.join(' --- ' for _ in columns)}|\n")
    for row in rows:
        file.write(f"| {' | '.join(_escaped(_shown(cell)) for cell in row)} |\n")


WRITERS: dict[str, Writer] = {
    "table": write_table,
    "csv": write_csv,
    "json": write_json,
    "markdown": write_markdown,
}


def _shown(cell: Any) -> str:
    """Numbers to six places: the whole number is in CSV and JSON."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.6g}" if abs(cell) < 1e6 else f"{cell:.10g}"
    return str(cell)


def _widths(columns: Sequence[str], rows: Sequence[Row]) -> list[int]:
    cells = [[name, *(_shown(row[place]) for row in rows)] for place, name in enumerate(columns)]
    return [max(Text(cell).cell_len for text in column for cell in text.split("\n")) for column in cells]


def _plain(cell: Any) -> Any:
    if isinstance(cell, float) and not math.isfinite(cell):
        return None
    if isinstance(cell, dict):
        return {str(name): _plain(value) for name, value in cell.items()}
    return [_plain(value) for value in cell] if isinstance(cell, list | tuple) else cell


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", "<br>")
