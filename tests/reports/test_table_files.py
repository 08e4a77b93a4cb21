"""The paper's tables as files: CSV that brings numbers back, Markdown to the letter, one command for all."""

from __future__ import annotations

import csv
import io

import pytest
from click.testing import CliRunner

from pomonag.errors import UserError
from reports.__main__ import FORMATS, main
from reports.evidence import Evidence
from reports.judgement import Judged
from reports.layouts.layout import Column, PaperEntry, PaperTable, Printed, Row, Stub
from reports.measurements import RunKey, Value
from reports.paper_cells import paper_cells
from reports.paper_tables import judged_tables
from reports.table_files import WRITERS, csv_table, markdown_table, write_tables
from reports.verdicts import Name, Verdict

KEY = RunKey("4", "pomonag", "fast", "nb201", "mean-over-runs")


@pytest.fixture
def runs(made_up):
    return [made_up.a_record(KEY, [Value("validity", 99.0 + seed / 8, "%", "p")], seed) for seed in range(3)]


def test_csv_brings_back_every_number(runs):
    (table,) = judged_tables(Evidence(runs), ("4",))
    rows = list(csv.DictReader(io.StringIO(csv_table(table))))
    assert len(rows) == 12
    (measured,) = [row for row in rows if row["ours"]]
    assert (measured["Method"], measured["group"], measured["column"]) == ("POMONAG", "NASBench201", "Validity ↑")
    assert [float(measured[name]) for name in ("paper_value", "paper_ci95", "ours_mean", "n")] == [
        99.97,
        0.1,
        99.125,
        3,
    ]
    assert measured["cell"] == "table4-pomonag-paper-nb201-mean-over-runs-validity-mean-generated"
    assert {row["verdict"] for row in rows if row is not measured} == {"NOT RUN"}
    assert all(row["reason"] for row in rows)


def test_csv_of_all_tables_has_each_result_once():
    cells = [
        row["cell"]
        for table in judged_tables(Evidence([]))
        if table.judged
        for row in csv.DictReader(io.StringIO(csv_table(table)))
        if row["cell"]
    ]
    assert sorted(cells) == sorted(cell.id for cell in paper_cells())


def test_csv_of_settings_is_as_laid_out():
    (table,) = judged_tables(Evidence([]), ("8",))
    rows = list(csv.DictReader(io.StringIO(csv_table(table))))
    assert rows[3] == {
        "Hyperparameter": "Epochs", "NASBench201: Paper": "200", "NASBench201: Ours (lite)": "3",
            "NASBench201: Tuned (lite)": "20 (200)",
        "MobileNetV3: Paper": "50", "MobileNetV3: Ours (lite)": "–",
    }  # fmt: skip


def test_markdown_to_the_letter():
    cell = next(cell for cell in paper_cells() if cell.number.metric == "validity")
    entry = PaperEntry(Judged(cell, None, Verdict(Name.WORSE, "lower", fragile=True)), beside="98 | 99")
    table = PaperTable(
        "4", "t", "About it.", (Column("Method"),), (Column("Validity", "NB"), Column("B")),
        (Row((Stub("x", remark="ours"),), (entry, Printed("N/A"))),),
    )  # fmt: skip
    assert markdown_table(table) == (
        "### Table 4: t\n\nAbout it.\n\n| Method | NB: Validity | B |\n| --- | --- | --- |\n"
        "| x, ours | 98.97 ± 0.29<br>ours 98 \\| 99<br>WORSE (fragile) | N/A |\n"
    )


def test_the_commands_formats_are_those_there_are():
    assert tuple(WRITERS) == FORMATS


@pytest.mark.parametrize("format_name", FORMATS)
def test_the_command_writes_one_file_a_table(format_name, tmp_path, made_up, runs):
    made_up.write(tmp_path / "results", runs)
    out = tmp_path / "new" / "folder"
    arguments = ["tables", "--format", format_name, "--out", str(out), "--results-dir", str(tmp_path / "results")]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    suffix = WRITERS[format_name][0]
    assert {path.name for path in out.iterdir()} == {
        *(f"table{number}.{suffix}" for number in range(1, 9)), f"text.{suffix}", f"settings.{suffix}",
    }  # fmt: skip
    assert "99.1" in (out / f"table4.{suffix}").read_text(encoding="utf-8")
    assert "BETTER" not in (out / f"table1.{suffix}").read_text(encoding="utf-8")


def test_the_command_writes_the_tables_asked_for_and_refuses_others(tmp_path):
    arguments = ["tables", "--format", "csv", "--out", str(tmp_path / "out")]
    assert CliRunner().invoke(main, [*arguments, "--table", "text", "--table", "3"]).exit_code == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"text.csv", "table3.csv"}
    refused = CliRunner().invoke(main, [*arguments, "--table", "9"])
    assert isinstance(refused.exception, UserError)
    assert "'9'" in str(refused.exception)


def test_a_folder_that_cannot_be_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"cannot make the folder .*file"):
        write_tables(judged_tables(Evidence([]), ("7",)), "csv", tmp_path / "file" / "x")
