"""Numbers that the text derives from two cells: our value, its spread, its verdict."""

from __future__ import annotations

import math

import numpy as np
import pytest

from reports import judgement, paper_cells
from reports.evidence import Evidence
from reports.judgement import judgements
from reports.margins import load
from reports.measurements import RunKey, Value
from reports.paper_cells import Source
from reports.provenance_panel import panel_data
from reports.verdicts import Name

GAIN = "text-pomonag-over-diffusionnag-paper-nb201-meta-test-spearman_accuracy_noisy_gain-difference-measured"
CHANGE = "text-pomonag-eff-over-diffusionnag-paper-nb201-mean-of-15-params_change-relative-measured"


def a_source(number):
    """A run for every cell of Tables 3 and 5, as if their suites were there."""
    if number.table in ("3", "5") and number.space == "nb201":
        return Source(RunKey(number.table, number.method.lower(), "made-up", "nb201", number.dataset), number.metric)
    return None


@pytest.fixture
def sources(monkeypatch):
    monkeypatch.setattr(paper_cells, "_source", a_source)
    paper_cells.paper_cells.cache_clear()
    yield
    monkeypatch.undo()
    paper_cells.paper_cells.cache_clear()


def runs(made_up, table, method, metric, values, first_seed=0):
    dataset = "meta-test" if table == "3" else "mean-of-15"
    key = RunKey(table, method, "made-up", "nb201", dataset)
    return [made_up.a_record(key, [Value(metric, v, "", "p")], first_seed + i) for i, v in enumerate(values)]


def judged(runs, cell):
    return next(j for j in judgements(Evidence(runs), load()) if j.cell.id == cell)


def noisy(made_up, ours, theirs, first_seed=0):
    metric = "spearman_accuracy_noisy"
    return [
        *runs(made_up, "3", "pomonag", metric, ours),
        *runs(made_up, "3", "diffusionnag", metric, theirs, first_seed),
    ]


def test_a_gain_of_shared_seeds_is_paired(made_up, sources):
    ours, theirs = [0.80, 0.85, 0.90], [0.63, 0.685, 0.73]
    found = judged(noisy(made_up, ours, theirs), GAIN)
    differences = np.subtract(ours, theirs)
    assert found.number.paired
    assert found.number.sample.mean == pytest.approx(differences.mean())
    assert found.number.sample.sd == pytest.approx(differences.std(ddof=1), rel=1e-6)
    assert found.number.summary.n == 3
    assert found.verdict.name is Name.REPRODUCED
    assert found.verdict.difference == pytest.approx(differences.mean() - 0.168)
    assert found.number.cell_id == GAIN


def test_without_shared_seeds_both_spreads_count(made_up, sources):
    ours, theirs = [0.80, 0.85, 0.90, 0.85], [0.63, 0.685, 0.73]
    found = judged(noisy(made_up, ours, theirs, first_seed=10), GAIN)
    error = math.sqrt(np.var(ours, ddof=1) / 4 + np.var(theirs, ddof=1) / 3)
    assert not found.number.paired
    assert found.number.sample.n == 3
    assert found.number.sample.sd / math.sqrt(3) == pytest.approx(error, rel=1e-6)
    assert found.verdict.name is Name.INCONCLUSIVE


def test_a_change_has_the_spread_of_a_ratio_and_inherits_what_forbids_the_comparison(made_up, sources):
    rng = np.random.default_rng(0)
    ours, theirs = rng.normal(0.1, 0.002, 50), rng.normal(1.0, 0.03, 50)
    measured = [
        *runs(made_up, "5", "pomonag-eff", "params", ours), *runs(made_up, "5", "diffusionnag", "params", theirs, 100),
    ]  # fmt: skip
    found = judged(measured, CHANGE)
    assert found.number.sample.mean == pytest.approx(100 * (ours.mean() / theirs.mean() - 1))
    # Against a bootstrap of the ratio of means.
    draws = [100 * (rng.choice(ours, 50).mean() / rng.choice(theirs, 50).mean() - 1) for _ in range(2000)]
    assert found.number.sample.sd / math.sqrt(50) == pytest.approx(np.std(draws), rel=0.1)
    assert found.verdict.name is Name.NOT_COMPARABLE
    assert "over 15 data sets" in found.verdict.reason


def test_a_single_run_of_a_side_has_no_spread(made_up, sources):
    found = judged(noisy(made_up, [0.85], [0.68, 0.69]), GAIN)
    assert found.number.summary.ci95 is None
    assert found.verdict.name is Name.INCONCLUSIVE
    assert found.verdict.needed_seeds == 2


def test_what_is_missing_names_both_cells_and_their_commands(made_up, sources):
    nothing = judged([], GAIN)
    assert nothing.verdict.name is Name.NOT_RUN
    for method in ("pomonag", "diffusionnag"):
        assert f"table3-{method}-paper-nb201-meta-test-spearman_accuracy_noisy" in nothing.verdict.reason
        assert f"--method {method} " in nothing.command
    one = judged(runs(made_up, "3", "pomonag", "spearman_accuracy_noisy", [0.8, 0.9]), GAIN)
    assert "table3-pomonag" not in one.verdict.reason
    assert "table3-diffusionnag" in one.verdict.reason


def test_without_suites_the_reason_is_that_of_the_cells():
    found = judged([], GAIN)
    assert found.verdict.reason.count("not measured yet") == 2


def test_a_derived_cell_is_drawn_like_a_number(made_up, sources):
    from reports.render import interval_text, kind

    found = judged(noisy(made_up, [0.80, 0.85, 0.90], [0.63, 0.685, 0.73]), GAIN)
    assert kind(found.number) == "number"
    assert interval_text(found.number).startswith("0.168")


@pytest.mark.parametrize("first_seed", [0, 10])
def test_the_panel_of_a_gain_shows_its_value_and_leads_to_both_cells(made_up, sources, first_seed):
    evidence = Evidence(noisy(made_up, [0.80, 0.85, 0.90], [0.63, 0.685, 0.73], first_seed))
    data = panel_data(evidence, judgements(evidence, load()), [])
    derived = data["paper"][GAIN]["derived"]
    assert "ours" not in data["paper"][GAIN]
    assert derived["mean"].startswith("0.168")
    assert (derived["n"], derived["paired"]) == (3, first_seed == 0)
    assert [data["cells"][cell]["values"][0] for cell in derived["of"]] == ["0.800", "0.630"]


def test_an_open_gain_asks_for_seeds_of_both_runs(made_up, sources):
    from reports.open_cells import open_cells

    measured = noisy(made_up, [0.80, 0.85, 0.90], [0.68, 0.65, 0.72])
    found = [j for j in judgement.judgements(Evidence(measured), load()) if j.cell.id == GAIN]
    (cell,) = open_cells(found, load())
    assert [key.method for key in cell.runs] == ["pomonag", "diffusionnag"]
    assert cell.seconds_a_seed == 15.0
