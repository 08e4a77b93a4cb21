"""Every result of the paper is one cell: with a run, a derivation, or what is missing."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.suites import all_runs
from reports.cells import Cell
from reports.paper_cells import cells_of, difference, paper_cells, relative_change
from reports.paper_numbers import load


def test_each_of_the_234_results_has_exactly_one_cell():
    results = [n for n in load() if not n.note.startswith("setting")]
    assert len(results) == 234
    assert [c.number for c in paper_cells()] == results
    assert len({c.id for c in paper_cells()}) == 234


def test_the_tables_have_their_counts():
    assert Counter(c.cell.table for c in paper_cells()) == {
        "1": 48, "2": 88, "3": 12, "4": 12, "5": 32, "6": 10, "text": 32,
    }  # fmt: skip
    assert sum(len(cells_of(t)) for t in ("1", "2", "3", "4", "5", "6", "text")) == 234


def test_each_has_one_of_source_derivation_missing():
    for c in paper_cells():
        assert sum([c.source is not None, c.derivation is not None, bool(c.missing)]) == 1, c.id


def test_sources_are_runs_that_exist_and_promise_the_metric():
    promised = {(run.key, q.metric) for run in all_runs() for q in run.quantities}
    sources = [(c.source.run, c.source.metric) for c in paper_cells() if c.source is not None]
    assert sources
    assert set(sources) <= promised


def test_ids_are_readable():
    cell = next(c for c in paper_cells() if c.number.metric == "validity")
    assert cell.id == "table4-diffusionnag-paper-nb201-mean-over-runs-validity-mean-generated"
    assert isinstance(cell.cell, Cell)


def test_the_papers_own_numbers_follow_from_the_cells_they_are_derived_from():
    for c in paper_cells():
        if c.derivation is None:
            continue
        d = c.derivation
        rounding = 0.6 if c.number.unit == "%" else 0.0006
        assert d.compute(d.first.value, d.second.value) == pytest.approx(c.number.value, abs=rounding), c.id


def test_changes_and_differences():
    assert relative_change(1.0, 4.0) == -75.0
    assert difference(0.5, 0.2) == pytest.approx(0.3)


def test_tables_3_and_6_have_runs_that_are_not_comparable():
    known = {(run.key, q.metric) for run in all_runs() for q in run.quantities}
    cells = [*cells_of("3"), *cells_of("6")]
    assert all(cell.source and cell.source.not_comparable for cell in cells)
    assert all((cell.source.run, cell.source.metric) in known for cell in cells)
    assert [c.source.run.method for c in cells_of("6")][::2] == [f"ablation_{n}" for n in range(1, 6)]
