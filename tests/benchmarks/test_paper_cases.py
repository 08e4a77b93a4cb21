"""`pytest benchmarks/`: every result of the paper is a test, options select exactly, and verdicts end tests."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from benchmarks.conftest import _read_inputs
from benchmarks.measuring import Measuring
from pomonag.errors import UserError
from pomonag.records.record_store import RecordStore
from reports import margins, paper_numbers
from reports.evidence import Number
from reports.judgement import Judged, papers_marks
from reports.measurements import SCHEMA, RunRecord, Value, load_runs, measurements_of
from reports.nightly.acceptances import Acceptance, write_acceptances
from reports.nightly.fingerprint import Fingerprint
from reports.paper_cells import paper_cells
from reports.paper_figures.figure_cells import figure_cells
from reports.verdicts import Name, Verdict

ROOT = Path(__file__).resolve().parents[2]
CELL = next(c for c in paper_cells() if c.cell.metric == "validity" and c.source is not None)


def run_pytest(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "benchmarks/", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_every_result_of_the_paper_is_collected_once():
    done = run_pytest("--collect-only")
    assert done.returncode == 0, done.stdout + done.stderr
    ids = re.findall(r"^benchmarks/(?!test_speed)\S+::test_\w+\[(\S+)\]", done.stdout, flags=re.MULTILINE)
    assert sorted(ids) == sorted([c.id for c in paper_cells()] + [c.id for c in figure_cells()])


def test_collecting_all_cells_waits_for_no_heavy_package():
    modules = ["conftest", *(path.stem for path in sorted((ROOT / "benchmarks").glob("test_*.py")))]
    code = f"import sys, {', '.join(f'benchmarks.{m}' for m in modules)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"torch", "pandas", "scipy", "matplotlib", "pyarrow"} & set(done.stdout.split())


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_gpu_that_is_not_there_is_a_usage_error():
    done = run_pytest("-k", "mbv3", "--gpu")
    assert done.returncode == 4
    assert "CUDA" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout


def test_options_select_exactly_and_suggest():
    done = run_pytest("--collect-only", "--table", "2", "--dataset", "cifar10", "--method", "hebo")
    ids = re.findall(r"\[(\S+)\]", done.stdout)
    assert len(ids) == 2
    assert all("hebo-paper-nb201-cifar10-" in i for i in ids)
    panels = run_pytest("--collect-only", "--table", "figure3", "--dataset", "cifar10")
    costs = ("params", "macs", "latency")
    assert re.findall(r"\[(\S+)\]", panels.stdout) == [f"figure3-nb201-cifar10-{cost}" for cost in costs]
    wrong = run_pytest("--collect-only", "--dataset", "cifar1")
    assert wrong.returncode == 4
    assert "Did you mean 'cifar10'?" in wrong.stderr + wrong.stdout


def test_results_of_a_newer_version_end_the_session_with_one_message(tmp_path):
    store = RecordStore(tmp_path)
    store.append({"kind": "run", "schema": SCHEMA + 1})
    store.close()
    done = run_pytest("--table", "4", "--judge-only", "--results-dir", str(tmp_path))
    assert done.returncode == 2
    assert (done.stdout + done.stderr).count("written by a newer pomonag") == 1
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("file", [margins, paper_numbers], ids=["margins", "paper_numbers"])
def test_what_judges_every_cell_is_read_before_the_first(monkeypatch, file):
    def refuse():
        raise UserError("line 7, column 12")

    monkeypatch.setattr(file, "load", refuse)
    with pytest.raises(pytest.exit.Exception, match="line 7, column 12") as ending:
        _read_inputs(SimpleNamespace(getoption=lambda name: True))
    assert ending.value.returncode == 2


def test_a_measurement_that_failed_is_not_hidden_by_older_values(tmp_path):
    found = Judged(CELL, None, Verdict(Name.REPRODUCED, "because"), "a command")
    with pytest.warns(UserWarning, match=f"{CELL.id} is judged by the values that are there: no space left"):
        Measuring(tmp_path)._conclude(found, "no space left")


def conclude(tmp_path, name, **settings):
    verdict = Verdict(name, "because")
    Measuring(tmp_path, **settings)._conclude(Judged(CELL, None, verdict, "a command"), "")


@pytest.mark.parametrize("name", [Name.REPRODUCED, Name.BETTER, Name.INCONCLUSIVE, Name.PAPER_INCONSISTENT])
def test_what_was_judged_passes(tmp_path, name):
    conclude(tmp_path, name)


def test_worse_fails(tmp_path):
    with pytest.raises(pytest.fail.Exception, match="WORSE: because"):
        conclude(tmp_path, Name.WORSE)


def test_worse_passes_where_it_was_accepted_as_it_is_measured_now(tmp_path):
    key = CELL.source.run

    def judged_with(settings):
        record = RunRecord(key, 0, 1, settings, 1, (Value("validity", 80.0, "%", "p"),), 1.0, 1.0)
        number = Number(tuple(measurements_of(record)), ("shipped",), "a command")
        return record, Judged(CELL, number, Verdict(Name.WORSE, "because"), "a command")

    record, found = judged_with({"count": 256})
    cell = found.number.measurements[0].cell.id
    machine = Fingerprint("cpu", "2.9", 1)
    write_acceptances([Acceptance(cell, record.config_hash, {0: 80.0}, machine, "c", "meant")], tmp_path / "accepted")
    measuring = Measuring(tmp_path, acceptances=tmp_path / "accepted")
    measuring._conclude(found, "")
    with pytest.raises(pytest.fail.Exception, match="WORSE: because"):
        measuring._conclude(judged_with({"count": 128})[1], "")


@pytest.mark.parametrize("name", [Name.NOT_RUN, Name.NOT_COMPARABLE])
def test_what_cannot_be_judged_is_skipped_with_its_reason_or_fails_when_strict(tmp_path, name):
    with pytest.raises(pytest.skip.Exception, match=r"because.*a command"):
        conclude(tmp_path, name)
    with pytest.raises(pytest.fail.Exception, match="because"):
        conclude(tmp_path, name, strict=True)


def test_what_takes_too_long_is_not_started(tmp_path):
    slow = next(c for c in paper_cells() if c.source is not None and c.source.run.configuration == "reference")
    problem = Measuring(tmp_path, seeds=50, fresh=True, max_hours=0.001).measure(slow.source.run)
    assert "more than --max-hours" in problem or not problem  # nothing to run where its inputs are missing
    assert not list(tmp_path.glob("*.jsonl"))


def test_the_rules_mark_cells_of_the_paper():
    marks = papers_marks()
    assert set(marks) <= {c.id for c in paper_cells()}
    assert any(severity == "impossible" for rules in marks.values() for _, severity in rules)


@pytest.fixture
def made_up_suite(tmp_path):
    """`pytest benchmarks/` over a suite of one run with three cells of the paper; what was computed is counted."""

    def run(*arguments: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
        done = run_pytest(
            "-p", "made_up_suite", "--table", "4", "--method", "pomonag", "--space", "nb201",
            "--results-dir", str(tmp_path / "results"), *arguments,
            MADE_UP_SUITE=str(tmp_path),
            PYTHONPATH=os.pathsep.join([str(ROOT), str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]),
        )  # fmt: skip
        file = tmp_path / "computed"
        return done, file.read_text().splitlines() if file.exists() else []

    return run


@pytest.mark.parametrize("arguments", [(), ("-n", "2"), ("--executor", "processes")], ids=["", "xdist", "processes"])
def test_a_run_of_several_cells_is_computed_once(made_up_suite, tmp_path, arguments):
    done, computed = made_up_suite(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed, 1 skipped" in done.stdout
    assert len({line.split()[0] for line in computed}) == len(computed) == 3
    assert len(load_runs(tmp_path / "results")[0]) == 3


def test_what_is_there_is_judged_and_not_computed_again(made_up_suite):
    for _ in range(2):
        done, computed = made_up_suite("--seeds", "2")
        assert "2 passed, 1 skipped" in done.stdout
        assert len(computed) == 2


def test_judging_only_computes_nothing(made_up_suite):
    done, computed = made_up_suite("--judge-only")
    assert "3 skipped" in done.stdout
    assert computed == []


def test_an_executor_that_is_not_installed_or_known_is_a_usage_error(made_up_suite):
    done, computed = made_up_suite("--executor", "threads")
    assert done.returncode == 4
    assert "submitit" in done.stderr
    if importlib.util.find_spec("ray") is None:
        done, computed = made_up_suite("--executor", "ray")
        assert done.returncode == 4
        assert "pip install 'pomonag[ray]'" in done.stderr
    assert computed == []


def test_profile_paper_does_not_start_what_departs_from_the_papers_recipe(tmp_path):
    reduced = next(c for c in paper_cells() if c.source is not None and c.source.not_comparable)
    with pytest.raises(pytest.skip.Exception, match=r"NOT RUN \(profile paper.*recipe here"):
        Measuring(tmp_path, profile="paper").judge(reduced)
    assert not list(tmp_path.iterdir())
    # What follows the paper, as sets of generated architectures do, is measured and judged in every profile.
    followed = next(c for c in paper_cells() if c.source is not None and not c.source.not_comparable)
    assert Measuring(tmp_path, profile="paper")._lacks(followed) == ""
    assert Measuring(tmp_path, profile="lite")._lacks(reduced) == ""
