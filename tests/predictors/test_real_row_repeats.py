"""The shipped figures on real rows, and how they are summarised."""

from __future__ import annotations

import pytest

from pomonag.predictors.real_row_figures import shipped_figures
from pomonag.predictors.real_row_repeats import summary
from pomonag.predictors.real_row_splits import KINDS


def run(kind, seed, pooled, residual):
    figures = {"pooled": pooled, "residual_block0": residual, "within_task": None}
    return {"split": kind, "seed": seed, "denoised": figures, "noisy": figures, "baselines": {"plain": figures},
            "ceiling_residual_block0": 0.7}  # fmt: skip


def test_the_interval_is_that_of_t():
    lines = summary([run("rows", 0, 0.8, None), run("rows", 1, 0.9, 0.5), run("tasks", 0, 0.1, 0.2)])
    by_key = {(line["split"], line["predictor"], line["figure"]): line for line in lines}
    pooled = by_key["rows", "denoised", "pooled"]
    assert pooled["mean"] == pytest.approx(0.85)
    assert pooled["half_width"] == pytest.approx(12.7062 * 0.05, abs=1e-4)  # t(1) times sd / sqrt(2)
    one = by_key["rows", "noisy", "residual_block0"]
    assert (one["mean"], one["half_width"], one["n"]) == (0.5, None, 1)
    assert ("rows", "plain", "within_task") not in by_key
    assert by_key["rows", "ceiling", "residual_block0"]["n"] == 2


def test_the_shipped_figures_are_what_their_runs_say_and_reach_what_is_asked():
    shipped = shipped_figures()
    assert shipped["summary"] == summary(shipped["runs"])
    assert {"rows", "both"} <= {r["split"] for r in shipped["runs"]} <= set(KINDS)
    means = {(s["predictor"], s["figure"]): s["mean"] for s in shipped["summary"] if s["split"] == "rows"}
    assert means["denoised", "pooled"] >= 0.88
    assert means["noisy", "pooled"] >= 0.85
    assert 0.40 <= means["denoised", "residual_block0"] <= means["ceiling", "residual_block0"]
    for r in shipped["runs"]:
        assert r["rows"]["also_in_train"] == 0
        if r["split"] in ("tasks", "both"):
            assert r["rows"]["of_trained_tasks"] == 0
        if r["split"] in ("architectures", "both"):
            assert r["rows"]["of_trained_architectures"] == 0
