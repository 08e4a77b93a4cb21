from dataclasses import replace

import pytest

from reports.equivalence import Sample
from reports.measurements import RunKey
from reports.next_seeds import OpenCell, lines, next_seeds
from reports.planning import Plan, chances, seeds_needed
from reports.verdict import Name, Verdict


def key(name):
    return RunKey("4", name, "fast", "nb201", "cifar10")


def open_cell(cell, run, apart=0.1, sd=0.3, seconds=10.0, seeds=3):
    plan = Plan(Sample(apart, sd, seeds), Sample.constant(0.0), 0.5)
    verdict = Verdict(Name.INCONCLUSIVE, "made up", needed_seeds=seeds_needed(plan) - seeds)
    return OpenCell(cell, (key(run),), verdict, seeds, plan, seconds)


def test_a_cell_asks_for_its_seeds_at_the_price_of_its_run():
    cell = open_cell("a", "run")
    [proposal] = next_seeds([cell])
    assert proposal.more == cell.verdict.needed_seeds
    assert proposal.seconds == 10.0 * proposal.more
    assert proposal.gain == pytest.approx(sum(float(part[0]) for part in chances(cell.plan, 3 + proposal.more)))
    assert proposal.gain >= 0.8
    assert proposal.cells == ("a",)


def test_the_cheapest_verdict_comes_first():
    cheap, dear = open_cell("a", "cheap", seconds=1.0), open_cell("b", "dear", seconds=100.0)
    scattered = open_cell("c", "scattered", sd=0.8, seconds=1.0)
    assert [p.runs[0].method for p in next_seeds([dear, scattered, cheap])] == ["cheap", "scattered", "dear"]


def test_cells_of_one_run_share_its_seeds():
    near, far = open_cell("near", "run"), open_cell("far", "run", sd=0.9)
    [proposal] = next_seeds([near, far])
    assert proposal.more == near.verdict.needed_seeds < far.verdict.needed_seeds
    assert proposal.cells == ("near",)
    # The other cell gains a little by the same seeds.
    assert proposal.gain > sum(float(part[0]) for part in chances(near.plan, 3 + proposal.more))
    [both] = next_seeds([open_cell("x", "run"), open_cell("y", "run")])
    assert both.gain >= 1.6
    assert both.cells == ("x", "y")


def test_only_open_cells_that_seeds_can_decide():
    stuck = OpenCell("s", (key("run"),), Verdict(Name.INCONCLUSIVE, "wide"), 3, None, 1.0)
    decided = OpenCell("d", (key("run"),), Verdict(Name.WORSE, "worse"), 3, None, 1.0)
    assert next_seeds([stuck, decided]) == []
    assert lines([], 1) == [
        "No cell is INCONCLUSIVE for want of seeds: more of them would decide none.",
        "1 INCONCLUSIVE cell stays open whatever the number of seeds.",
    ]


def test_unknown_gains_come_last():
    single = OpenCell("single", (key("one"),), Verdict(Name.INCONCLUSIVE, "one value", needed_seeds=2), 1, None, 0.001)
    proposals = next_seeds([single, open_cell("a", "run", seconds=1000.0)])
    assert [p.runs[0].method for p in proposals] == ["run", "one"]
    assert (proposals[1].gain, proposals[1].more, proposals[1].gain_an_hour) == (None, 2, 0.0)
    assert lines(proposals)[1] == "table4-one-fast-nb201-cifar10: 2 more seeds, 0 s, gain not known yet: single"


def test_within_a_budget_the_first_that_fit():
    cells = [open_cell("a", "a", seconds=1.0), open_cell("b", "b", seconds=1000.0), open_cell("c", "c", seconds=2.0)]
    all_of_them = next_seeds(cells)
    budget = all_of_them[0].seconds + all_of_them[1].seconds
    assert [p.runs[0].method for p in next_seeds(cells, budget)] == ["a", "c"]
    assert next_seeds(cells, 0.5) == []
    # Each alone would fit.
    assert [p.runs[0].method for p in next_seeds(cells, budget - 0.1)] == ["a"]


@pytest.mark.parametrize(("seconds", "text"), [(10.0, " s,"), (100.0, " min,"), (10_000.0, " h,")])
def test_times_are_readable(seconds, text):
    [line] = lines(next_seeds([open_cell("a", "run", seconds=seconds)]))
    assert text in line
    assert "verdicts expected of: a" in line


def test_what_is_too_dear_is_not_said_to_be_of_no_use():
    cell = open_cell("a", "run", seconds=1000.0)
    assert next_seeds([cell], 1.0) == []
    assert lines([], 2, too_dear=1) == [
        "1 proposal would take longer than the time given.",
        "2 INCONCLUSIVE cells stay open whatever the number of seeds.",
    ]


def test_a_derived_cell_names_both_of_its_runs():
    single = open_cell("a", "first")
    derived = replace(single, cell="gain", runs=(key("first"), key("second")), seconds_a_seed=20.0)
    proposals = next_seeds([derived, single])
    assert [len(p.runs) for p in proposals] == [1, 2]
    assert proposals[1].name == "table4-first-fast-nb201-cifar10 and table4-second-fast-nb201-cifar10"
