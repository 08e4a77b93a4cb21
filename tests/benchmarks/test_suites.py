import random

import pytest

from benchmarks import catalogue, suites
from benchmarks.runs import Need, Outcome, Quantity, Run
from pomonag.errors import UserError
from reports.measurements import RunKey


def a_run(table="4", method="pomonag", dataset="cifar10", **changes):
    key = RunKey(table, method, "fast", "nb201", dataset)
    return Run(key, (Quantity("validity", "%", "p"),), lambda seed: Outcome({"validity": 1.0}), **changes)


RUNS = [a_run(), a_run(dataset="cifar100"), a_run("2", "random_search")]


def test_filters_are_exact():
    assert [run.key.dataset for run in suites.select(RUNS, dataset=["cifar10"])] == ["cifar10", "cifar10"]
    assert len(suites.select(RUNS, table=["4", "2"], method=[])) == 3
    assert len(suites.select(RUNS, method=["POMONAG"], dataset=["cifar100"])) == 1


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(UserError, match="Did you mean 'pomonag'"):
        suites.select(RUNS, method=["pomonga"])


def test_every_suite_is_found_and_no_two_runs_share_a_key():
    runs = suites.all_runs()
    assert {run.key.table for run in runs} >= {"4", "2", "fronts", "times"}
    assert len({run.key for run in runs}) == len(runs)
    for run in runs:
        assert run.quantities
        assert run.estimated_seconds > 0
        assert len({cell.id for cell in run.cells}) == len(run.cells)


def test_smoke_runs_are_a_matter_of_minutes():
    smoke = [run for run in suites.all_runs() if run.smoke]
    assert smoke
    assert sum(run.estimated_seconds * (run.repeats or 3) for run in smoke) < 600


def test_catalogue_says_what_is_missing_and_the_command():
    entry = catalogue.catalogue([a_run(needs=(Need("table", lambda: "set POMONAG_DATA_DIR"),))])[0]
    assert entry["missing"] == ["set POMONAG_DATA_DIR"]
    assert entry["cells"] == ["table4-pomonag-fast-nb201-cifar10-validity-mean-generated"]
    assert entry["command"].startswith("python -m benchmarks run --table 4 --method pomonag --configuration fast")


def test_the_recomputed_set_is_the_smoke_set_and_a_random_share_of_the_affordable():
    runs = [a_run(method=f"m{i}", smoke=i == 0, estimated_seconds=600.0 if i == 1 else 5.0) for i in range(42)]
    chosen = suites.recomputed(runs, 0.05, random.Random(1))
    assert runs[0] in chosen
    assert runs[1] not in chosen
    assert len(chosen) == 3
    assert chosen != suites.recomputed(runs, 0.05, random.Random(2))
    assert suites.recomputed(runs, 0.0) == [runs[0]]


def test_what_cannot_run_here_is_not_drawn_for_recomputation():
    runs = [a_run(method=f"m{i}", needs=(Need("n", lambda: "missing"),) if i % 2 else ()) for i in range(40)]
    assert {run.key.method for run in suites.recomputed(runs, 1.0)} == {f"m{i}" for i in range(0, 40, 2)}
