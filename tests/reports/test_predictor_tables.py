"""Predictors beside baselines and ceilings, from made-up results."""

from dataclasses import replace

import pytest

from reports.evidence import Evidence, Number
from reports.learning_curve import SHARES, curves, learning_curves
from reports.measurements import RunKey, Value
from reports.predictor_tables import predictor_tables
from reports.tables import Plain, Ratio


def key(method, configuration, space="nb201", table="3"):
    return RunKey(table, method, configuration, space, "meta-test")


def rho(**values):
    return [Value(metric, value, "rho", "made up") for metric, value in values.items()]


@pytest.fixture
def evidence(made_up):
    runs = [
        made_up.a_record(
            key("reliability", "baseline"),
            rho(reliability_pearson=0.81, reliability_spearman=0.64),
            details={"repeated": 100},
        ),
        made_up.a_record(key("params", "baseline"), rho(spearman_accuracy_denoised_within=0.4)),
        made_up.a_record(
            key("pair_ridge", "baseline"), rho(spearman_accuracy_denoised_within=0.6), details={"used": 800}
        ),
        made_up.a_record(key("zen", "baseline"), rho(spearman_accuracy_denoised_within=0.3)),
    ]
    for seed, value in enumerate((0.60, 0.64, 0.62)):
        values = rho(
            spearman_accuracy_denoised_within=value,
            spearman_params_noisy=0.95 * (0.7 + 0.01 * seed),
            ceiling_params_noisy=0.7 + 0.01 * seed,
        )
        runs.append(made_up.a_record(key("pomonag", "fast"), values, seed, details={"used": 800}))
        half = rho(spearman_accuracy_denoised_within=value - 0.1)
        runs.append(made_up.a_record(key("pomonag", SHARES[2]), half, seed, details={"used": 400}))
    return Evidence(runs)


def test_every_baseline_that_was_run_has_a_row(evidence):
    table = next(t for t in predictor_tables(evidence) if t.id == "predictors-nb201")
    labels = [row.label for row in table.rows]
    assert labels[3:] == ["Ridge", "Params alone", "zen"]
    first = {row.label: row.entries[0] for row in table.rows}
    assert isinstance(first["zen"], Number)
    assert not isinstance(first["DiffusionNAG, reference"], Number)


def test_the_target_follows_from_the_reliability(evidence):
    table = next(t for t in predictor_tables(evidence) if t.id == "predictors-nb201")
    assert "0.9·√r = 0.81" in table.notes[1]
    assert "reliability 0.72" in table.notes[1]
    assert "Fast mode has 0.62: the first missed, the second missed." in table.notes[1]


@pytest.mark.parametrize(("ridge_rows", "warned"), [("old", True), ("new", False)])
def test_lines_measured_on_other_rows_are_named(made_up, ridge_rows, warned):
    reliability = made_up.a_record(
        key("reliability", "baseline"), rho(reliability_pearson=0.8, reliability_spearman=0.6)
    )
    ridge = made_up.a_record(key("pair_ridge", "baseline"), rho(spearman_accuracy_denoised_within=0.6))
    runs = [
        replace(ridge, settings={"rows": ridge_rows}, recorded="2026-01-01"),
        replace(reliability, settings={"rows": "new"}, recorded="2026-01-02"),
    ]
    table = next(t for t in predictor_tables(Evidence(runs)) if t.id == "predictors-nb201")
    assert ("earlier state of the rows" in table.notes[-1]) == warned
    assert ("pair_ridge (baseline)" in table.notes[-1]) == warned


def test_ratios_to_the_ceiling_are_paired_by_seed(evidence):
    table = next(t for t in predictor_tables(evidence) if t.id == "ceilings-nb201")
    share = {row.label: row.entries[3] for row in table.rows}
    assert isinstance(share["Params"], Ratio)
    assert share["Params"].summary.mean == pytest.approx(0.95)
    assert share["Params"].summary.ci95 == pytest.approx(0.0, abs=1e-9)
    assert isinstance(share["MACs"], Plain)
    paper = {row.label: getattr(row.entries[0], "paper", None) for row in table.rows}
    assert (paper["Params"].value, paper["Accuracy, within task"]) == (0.666, None)


def test_a_space_without_results_has_no_table(evidence):
    assert {t.id for t in predictor_tables(evidence)} == {"predictors-nb201", "ceilings-nb201", "ablation"}
    assert [t.id for t in predictor_tables(Evidence([]))] == ["ablation"]


def test_the_curve_rises_with_its_rows(evidence):
    fast, ridge = curves(evidence, "nb201")
    assert [rows for rows, _ in fast.points] == [400, 800]
    assert [s.mean for _, s in fast.points] == pytest.approx([0.52, 0.62])
    assert [rows for rows, _ in ridge.points] == [800]
    (picture,) = learning_curves(evidence)
    assert "0.62 of 800 rows" in picture.description
    assert picture.svg.count("<title>") == 3
    assert learning_curves(Evidence([])) == []
