import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from benchmarks import suites
from benchmarks.__main__ import duration, main
from benchmarks.runs import Need, Outcome, Quantity, Run
from pomonag.errors import UserError
from pomonag.records.record_store import RecordStore
from reports.measurements import RunKey, RunRecord, load_runs


def a_run(method, compute=lambda seed: Outcome({"validity": 99.0}), **changes):
    key = RunKey("4", method, "fast", "nb201", "cifar10")
    return Run(key, (Quantity("validity", "%", "p"),), compute, **changes)


@pytest.fixture
def runs(monkeypatch):
    def broken(seed):
        raise UserError("the checkpoint is truncated")

    made = [
        a_run("pomonag", smoke=True, estimated_seconds=30.0),
        a_run("needy", needs=(Need("table", lambda: "the table is missing. Set POMONAG_DATA_DIR."),)),
        a_run("broken", broken),
    ]
    monkeypatch.setattr(suites, "all_runs", lambda: made)
    return made


def invoke(*arguments):
    return CliRunner().invoke(main, arguments)


def test_plan_prints_what_is_missing_and_the_time_left(runs, tmp_path):
    result = invoke("plan", "--results-dir", str(tmp_path))
    assert result.exit_code == 0
    assert "NOT RUN: the table is missing. Set POMONAG_DATA_DIR." in result.output
    assert "table4-pomonag-fast-nb201-cifar10" in result.output
    assert "90 s" in result.output or "2 min" in result.output
    assert "3 runs, 9 with seeds: 0 done, 6 to run" in result.output


def test_run_keeps_results_and_goes_on_after_a_failure(runs, tmp_path):
    result = invoke("run", "--seeds", "2", "--results-dir", str(tmp_path))
    assert isinstance(result.exception, UserError)
    assert "FAILED: the checkpoint is truncated" in result.output
    assert len(load_runs(tmp_path)[0]) == 2
    result = invoke("run", "--method", "pomonag", "--seeds", "2", "--results-dir", str(tmp_path))
    assert "0 to run" in result.output
    result = invoke("run", "--smoke", "--seeds", "1", "--fresh", "--results-dir", str(tmp_path))
    assert result.output.count("table4-pomonag") == 1


def test_a_result_that_cannot_be_kept_goes_to_standard_output(runs, tmp_path, monkeypatch):
    def refuse(self, record):
        raise UserError("cannot append to the records: No space left on device.")

    monkeypatch.setattr(RecordStore, "append", refuse)
    result = invoke("run", "--method", "pomonag", "--seeds", "1", "--results-dir", str(tmp_path))
    assert isinstance(result.exception, UserError)
    assert "No space left on device. The result that could not be kept stands on standard output." in str(
        result.exception
    )
    record = json.loads(next(line for line in result.stdout.splitlines() if line.startswith("{")))
    assert RunRecord.from_json(record).values[0].value == 99.0


def test_the_catalogue_is_written_with_all_runs(runs, tmp_path):
    invoke(
        "plan", "--method", "pomonag", "--results-dir", str(tmp_path), "--catalogue", str(tmp_path / "new" / "c.json")
    )
    assert len(json.loads((tmp_path / "new" / "c.json").read_text())) == 3


def test_a_typing_mistake_ends_with_a_message_and_code_2(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "run", "--method", "pomonga", "--results-dir", str(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "Did you mean 'pomonag'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("seconds", "text"), [(3, "3 s"), (600, "10 min"), (7200, "2.0 h")])
def test_duration(seconds, text):
    assert duration(seconds) == text
