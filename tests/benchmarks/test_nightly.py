"""A night from end to end, with made-up runs and with the real sampler, as it is and worsened."""

from __future__ import annotations

import io
import random
import time
from dataclasses import replace

import pytest
import torch
from click.testing import CliRunner
from rich.console import Console

import benchmarks.__main__ as command_line
from benchmarks import nightly, nightly_report, nightly_speed, runner, suites
from benchmarks.nightly import Nightly
from benchmarks.runs import Need, Outcome, Quantity, Run
from pomonag.diffusion import samplers
from pomonag.errors import UserError
from pomonag.records.record_store import RecordStore
from reports import __main__ as reports_command_line
from reports.measurements import RunKey, load_runs
from reports.nightly import acceptances, accepting, baseline
from reports.nightly.acceptances import write_acceptances
from reports.nightly.accepted import load_accepted
from reports.nightly.history import read_history
from reports.nightly.night import Status

SEEDS = 15  # enough for a handful of cells; the shipped baseline has 20 for more than a hundred
CELL = "table4-made-up-fast-nb201-digits-validity-mean-generated"


def a_run(shift=0.0, other_draws=False, method="made-up", **changes):
    def compute(seed):
        return Outcome({"validity": 90.0 + shift + random.Random(f"{seed}{other_draws}").gauss(0, 1)})

    key = RunKey("4", method, "fast", "nb201", "digits")
    return Run(key, (Quantity("validity", "%", "made up"),), compute, smoke=True, **changes)


@pytest.fixture
def night(tmp_path):
    """A function that runs a night against the accepted values of `before`."""

    def run(before, now, speed=(), **settings):
        if not (tmp_path / "b.parquet").exists():
            steps = runner.plan(before, tmp_path / "base", seeds=SEEDS)
            records = [record for _, record in runner.execute(steps, tmp_path / "base")]
            baseline.write_baseline(baseline.rows_of(records), tmp_path / "b.parquet")
        accepted = load_accepted(tmp_path / "no results", tmp_path / "b.parquet", tmp_path / "accepted")
        settings = {"results": tmp_path / "night", "history": tmp_path / "history", **settings}
        return Nightly(accepted, **settings).run(now, speed)

    return run


def statuses(found):
    return [cell.status for cell in found.cells]


def test_unchanged_passes_without_a_fresh_seed(night, tmp_path):
    found = night([a_run()], [a_run()])
    assert (statuses(found), found.exit_code) == ([Status.UNCHANGED], 0)
    assert [run.seed for run in load_runs(tmp_path / "night")[0]] == [0, 1, 2]


def test_another_order_of_draws_is_noise_and_passes(night, tmp_path):
    found = night([a_run()], [a_run(other_draws=True)])
    assert (statuses(found), found.exit_code) == ([Status.NOISE], 0)
    fresh = [run.seed for run in load_runs(tmp_path / "night")[0] if run.seed > 2]
    assert min(fresh) == SEEDS
    assert len(fresh) >= 9


def test_a_drop_is_drift_and_named_and_accepting_it_ends_it(night, tmp_path):
    found = night([a_run()], [a_run(shift=-4.0)])
    assert found.exit_code == 1
    (cell,) = found.cells
    assert (cell.watched.cell, cell.status) == (CELL, Status.DRIFT)
    assert cell.difference.high < 0
    assert f"DRIFT {CELL}" in printed(found)
    write_acceptances(
        accepting.acceptances_of([CELL], "meant", tmp_path / "night", tmp_path / "night"), tmp_path / "accepted"
    )
    again = night([], [a_run(shift=-4.0)], results=tmp_path / "second")
    assert (statuses(again), again.exit_code) == ([Status.UNCHANGED], 0)
    assert [n.exit_code for n in read_history(tmp_path / "history")[0]] == [1, 0]


def printed(found):
    console = Console(width=200, record=True, file=io.StringIO())
    nightly_report.print_night(console, found, "a folder")
    return console.export_text()


def test_a_rise_is_a_change_for_the_better_and_passes(night):
    found = night([a_run()], [a_run(shift=+4.0)])
    assert (statuses(found), found.exit_code) == ([Status.BETTER], 0)


def test_time_that_is_short_means_fewer_seeds_and_is_said(night):
    said = []
    slow = a_run(other_draws=True)
    slow = replace(slow, compute=lambda seed, compute=slow.compute: time.sleep(0.002) or compute(seed))
    found = night([a_run()], [slow], max_hours=0.0, say=said.append)
    assert (statuses(found), found.exit_code) == ([Status.UNTESTED], 2)
    assert any("fewer fresh seeds than the power needs" in text for text in said)


def test_another_configuration_is_new_a_failing_run_and_missing_inputs_are_told(night, tmp_path):
    def broken(seed):
        raise UserError("the checkpoint is torn")

    runs = [
        a_run(version=2),
        replace(a_run(method="broken"), compute=broken),
        a_run(method="needy", needs=(Need("x", lambda: "the table is missing."),)),
    ]
    found = night([a_run()], runs)
    assert statuses(found) == [Status.NEW]
    assert found.exit_code == 2
    assert "the checkpoint is torn" in found.failed[0]
    assert found.not_run == ["table4-needy-fast-nb201-digits"]
    with pytest.raises(UserError, match="none of 1 runs can run here: the table is missing"):
        night([], runs[2:], results=tmp_path / "second")


def test_a_folder_with_results_and_a_newer_history_are_refused_before_the_work(night, tmp_path):
    night([a_run()], [a_run()])
    with pytest.raises(UserError, match="is not empty"):
        night([], [a_run()])
    store = RecordStore(tmp_path / "history")
    store.append({"kind": "night", "schema": 99})
    store.close()
    with pytest.raises(UserError, match="newer pomonag"):
        night([], [a_run()], results=tmp_path / "third")
    assert not (tmp_path / "third").exists()


