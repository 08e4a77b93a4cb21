import csv
import datetime
import decimal
import io
import json

import pytest

from reports.row_formats import SHOWN_ROWS, WRITERS


def written(format_name, columns, rows):
    file = io.StringIO()
    WRITERS[format_name](columns, iter(rows), file)
    return file.getvalue()


ODD = [
    "[bold]x[/bold]", 'a "quoted" | b', "two\nlines", None, float("nan"), 1 / 3, 12_345_678.25, 10**30,
    datetime.date(2025, 1, 2), decimal.Decimal("1.50"), [1, None, float("inf")], {"k": 1.5}, True, "é",
]  # fmt: skip


def test_csv_brings_back_every_number():
    (_, *rows) = csv.reader(io.StringIO(written("csv", ["x"], [[x] for x in (1 / 3, 1e300, -0.0, 10**30, None)])))
    assert [row[0] if row else "" for row in rows] == ["0.3333333333333333", "1e+300", "-0.0", str(10**30), ""]


def test_json_is_json_for_every_kind_of_cell():
    (row,) = json.loads(written("json", [f"c{i}" for i in range(len(ODD))], [ODD]))
    assert list(row.values()) == [
        "[bold]x[/bold]", 'a "quoted" | b', "two\nlines", None, None, 1 / 3, 12_345_678.25, 10**30,
        "2025-01-02", "1.50", [1, None, None], {"k": 1.5}, True, "é",
    ]  # fmt: skip
    assert json.loads(written("json", ["a"], [])) == []


def test_markdown_keeps_one_line_a_row():
    text = written("markdown", ["a|b", "c"], [[ODD[1], ODD[2]], [None, 1 / 3]])
    assert text.splitlines() == [
        r"| a\|b | c |", "| --- | --- |", r'| a "quoted" \| b | two<br>lines |', "|  | 0.333333 |",
    ]  # fmt: skip


def test_the_table_shows_what_is_there_and_no_markup():
    text = written("table", ["name", "value"], [["[bold]x[/bold]", 1 / 3], ["y" * 300, 12_345_678.25]])
    lines = text.splitlines()
    assert lines[1].split() == ["[bold]x[/bold]", "0.333333"]
    assert lines[2].split() == ["y" * 300, "12345678.25"]
    assert lines[1].rstrip().endswith("0.333333")
    assert len(lines) == 3


def test_a_long_table_ends_with_how_many_more():
    text = written("table", ["i"], [[i] for i in range(SHOWN_ROWS + 1234)])
    assert f"{SHOWN_ROWS - 1}\n" in text
    assert f"\n{SHOWN_ROWS}\n" not in text
    assert "… and 1,234 more rows: add LIMIT, or write them all with --format csv" in text


@pytest.mark.parametrize("format_name", ["table", "csv", "markdown"])
def test_no_rows_leave_the_header(format_name):
    assert "a" in written(format_name, ["a"], [])
