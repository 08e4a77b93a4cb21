import pytest

from benchmarks import runner
from benchmarks.runs import Need, Outcome, Quantity, Run
from pomonag.errors import UserError
from reports.measurements import RunKey, load_runs


def a_run(method="pomonag", compute=None, **changes):
    settings = {
        "key": RunKey("4", method, "fast", "nb201", "mean-over-runs"),
        "quantities": (Quantity("validity", "%", "threshold 0.5"), Quantity("novelty", "%", "against nothing")),
        "compute": compute or (lambda seed: Outcome({"validity": 99.0, "novelty": seed % 7}, {"fronts": {}})),
        "settings": {"count": 256},
    }
    return Run(**{**settings, **changes})


def test_what_is_done_is_not_done_again(tmp_path):
    calls = []
    run = a_run(compute=lambda seed: calls.append(seed) or Outcome({"validity": 99.0, "novelty": 1.0}))
    for _ in range(2):
        list(runner.execute(runner.plan([run], tmp_path), tmp_path))
    assert len(calls) == len(set(calls)) == 3
    assert {step.status for step in runner.plan([run], tmp_path)} == {"done"}
    more = runner.plan([run], tmp_path, seeds=5)
    assert [step.status for step in more] == ["done"] * 3 + ["to run"] * 2


def test_settings_version_and_fresh_make_it_run_again(tmp_path):
    run = a_run()
    list(runner.execute(runner.plan([run], tmp_path), tmp_path))
    for changed in (a_run(version=2), a_run(settings={"count": 128})):
        assert {step.status for step in runner.plan([changed], tmp_path)} == {"to run"}
    assert {step.status for step in runner.plan([run], tmp_path, fresh=True)} == {"to run"}


def test_every_finished_run_is_on_disk_before_the_next_begins(tmp_path):
    run = a_run()
    stream = runner.execute(runner.plan([run], tmp_path), tmp_path)
    next(stream)
    stream.close()  # as a kill after the first
    assert [record.seed for record in load_runs(tmp_path)[0]] == [0]
    assert [step.status for step in runner.plan([run], tmp_path)] == ["done", "to run", "to run"]


def test_missing_inputs_make_a_run_not_run_and_say_why(tmp_path):
    run = a_run(needs=(Need("table", lambda: "the table is missing. Set POMONAG_DATA_DIR."), Need("x", lambda: None)))
    steps = runner.plan([run], tmp_path)
    assert {step.status for step in steps} == {"not run"}
    assert steps[0].missing == ("the table is missing. Set POMONAG_DATA_DIR.",)
    assert list(runner.execute(steps, tmp_path)) == []


def test_a_result_stays_done_where_its_inputs_are_missing(tmp_path):
    list(runner.execute(runner.plan([a_run()], tmp_path), tmp_path))
    without = a_run(needs=(Need("table", lambda: "missing"),))
    assert {step.status for step in runner.plan([without], tmp_path)} == {"done"}


def test_an_error_of_the_user_stops_one_run_only(tmp_path):
    def broken(seed):
        raise UserError("the checkpoint is truncated")

    steps = runner.plan([a_run("a-broken", broken), a_run("b-fine")], tmp_path, seeds=1)
    results = [result for _, result in runner.execute(steps, tmp_path)]
    assert isinstance(results[0], UserError)
    assert [record.key.method for record in load_runs(tmp_path)[0]] == ["b-fine"]


def test_seeds_come_from_names_and_can_be_shared():
    one, two = runner.measure(a_run("one"), 0), runner.measure(a_run("two"), 0)
    assert one.seed_value != two.seed_value
    shared = [runner.measure(a_run(name, seed_name="pairs"), 1).seed_value for name in ("one", "two")]
    assert shared[0] == shared[1] != one.seed_value


def test_a_deterministic_run_is_measured_once(tmp_path):
    assert len(runner.plan([a_run(repeats=1)], tmp_path, seeds=5)) == 1


def test_a_broken_promise_is_an_error():
    with pytest.raises(ValueError, match=r"promised \['novelty', 'validity'\] and gave \['validity'\]"):
        runner.measure(a_run(compute=lambda seed: Outcome({"validity": 1.0})), 0)


def test_an_undefined_value_is_left_out_with_a_warning():
    run = a_run(compute=lambda seed: Outcome({"validity": 0.0, "novelty": float("nan")}))
    with pytest.warns(UserWarning, match="novelty is undefined"):
        record = runner.measure(run, 0)
    assert [value.metric for value in record.values] == ["validity"]


def test_a_record_says_how_long_and_where(tmp_path):
    record = runner.measure(a_run(), 0)
    assert record.wall_seconds >= 0
    assert record.provenance["cpu"]
    assert "load" in record.provenance
