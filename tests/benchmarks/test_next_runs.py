"""`python -m benchmarks run --next`: exactly the proposed seeds are run, and it is said which verdicts changed."""

from __future__ import annotations

import re
import time

import pytest
from click.testing import CliRunner

from benchmarks import next_runs, runner, suites
from benchmarks.__main__ import main
from benchmarks.runs import Need, Outcome, Quantity, Run
from reports.measurements import RunKey, load_runs

KEY = RunKey("4", "pomonag", "fast", "nb201", "mean-over-runs")
# INCONCLUSIVE with three values, decided with the seeds that it asks for.
VALIDITY = [99.0, 99.9, 95.0]


class MadeUp:
    """A suite of one run whose validity is known for each seed."""

    def __init__(self):
        self.computed = []

    def run(self, **changes):
        def compute(seed_value):
            self.computed.append(seed_value)
            time.sleep(0.001)  # no run costs nothing
            return Outcome({"validity": [*VALIDITY, *[99.9] * 500][len(self.computed) - 1]})

        return Run(KEY, (Quantity("validity", "%", "made up"),), compute, estimated_seconds=1.0, **changes)


@pytest.fixture
def suite(monkeypatch, tmp_path):
    """Nothing ships; three seeds are in the folder `here`."""
    made = MadeUp()
    monkeypatch.setattr(next_runs, "SHIPPED", tmp_path / "shipped")
    monkeypatch.setattr(suites, "all_runs", lambda: [made.run()])
    list(runner.execute(runner.plan([made.run()], tmp_path / "here"), tmp_path / "here"))
    return made


def invoke(folder, *arguments):
    return CliRunner().invoke(main, ["run", "--next", "--results-dir", str(folder), *arguments])


def test_the_proposed_seeds_are_run_and_change_the_verdict(suite, tmp_path):
    found = next_runs.propose([suite.run()], tmp_path / "here")
    (proposal,) = found.next.proposals
    assert [step.seed for step in found.steps] == list(range(3, 3 + proposal.more))
    result = invoke(tmp_path / "here")
    assert result.exit_code == 0, result.output
    assert sorted(run.seed for run in load_runs(tmp_path / "here")[0]) == list(range(3 + proposal.more))
    assert len(suite.computed) == 3 + proposal.more
    cell = "table4-pomonag-paper-nb201-mean-over-runs-validity-mean-generated"
    assert re.search(rf"{cell}: INCONCLUSIVE \(\d+ more seeds?\) -> REPRODUCED", result.output)
    assert "INCONCLUSIVE cells: 1 before, 0 now" in result.output
    again = invoke(tmp_path / "here")
    assert "No cell is INCONCLUSIVE for want of seeds" in again.output
    assert len(suite.computed) == 3 + proposal.more


def test_what_ships_counts_and_new_seeds_go_into_the_folder(suite, tmp_path):
    (tmp_path / "here").rename(tmp_path / "shipped")
    invoke(tmp_path / "new")
    seeds = [run.seed for run in load_runs(tmp_path / "new")[0]]
    assert seeds[0] == 3
    assert [run.seed for run in load_runs(tmp_path / "shipped")[0]] == [0, 1, 2]


def test_what_is_too_dear_is_not_run(suite, tmp_path):
    result = invoke(tmp_path / "here", "--max-hours", "1e-12")
    assert "1 proposal would take longer than the time given." in result.output
    assert len(suite.computed) == 3


def test_filters_leave_other_runs_alone(suite, tmp_path, monkeypatch):
    other = Run(RunKey("2", "top250", "draws", "nb201", "cifar10"), (), lambda seed: pytest.fail("run"))
    monkeypatch.setattr(suites, "all_runs", lambda: [suite.run(), other])
    assert "for want of seeds" in invoke(tmp_path / "here", "--table", "2").output
    assert len(suite.computed) == 3


def test_results_of_another_configuration_are_no_seeds_of_this_one(suite, tmp_path):
    found = next_runs.propose([suite.run(version=2)], tmp_path / "here")
    (proposal,) = found.next.proposals
    assert [step.seed for step in found.steps] == list(range(3 + proposal.more))


def test_a_deterministic_run_has_no_more_seeds(suite, tmp_path):
    found = next_runs.propose([suite.run(repeats=4)], tmp_path / "here")
    assert [step.seed for step in found.steps] == [3]
    (note,) = found.notes
    assert note.startswith(f"{KEY.id}: 1 of ")


def test_a_run_that_lacks_its_inputs_says_so(suite, tmp_path, monkeypatch):
    needy = suite.run(needs=(Need("table", lambda: "Set POMONAG_DATA_DIR."),))
    monkeypatch.setattr(suites, "all_runs", lambda: [needy])
    result = invoke(tmp_path / "here")
    assert f"NOT RUN {KEY.id}: Set POMONAG_DATA_DIR." in result.output
    assert "no verdict changed" in result.output


@pytest.mark.parametrize(
    "arguments",
    [("--next", "--smoke"), ("--next", "--fresh"), ("--max-hours", "1"), ("--next", "--max-hours", "0")],
)
def test_options_that_contradict_each_other_are_usage_errors(suite, tmp_path, arguments):
    result = CliRunner().invoke(main, ["run", "--results-dir", str(tmp_path / "here"), *arguments])
    assert result.exit_code == 2
    assert "Error" in result.output
