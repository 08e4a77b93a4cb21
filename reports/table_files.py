"""The paper's tables as files ready for a paper or for a spreadsheet: CSV, Markdown, LaTeX, one file a table."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from pathlib import Path

from pomonag.errors import UserError
from pomonag.records.files import atomic_write
from reports.latex import latex_table, ours_text, verdict_text
from reports.layouts.layout import Entry, PaperEntry, PaperTable, Printed
from reports.row_formats import Writer, write_csv, write_markdown

MEASURED = (
    "group", "column", "paper", "paper_value", "paper_ci95", "unit", "ours", "ours_mean", "ours_ci95", "n", "verdict",
    "fragile", "reason", "caveats", "cell",
)  # fmt: skip


def csv_table(table: PaperTable) -> str:
    """One line a number with all that is known about it; a table of settings as it is laid out.

    The paper's and our values are numbers here, in the paper's unit; what the paper prints without a number, and
    settings, are texts.
    """
    stubs = [stub.full for stub in table.stubs]
    if not table.judged:
        return _laid_out(table, write_csv)
    rows = [
        [*(stub.label for stub in row.stubs), column.group, column.label, *_measured(entry)]
        for row, column, entry in table.entries
    ]
    file = io.StringIO()
    write_csv([*stubs, *MEASURED], iter(rows), file)
    return file.getvalue()


def _measured(entry: Entry) -> list[object]:
    if isinstance(entry, Printed):
        return [entry.text, *[None] * (len(MEASURED) - 3)]
    judged = entry.cell
    paper, ours = judged.cell.number, judged.number.summary if judged.number else None
    return [
        entry.paper, paper.value, paper.ci95, paper.unit, entry.ours,
        ours and ours.mean, ours and ours.ci95, ours and ours.n,
        entry.word, entry.fragile, entry.reason, "; ".join(entry.caveats), judged.cell.id,
    ]  # fmt: skip


def markdown_table(table: PaperTable) -> str:
    """Heading, caption, and the table as GitHub reads it: in each place the paper's number, ours, the verdict."""
    return f"### {table.heading}\n\n{table.caption}\n\n{_laid_out(table, write_markdown)}"


def _laid_out(table: PaperTable, write: Writer) -> str:
    columns = [*(stub.named for stub in table.stubs), *(column.full for column in table.columns)]
    rows = [[*(stub.named for stub in row.stubs), *map(_stacked, row.entries)] for row in table.rows]
    file = io.StringIO()
    write(columns, iter(rows), file)
    return file.getvalue()


def _stacked(entry: Entry) -> str:
    """What stands in a place, a line each."""
    if not isinstance(entry, PaperEntry):
        return entry.text
    ours = ours_text(entry)
    return "\n".join([entry.paper, *([f"ours {ours}"] if ours else []), verdict_text(entry)])


WRITERS: dict[str, tuple[str, Callable[[PaperTable], str]]] = {
    "csv": ("csv", csv_table),
    "markdown": ("md", markdown_table),
    "latex": ("tex", latex_table),
}
"""Each format's suffix and what makes its text."""


def write_tables(tables: Iterable[PaperTable], format_name: str, folder: Path) -> list[Path]:
    """One file a table, each whole or not at all: `table4.csv`, `text.md`, `settings.tex`. Returns their paths."""
    suffix, text_of = WRITERS[format_name]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot make the folder {folder}: {error.strerror}. Name one that is or can be made, with --out."
        ) from error
    paths = []
    for table in tables:
        path = folder / f"{table.id}.{suffix}"
        with atomic_write(path, "w") as file:
            file.write(text_of(table))
        paths.append(path)
    return paths
