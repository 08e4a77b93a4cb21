"""What people get wrong with results, through whole commands: exit code 2, one message, nothing lost or computed."""

from __future__ import annotations

import os
from collections import namedtuple

import pytest

from benchmarks import __main__ as benchmarks_commands
from benchmarks import suites
from benchmarks.runs import Quantity, Run
from pomonag.guarded import run_guarded
from pomonag.records import record_lines
from pomonag.records.record_store import RecordStore
from reports import __main__ as reports_commands
from reports import judgement, margins, paper_cells, paper_numbers
from reports.measurements import SCHEMA, RunKey, RunRecord, Value

KEY = RunKey("4", "pomonag", "fast", "nb201", "mean-over-runs")


@pytest.fixture
def refused(monkeypatch, capsys):
    """The one error of a command that ends with code 2; a run that is started fails the test."""
    run = Run(KEY, (Quantity("validity", "%", "p"),), lambda seed: pytest.fail("computed"))
    monkeypatch.setattr(suites, "all_runs", lambda: [run])

    def message(*arguments: object) -> str:
        module, *rest = map(str, arguments)
        main = {"benchmarks": benchmarks_commands, "reports": reports_commands}[module].main
        monkeypatch.setattr("sys.argv", [module, *rest])
        with pytest.raises(SystemExit) as ending:
            run_guarded(main, "interrupted")
        said = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("set aside: ")]
        assert ending.value.code == 2
        assert said[0].startswith("error: ")
        assert "Traceback" not in "".join(said)
        return said[0]

    return message


@pytest.fixture
def results(tmp_path):
    """A folder with one result of this version."""
    store = RecordStore(tmp_path / "results")
    store.append(a_result())
    store.close()
    return tmp_path / "results"


def a_result(**changes):
    record = RunRecord(KEY, 0, 1, {}, 1, (Value("validity", 99.0, "%", "p"),), 1.0, 1.0)
    return {**record.to_json(), **changes}


def content(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.jsonl")}


READERS = [
    ("reports", "next"), ("reports", "render", "--output", "page.html"), ("reports", "query", "SELECT 1"),
    ("reports", "export", "--format", "csv", "--out", "out.csv"), ("benchmarks", "plan"), ("benchmarks", "run"),
    ("benchmarks", "run", "--next"),
]  # fmt: skip


@pytest.mark.parametrize("command", READERS, ids=" ".join)
def test_results_of_a_newer_version_are_refused_by_every_command(refused, results, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = RecordStore(results)
    store.append(a_result(schema=SCHEMA + 1))
    store.close()
    before = content(results)
    said = refused(*command, "--results-dir", results)
    assert f"is a result of schema {SCHEMA + 1}, written by a newer pomonag" in said
    assert ".jsonl:1" in said
    assert content(results) == before
    assert not list(tmp_path.glob("*.html")) + list(tmp_path.glob("*.csv"))


@pytest.mark.parametrize("command", READERS, ids=" ".join)
def test_a_store_of_a_newer_version_is_refused_by_every_command(refused, results, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.MonkeyPatch.context() as newer:
        newer.setattr(record_lines, "FORMAT", record_lines.FORMAT + 1)
        store = RecordStore(results)
        store.append(a_result())
        store.close()
    before = content(results)
    assert "newer" in refused(*command, "--results-dir", results)
    assert content(results) == before


@pytest.mark.parametrize("command", ["plan", "run"])
@pytest.mark.parametrize(
    ("option", "wrong", "nearest"),
    [("--table", "44", "4"), ("--method", "pomonga", "pomonag"), ("--configuration", "fats", "fast"),
     ("--dataset", "mean-over-run", "mean-over-runs")],
)  # fmt: skip
def test_unknown_names_suggest_the_nearest(refused, results, command, option, wrong, nearest):
    said = refused("benchmarks", command, option, wrong, "--results-dir", results)
    assert repr(wrong) in said
    assert repr(nearest) in said


def test_bad_margins_are_named_with_line_and_column(refused, results, tmp_path, monkeypatch):
    bad = tmp_path / "margins.toml"
    bad.write_text('[accuracy]\nmetrics = ["test_accuracy"]\nabsolute = = 1\n')
    monkeypatch.setattr(judgement, "load_margins", lambda: margins.load(bad))
    assert "margins.toml: " in (said := refused("reports", "next", "--results-dir", results))
    assert "line 3, column 12" in said


def test_bad_numbers_of_the_paper_are_named_with_line_and_column(refused, results, tmp_path, monkeypatch):
    bad = tmp_path / "paper_numbers.csv"
    bad.write_text(paper_numbers.PATH.read_text().replace("97.45,0.07", "97;45,0.07", 1))
    monkeypatch.setattr(paper_numbers.load, "__defaults__", (bad,))
    paper_cells.paper_cells.cache_clear()
    assert "line 2, column value: got '97;45'; expected a number" in refused(
        "reports", "next", "--results-dir", results
    )
    paper_cells.paper_cells.cache_clear()


def test_a_full_disk_is_noticed_before_anything_is_computed(refused, results, monkeypatch):
    before = content(results)
    monkeypatch.setattr("shutil.disk_usage", lambda _: namedtuple("usage", "free")(1000))
    said = refused("benchmarks", "run", "--results-dir", results, "--seeds", "2")
    assert "No space left on device. Free some space or give another folder" in said
    assert "kept" in said
    assert content(results) == before


def test_a_folder_that_cannot_be_written_is_noticed_before_anything_is_computed(refused, results, monkeypatch):
    before, real = content(results), os.open

    def closed(path, flags, *more):
        if flags & os.O_CREAT:
            raise PermissionError(13, "Permission denied")
        return real(path, flags, *more)

    monkeypatch.setattr(os, "open", closed)
    said = refused("benchmarks", "run", "--results-dir", results, "--seeds", "2")
    assert "Permission denied. Make the folder writable or give another folder" in said
    assert content(results) == before
