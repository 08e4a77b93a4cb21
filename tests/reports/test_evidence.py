import json

import pytest

from pomonag.errors import UserError
from reports.evidence import Evidence, NotRun, Number, gather, paired_ratios
from reports.measurements import RunKey, Value
from reports.paper_numbers import by_place

KEY = RunKey("4", "pomonag", "fast", "nb201", "mean-over-runs")


def runs_of(made_up, values, **changes):
    return [made_up.a_record(KEY, [Value("validity", v, "%", "p")], seed, **changes) for seed, v in enumerate(values)]


def test_a_number_knows_its_origin_seed_by_seed(made_up):
    shipped = runs_of(made_up, [99.0, 98.0, 97.0])
    number = Evidence(shipped).number(KEY, "validity")
    assert isinstance(number, Number)
    assert (number.origin, number.summary.mean, number.summary.n) == ("shipped", 98.0, 3)
    number = Evidence(shipped, runs_of(made_up, [99.5])).number(KEY, "validity")
    assert number.origin == "1 of 3 recomputed here"
    assert number.values == [99.5, 98.0, 97.0]
    assert Evidence([], shipped).number(KEY, "validity").origin == "recomputed here"


def test_another_configuration_never_shares_a_mean_with_the_shipped_one(made_up):
    changed = runs_of(made_up, [50.0])
    object.__setattr__(changed[0], "version", 2)
    number = Evidence(runs_of(made_up, [99.0, 98.0]), changed).number(KEY, "validity")
    assert number.values == [50.0]


def test_what_was_not_run_says_what_is_missing_and_the_command(made_up):
    entry = {
        "key": {"table": "4", "method": "pomonag", "configuration": "fast", "space": "nb201",
                "dataset": "mean-over-runs"},
        "missing": ["Set POMONAG_DATA_DIR."], "command": "python -m benchmarks run --table 4", "estimated_seconds": 1,
    }  # fmt: skip
    evidence = Evidence([], catalogue=[entry])
    number = evidence.number(KEY, "validity")
    assert isinstance(number, NotRun)
    assert number.missing == ("Set POMONAG_DATA_DIR.",)
    assert number.command == "python -m benchmarks run --table 4"
    assert evidence.not_run == [entry]
    shipped = Evidence(runs_of(made_up, [1.0]), catalogue=[entry]).number(KEY, "validity")
    assert shipped.missing_here == ("Set POMONAG_DATA_DIR.",)
    unknown = Evidence([]).number(KEY, "validity")
    assert unknown.command == (
        "python -m benchmarks run --table 4 --method pomonag --configuration fast --dataset mean-over-runs"
    )


def test_no_command_is_made_up_for_a_run_that_no_suite_has(made_up):
    other = {
        "key": {"table": "4", "method": "other", "configuration": "fast", "space": "nb201", "dataset": "cifar10"},
        "missing": [], "command": "python -m benchmarks run --method other",
    }  # fmt: skip
    unknown = Evidence([], catalogue=[other]).number(KEY, "validity")
    assert unknown == NotRun(("no suite of `python -m benchmarks plan` has this run",), "")
    # Results of a run that is no more are still judged.
    kept = Evidence(runs_of(made_up, [99.0]), catalogue=[other]).number(KEY, "validity")
    assert (kept.values, kept.command, kept.missing_here) == ([99.0], "", ())


def test_the_paper_stands_beside(made_up):
    paper = by_place()["4", "pomonag", "nb201", "mean-over-runs", "validity"]
    number = Evidence(runs_of(made_up, [99.0])).number(KEY, "validity", paper)
    assert number.difference == pytest.approx(99.0 - 99.97)


def test_mismatches(made_up):
    evidence = Evidence(runs_of(made_up, [99.0, 98.0]), runs_of(made_up, [99.1, 90.0]))
    assert [(c.seed, c.shipped, c.recomputed) for c in evidence.mismatches] == [(1, 98.0, 90.0)]


def test_ratios_are_paired_by_seed_value(made_up):
    ours = runs_of(made_up, [2.0, 9.0])
    theirs = [
        made_up.a_record(KEY, [Value("validity", v, "%", "p")], seed) for seed, v in ((0, 1.0), (1, 3.0), (2, 5.0))
    ]
    assert paired_ratios(ours, theirs, "validity") == [2.0, 3.0]
    assert paired_ratios(ours, [], "validity") == []
    assert paired_ratios(ours, theirs, "novelty") == []


def test_gather_reads_folders_and_catalogue(made_up, tmp_path):
    made_up.write(tmp_path / "shipped", runs_of(made_up, [1.0]))
    (tmp_path / "shipped" / "bad.jsonl").write_text("x\n")
    (tmp_path / "catalogue.json").write_text(json.dumps([]))
    evidence = gather(tmp_path / "shipped", tmp_path / "nothing", tmp_path / "catalogue.json")
    assert len(evidence.all_runs()) == 1
    assert evidence.problems == ["bad.jsonl:1: foreign line, or the end of a torn one"]
    (tmp_path / "catalogue.json").write_text("{")
    with pytest.raises(UserError, match="python -m benchmarks plan --catalogue"):
        gather(tmp_path / "shipped", catalogue=tmp_path / "catalogue.json")