def test_a_ratio_that_stays_slower_fails_the_night(night, tmp_path):
    key = RunKey("speed", "work", "over-fixed", "nb201", "any")
    quantity = Quantity("ratio", "x", "made up", evaluation="measured")

    def speed(ratio):
        return Run(key, (quantity,), lambda seed: Outcome({"ratio": ratio}))

    assert night([a_run(), speed(2.0)], [a_run()], [speed(2.2)]).exit_code == 0
    slower = night([], [a_run()], [speed(2.6)], results=tmp_path / "second")
    assert slower.exit_code == 1
    assert slower.ratios[0].measured == (2.6,) * 4
    assert "SLOWER speed-work-over-fixed" in printed(slower)


def sampler_run():
    """Unguided validity of 32 samples by the shipped denoiser and whatever sampler goes by the name `ancestral`."""
    from pomonag.generation import load_denoiser
    from pomonag.spaces import search_space
    from pomonag.spaces.encoding import from_network_scale, generation_metrics

    space = search_space("nb201")
    denoiser = load_denoiser(space)

    def compute(seed):
        encoding = space.encoding
        with torch.inference_mode():
            x = samplers.SAMPLERS["ancestral"](
                denoiser,
                samplers.log_linear_sigmas(10.0, 0.1, 20),
                (encoding.num_nodes, encoding.num_operations),
                seeds=[(seed + i) % 2**63 for i in range(32)],
            )
        metrics = generation_metrics(encoding.decode(from_network_scale(x)))
        return Outcome({"validity": 100 * metrics.validity, "uniqueness": 100 * metrics.uniqueness})

    quantities = (Quantity("validity", "%", "thresholded"), Quantity("uniqueness", "%", "distinct / valid"))
    return Run(RunKey("4", "sampler", "ancestral", "nb201", "unguided"), quantities, compute, smoke=True)


def test_a_worsened_sampler_fails_the_night_and_is_named(night, tmp_path, monkeypatch):
    run, good = sampler_run(), samplers.SAMPLERS["ancestral"]
    assert night([run], [run]).exit_code == 0

    def stops_early(denoiser, sigmas, *arguments, **options):
        return good(denoiser, sigmas[:12], *arguments, **options)

    monkeypatch.setitem(samplers.SAMPLERS, "ancestral", stops_early)
    worsened = night([run], [run], results=tmp_path / "second")
    assert worsened.exit_code == 1
    drifted = [cell.watched.cell for cell in worsened.cells if cell.status is Status.DRIFT]
    assert drifted == ["table4-sampler-ancestral-nb201-unguided-validity-mean-generated"]


def test_what_is_guarded_is_the_smoke_set_without_times():
    timed = replace(a_run(), quantities=(Quantity("seconds", "s", "p", evaluation="measured"),))
    assert nightly.guarded([a_run(), timed, replace(a_run(), smoke=False)])[1:] == []
    runs = nightly.guarded(suites.all_runs())
    assert all(run.smoke for run in runs)
    cells = [cell for run in runs for cell in nightly.watched(run)]
    assert not [cell for cell in cells if cell.unit in ("s", "ms", "x")]
    known = load_accepted()
    assert all(known.of(cell.cell, cell.config_hash) for cell in cells)
    assert all(known.of(c.id, run.config_hash) for run in nightly_speed.speed_runs() for c in run.cells)


@pytest.mark.parametrize("run", nightly_speed.speed_runs(), ids=lambda run: run.key.method)
def test_a_speed_ratio_is_measured(run, monkeypatch):
    monkeypatch.setattr(nightly_speed, "ROUNDS", 1)
    assert runner.measure(run, 0).values[0].value > 0


def test_the_baseline_is_computed_once_and_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(nightly, "speed_runs", list)
    first = nightly.compute_baseline([a_run()], tmp_path, print)
    said = []
    assert nightly.compute_baseline([a_run()], tmp_path, said.append) == first
    assert said == []
    assert len(first) == len({record.seed for record in first}) >= 11


def test_the_commands_end_to_end(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(suites, "all_runs", lambda: [a_run()])
    monkeypatch.setattr(nightly, "speed_runs", list)
    monkeypatch.setattr(nightly_speed, "speed_runs", list)
    monkeypatch.setattr(baseline, "BASELINE", tmp_path / "b.parquet")
    monkeypatch.setattr(acceptances, "ACCEPTANCES", tmp_path / "accepted")
    monkeypatch.setattr("reports.nightly.accepted.load_accepted.__defaults__",
                        (tmp_path / "none", tmp_path / "b.parquet", tmp_path / "accepted"))  # fmt: skip

    def invoke(main, *arguments):
        return CliRunner().invoke(main, arguments, catch_exceptions=False)

    assert invoke(command_line.main, "nightly", "--baseline").exit_code == 0
    done = invoke(command_line.main, "nightly")
    assert (done.exit_code, "1 cells: 1 unchanged." in done.output) == (0, True)
    monkeypatch.setattr(suites, "all_runs", lambda: [a_run(shift=-4.0)])
    done = invoke(command_line.main, "nightly", "--results-dir", "worse")
    assert done.exit_code == 1
    assert f"DRIFT {CELL}" in done.output
    arguments = ["accept", CELL, "--why", "meant so", "--night", "worse", "--results-dir", "worse"]
    assert "accepted table4-made-up" in invoke(reports_command_line.main, *arguments).output
    assert invoke(command_line.main, "nightly", "--results-dir", "again").exit_code == 0
