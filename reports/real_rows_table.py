"""Real rows of NAS-Bench-201 beside Table 6's first rows: the figures that ship, and the paper's of such predictors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pomonag.predictors.real_row_figures import shipped_figures
from reports.paper_numbers import by_place
from reports.tables import Entry, Plain, Quoted, ReportTable, Row

COMMAND = "python -m pomonag.predictors.real_row_repeats"
_FIGURES = {
    "pooled": "Spearman over all rows",
    "residual_block0": "Residual in block 0",
    "within_task": "Within task",
}
_SPLITS = {
    "rows": "rows unseen",
    "tasks": "tasks unseen",
    "architectures": "architectures unseen",
    "both": "tasks and architectures unseen",
}
_PREDICTORS = {
    "denoised": "Ours, denoised architectures",
    "noisy": "Ours, noisy architectures",
    "architecture_unknown": "Ours, architecture unknown",
    "ridge_with_architecture": "Ridge with the architecture",
    "classes_and_block": "Ridge on class ids and block",
    "ceiling": "Ceiling",
}
_PAPER = {"noisy": "DiffusionNAG's predictor, noisy", "denoised": "DiffusionNAG's predictor, denoised"}


def real_rows_table(figures: Mapping[str, Any] | None = None) -> ReportTable:
    """One row a split and predictor, of `shipped_figures` unless others are given; the paper's rows come first."""
    lines = (shipped_figures() if figures is None else figures)["summary"]
    found = {(line["split"], line["predictor"], line["figure"]): line for line in lines}
    rows = [
        Row(label, "as the paper prints it for its own meta-test", _quoted(f"spearman_accuracy_{kind}"))
        for kind, label in _PAPER.items()
    ]
    for split, words in _SPLITS.items():
        for predictor, label in _PREDICTORS.items():
            if any(line["split"] == split and line["predictor"] == predictor for line in lines):
                entries = tuple(_entry(found.get((split, predictor, figure))) for figure in _FIGURES)
                rows.append(Row(label, words, entries))
    splits = max((line["n"] for line in lines), default=0)
    return ReportTable(
        "real-rows",
        "Real ImageNet32 rows of NAS-Bench-201",
        tuple(_FIGURES.values()),
        tuple(rows),
        (
            "MetaD2A's 4,230 published accuracies on tasks of 20 classes; about 400 rows are held out. Means and 95 % "
            f"half-widths over up to {splits} splits. A second, real source beside the first rows of Table 6. The "
            "tasks' images are not to be had: our predictors are given each task's class ids and the rows' block of "
            "training protocol in their place. The paper's predictors see images, and its rows, split and noise are "
            "others: its figures stand for scale.",
            "Residual: what a ridge on class ids and block leaves of the true and of the predicted accuracies, within "
            "block 0. Spearman over all rows is mostly the task: a ridge without any architecture reaches nearly as "
            "much, so that the residual tells who knows architectures. Ceiling: the most that the labels' own noise "
            "allows of the residual, as estimated. Within task: mean over the few tasks of which several rows are "
            "held out, hence the wide intervals; 0 where all predictions are equal.",
            f"Measured by {COMMAND}.",
        ),
        head="Predictor",
    )


def _quoted(metric: str) -> tuple[Entry, ...]:
    return (Quoted(by_place()["3", "diffusionnag", "nb201", "meta-test", metric]), Plain("–"), Plain("–"))


def _entry(line: Mapping[str, Any] | None) -> Plain:
    if line is None:
        return Plain("–")
    half = "" if line["half_width"] is None else f" ± {line['half_width']:.3f}"
    return Plain(f"{line['mean']:.3f}{half}")
