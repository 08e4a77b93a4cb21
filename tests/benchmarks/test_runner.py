import functools
import os
import threading

import pytest

from benchmarks import runner
from benchmarks.runs import Need, Outcome, Quantity, Run
from pomonag.errors import UserError
from pomonag.records.claims import Claims
from pomonag.records.record_store import RecordStore
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


def test_a_failed_run_says_where_and_the_others_go_on(tmp_path):
    steps = runner.plan([a_run("a-broken", lambda seed: 1 / 0), a_run("b-fine")], tmp_path, seeds=1)
    (_, failure), (_, record) = runner.execute(steps, tmp_path)
    assert isinstance(failure, UserError)
    assert "ZeroDivisionError: division by zero (test_runner.py:" in str(failure)
    assert record.key.method == "b-fine"


def where(seed):
    return Outcome({"validity": float(os.getpid()), "novelty": seed % 7})


def suite():
    runs = [a_run(f"method{i}", where) for i in range(2)]
    return [*runs, a_run("timed", where, quantities=timed_quantities())]


def timed_quantities():
    return tuple(Quantity(metric, "s", "by the clock", evaluation="measured") for metric in ("validity", "novelty"))


def test_workers_compute_all_and_time_alone(tmp_path):
    steps = runner.plan(suite(), tmp_path, seeds=2)
    results = list(runner.execute(steps, tmp_path, workers=2, suite=suite))
    assert {(step.run.key.method, step.seed) for step, _ in results} == {
        (name, seed) for name in ("method0", "method1", "timed") for seed in range(2)
    }
    process = {record.key.method: record.values[0].value for _, record in results}
    assert process["timed"] == os.getpid() not in (process["method0"], process["method1"])
    assert len(load_runs(tmp_path)[0]) == 6
    with pytest.raises(ValueError, match="suite"):
        next(runner.execute(runner.plan(suite(), tmp_path, seeds=3), tmp_path, workers=2))


def changed_suite():
    return [a_run(f"method{i}", where, version=2) for i in range(2)]


def test_code_that_changed_under_the_command_is_not_measured_as_the_old_one(tmp_path):
    steps = runner.plan(suite()[:1], tmp_path, seeds=1)
    ((_, failure),) = runner.execute(steps, tmp_path, workers=2, suite=changed_suite)
    assert "changed since the command was started" in str(failure)
    assert load_runs(tmp_path)[0] == []


def test_what_another_process_recorded_meanwhile_is_taken_over(tmp_path):
    calls = []
    run = a_run(compute=functools.partial(lambda seed: calls.append(seed) or Outcome({"validity": 9.0, "novelty": 1})))
    steps = runner.plan([run], tmp_path)
    list(runner.execute(steps[1:2], tmp_path))
    results = list(runner.execute(steps, tmp_path))
    assert sorted((step.seed, step.status) for step, _ in results) == [(0, "to run"), (1, "done"), (2, "to run")]
    assert all(step.seed == record.seed for step, record in results)
    assert len(calls) == 3


def test_what_another_is_at_is_left_to_it_and_waited_for(tmp_path):
    run, said, waited = a_run(), [], threading.Event()
    steps = runner.plan([run], tmp_path, seeds=2)

    def say(text):
        said.append(text)
        waited.set()

    def other():
        # Stands for another process: it claims in the same way.
        with Claims(tmp_path).claim(steps[0].ticket.name) as mine:
            assert mine
            claimed.set()
            assert waited.wait(10)
            store = RecordStore(tmp_path)
            store.append(runner.measure(run, 0).to_json())
            store.close()

    claimed = threading.Event()
    thread = threading.Thread(target=other)
    thread.start()
    assert claimed.wait(10)
    results = [(step.seed, step.status) for step, _ in runner.execute(steps, tmp_path, say=say)]
    thread.join()
    assert results == [(1, "to run"), (0, "done")]
    assert said == [
        "waiting for other processes in this folder, which compute table4-pomonag-fast-nb201-mean-over-runs seed 0"
    ]
    assert len(RecordStore(tmp_path).read()[0]) == 2


def test_what_another_gave_up_is_computed_here(tmp_path):
    steps = runner.plan([a_run()], tmp_path, seeds=1)
    claim = Claims(tmp_path).claim(steps[0].ticket.name)
    claim.__enter__()
    results = list(runner.execute(steps, tmp_path, say=lambda text: claim.__exit__(None, None, None)))
    assert [(step.status, record.seed) for step, record in results] == [("to run", 0)]


def test_fresh_runs_of_two_share_what_is_computed_after_both_began(tmp_path):
    list(runner.execute(runner.plan([a_run()], tmp_path, seeds=2), tmp_path))
    one, two = (runner.plan([a_run()], tmp_path, seeds=2, fresh=True) for _ in range(2))
    assert [step.status for step, _ in runner.execute(one[:1], tmp_path)] == ["to run"]
    assert [step.status for step, _ in runner.execute(two, tmp_path)] == ["done", "to run"]


def test_damage_is_named_and_computed_again(tmp_path):
    list(runner.execute(runner.plan([a_run()], tmp_path, seeds=2), tmp_path))
    (path,) = tmp_path.glob("*.jsonl")
    path.write_bytes(path.read_bytes().replace(b'"value":99.0', b'"value":89.0', 1))
    said = []
    steps = runner.plan([a_run()], tmp_path, seeds=2, say=said.append)
    assert [step.status for step in steps] == ["to run", "done"]
    assert said == [f"set aside: {path.name}:1: checksum does not match"]


def test_results_of_a_newer_version_are_refused(tmp_path):
    RecordStore(tmp_path).append({"kind": "run", "schema": 2, "id": "from-the-future"})
    with pytest.raises(UserError, match=r"jsonl:1 is a result of schema 2, written by a newer pomonag.*Update pomonag"):
        runner.plan([a_run()], tmp_path)


def test_a_folder_that_cannot_be_written_is_named_before_anything_is_computed(tmp_path):
    (tmp_path / "file").touch()
    run = a_run(compute=lambda seed: pytest.fail("computed"))
    steps = [runner.Step(run, 0, "to run")]
    with pytest.raises(UserError, match=r"cannot append to the records in .*file: File exists"):
        list(runner.execute(steps, tmp_path / "file"))


def test_a_disk_that_fills_stops_the_command_and_hands_the_result_over(tmp_path, monkeypatch):
    real = RecordStore.append

    def append(self, record):
        if record["key"]["method"] == "b-large":
            raise UserError("cannot append to the records: No space left on device.")
        real(self, record)

    monkeypatch.setattr(RecordStore, "append", append)
    stream = runner.execute(runner.plan([a_run("a-fine"), a_run("b-large")], tmp_path, seeds=1), tmp_path)
    assert next(stream)[1].key.method == "a-fine"
    with pytest.raises(runner.Unrecorded, match="No space left") as caught:
        next(stream)
    assert caught.value.record.key.method == "b-large"
    assert [record.key.method for record in load_runs(tmp_path)[0]] == ["a-fine"]
