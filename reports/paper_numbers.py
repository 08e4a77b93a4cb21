"""The paper's numbers in long form, each with its place in the paper."""

from __future__ import annotations

import csv
import functools
import math
from dataclasses import dataclass
from pathlib import Path

from pomonag.errors import UserError

PATH = Path(__file__).parent / "paper_numbers.csv"
COLUMNS = ("table", "method", "space", "dataset", "metric", "statistic", "value", "ci95", "unit", "note")


@dataclass(frozen=True)
class PaperNumber:
    """One number: `ci95` is the printed half-width (None where the paper prints none or it is cut off)."""

    table: str
    method: str
    space: str
    dataset: str
    metric: str
    statistic: str
    value: float
    ci95: float | None
    unit: str
    note: str

    @property
    def place(self) -> str:
        """Where the paper prints it."""
        return (
            f"Table {self.table}" if self.table.isdigit() else self.note.split(";")[0].removeprefix("setting").strip()
        )

    @property
    def text(self) -> str:
        """The number as printed: digits, half-width, unit."""
        whole = self.unit in ("1", "architectures", "s", "triplets") or self.statistic == "relative"
        decimals = 0 if whole else 3 if self.unit == "rho" else 2
        shown = f"{self.value:,.{decimals}f}"
        if self.note.startswith("lower bound"):
            shown = f"> {shown}"
        return shown if self.ci95 is None else f"{shown} ± {self.ci95:,.{decimals}f}"


def load(path: Path | str = PATH) -> list[PaperNumber]:
    """All rows of the file. Raises UserError with the line and column of what cannot be read."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: {error}. Expected a UTF-8 file with the columns {', '.join(COLUMNS)}") from error
    # A row is one line. Read as a whole, a quote that is not closed would swallow the lines up to the next one.
    head, *rows = [_fields(line, path, number) for number, line in enumerate(text.split("\n"), start=1)]
    if tuple(head) != COLUMNS:
        raise UserError(f"{path}, line 1: got the columns {', '.join(head)}; expected {', '.join(COLUMNS)}")
    return [_parse(row, path, number) for number, row in enumerate(rows, start=2) if row]


@functools.cache
def by_place() -> dict[tuple[str, str, str, str, str], PaperNumber]:
    """The shipped numbers by (table, method, space, dataset, metric) in lower case; statistics other than max/min."""
    return {
        (n.table, n.method.lower(), n.space, n.dataset, n.metric): n
        for n in load()
        if n.statistic not in ("max", "min")
    }


def _fields(line: str, path: Path, number: int) -> list[str]:
    try:
        return _split(line)
    except csv.Error as error:
        place = f"{path}, line {number}, column {_column_of_mistake(line)}"
        raise UserError(f"{place}: {error}. Close every quote in its own line.") from error


def _split(line: str) -> list[str]:
    return next(csv.reader([line], strict=True), [])


def _column_of_mistake(line: str) -> str:
    """The column after those that can be read."""
    parts = line.split(",")
    for end in range(len(parts) - 1, 0, -1):
        try:
            read = len(_split(",".join(parts[:end])))
        except csv.Error:
            continue
        return COLUMNS[read] if read < len(COLUMNS) else str(read + 1)
    return COLUMNS[0]


def _parse(fields: list[str], path: Path, line: int) -> PaperNumber:
    if len(fields) != len(COLUMNS):
        raise UserError(
            f"{path}, line {line}: got {len(fields)} columns; expected {len(COLUMNS)}. Quote a text that holds a comma."
        )
    row = dict(zip(COLUMNS, fields))
    return PaperNumber(
        table=row["table"],
        method=row["method"],
        space=row["space"],
        dataset=row["dataset"],
        metric=row["metric"],
        statistic=row["statistic"],
        value=_number(row["value"], "value", path, line),
        ci95=_number(row["ci95"], "ci95", path, line) if row["ci95"] else None,
        unit=row["unit"],
        note=row["note"],
    )


def _number(text: str, column: str, path: Path, line: int) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UserError(f"{path}, line {line}, column {column}: got {text!r}; expected a number")
    return number
