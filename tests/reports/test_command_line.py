import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from pomonag.errors import UserError
from reports import __main__ as command_line
from reports.__main__ import main
from reports.margins import load as load_margins
from reports.measurements import RunKey, Value

KEY = RunKey("4", "pomonag", "fast", "nb201", "mean-over-runs")


@pytest.fixture
def recomputing(made_up, monkeypatch, tmp_path):
    """Stands in for `python -m benchmarks run`: writes what it is told to have computed."""
    asked = SimpleNamespace(fresh=[], value=99.0, code=0)

    def recompute(results_dir, catalogue, fresh):
        asked.fresh.append(fresh)
        made_up.write(results_dir, [made_up.a_record(KEY, [Value("validity", asked.value, "%", "p")])])
        catalogue.write_text(json.dumps([]))
        return asked.code

    monkeypatch.setattr(command_line, "recompute", recompute)
    made_up.write(tmp_path / "shipped", [made_up.a_record(KEY, [Value("validity", 99.0, "%", "p")])])
    return asked


def paper_tables(tmp_path, *more):
    arguments = [
        "paper-tables",
        "--results-dir",
        str(tmp_path / "shipped"),
        "--output",
        str(tmp_path / "out" / "r.html"),
    ]
    return CliRunner().invoke(main, [*arguments, *more])


def test_agreeing_values_make_a_report_and_end_well(recomputing, tmp_path):
    result = paper_tables(tmp_path)
    assert result.exit_code == 0
    assert "1 of 1 recomputed values agree" in result.output
    assert "recomputed here" in (tmp_path / "out" / "r.html").read_text()
    assert recomputing.fresh == [False]
    assert list((tmp_path / "out" / "recomputed").iterdir())
    # The paper's tables stand beside the page, in every format.
    files = [path.name for path in (tmp_path / "out" / "tables").iterdir()]
    assert len(files) == 30
    assert {"table4.csv", "table4.md", "table4.tex"} <= set(files)


def test_a_mismatch_ends_with_1_after_the_report_was_written(recomputing, tmp_path):
    recomputing.value = 50.0
    result = paper_tables(tmp_path)
    assert result.exit_code == 1
    assert "MISMATCH table4-pomonag-fast-nb201-mean-over-runs-validity-mean-generated seed 0" in result.output
    assert "MISMATCH" in (tmp_path / "out" / "r.html").read_text()


def test_a_failed_recomputation_still_writes_the_report(recomputing, tmp_path):
    recomputing.code = 2
    result = paper_tables(tmp_path)
    assert isinstance(result.exception, UserError)
    assert (tmp_path / "out" / "r.html").exists()


def test_fresh_asks_for_everything(recomputing, tmp_path):
    paper_tables(tmp_path, "--fresh")
    assert recomputing.fresh == [True]


@pytest.mark.parametrize("command", [["render", "--output"], ["tables", "--format", "csv", "--out"]], ids=" ".join)
def test_a_folder_of_results_that_is_not_there_makes_no_empty_report(command, tmp_path):
    result = CliRunner().invoke(main, [*command, str(tmp_path / "out"), "--results-dir", str(tmp_path / "mistyped")])
    assert result.exit_code == 2
    assert "mistyped' does not exist" in result.output
    assert not (tmp_path / "out").exists()


def test_render_recomputes_nothing(recomputing, tmp_path):
    output = tmp_path / "r.html"
    result = CliRunner().invoke(main, ["render", "--results-dir", str(tmp_path / "shipped"), "--output", str(output)])
    assert result.exit_code == 0
    assert recomputing.fresh == []
    assert "nothing was recomputed" in output.read_text()


def test_margins_are_printed_for_every_metric_of_the_paper():
    result = CliRunner().invoke(main, ["margins"])
    assert result.exit_code == 0
    printed = {line.split()[0]: line.split()[1:] for line in result.output.splitlines()[1:]}
    assert printed["validity"] == ["absolute", "2"]
    assert printed["trained_architectures"] == ["ratio", "1.25"]
    assert set(printed) == set(load_margins().by_metric)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["table4-pomonag-fast-nb201-digits-vality-mean-generated", "--why", "w"], "Did you mean 'table4-pomonag-fast"),
        (["table4-*", "--why", " "], "--why is empty"),
        (["table4-*", "--why", "w", "--night", "EMPTY"], "holds no results"),
    ],
)
def test_mistakes_in_accepting_end_with_code_2_and_change_nothing(tmp_path, arguments, message):
    (tmp_path / "EMPTY").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "reports", "accept", *arguments], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_the_power_is_printed():
    done = CliRunner().invoke(main, ["nightly-power", "--nights", "50"])
    assert done.exit_code == 0
    assert "cells are watched. Declared: a drop of 2 sd is found with 95%" in done.output
    assert "<- the baseline" in done.output
    assert "50 simulated nights" in done.output
