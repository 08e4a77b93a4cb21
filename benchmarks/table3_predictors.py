"""Table 3 at lite: rank correlation of the predictors on held-out rows, beside plain baselines and Bayes ceilings.

Every figure is of rows whose task and architecture are both unseen, unless its name says another part.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.inputs import digest_of
from benchmarks.predictor_rows import (
    LABELS,
    PAPER_NAMES,
    PredictorRows,
    judged_denoised,
    judged_noisy,
    metric_name,
    predictor_rows,
    rows_digest,
    rows_need,
)
from benchmarks.runs import Need, Outcome, Quantity, Run
from pomonag.meta_dataset.schema import meta_dataset
from pomonag.meta_dataset.splits import TESTS
from reports.measurements import RunKey

SPACES = ("nb201", "mbv3")
# Shares of the rows to learn from; all of them is the run `fast`, or `baseline`.
CURVE = {"eighth": 0.125, "quarter": 0.25, "half": 0.5}
_PARTS = {
    "tasks": "tasks unseen, architectures seen",
    "architectures": "architectures unseen, tasks seen",
    "both": "tasks and architectures unseen",
}
_LITE = "shipped lite rows; against the accuracy of one lite training"


def quantities(how: str, labels: tuple[str, ...] = ("accuracy",)) -> tuple[Quantity, ...]:
    """Pooled on each part and, of accuracy, within tasks."""
    found = []
    for label in labels:
        noise = ", t uniform over the reference's noise process, mean over 8 draws" if how == "noisy" else ""
        for part in TESTS:
            name, rows = metric_name(label, how, part), f"{_PARTS[part]}{noise}; {_LITE if label == 'accuracy' else ''}"
            found.append(Quantity(name, "rho", f"Spearman over all rows; {rows}", evaluation="predicted"))
            if label == "accuracy":
                found.append(Quantity(f"{name}_within", "rho", f"mean within tasks; {rows}", evaluation="predicted"))
    return tuple(found)


ACCURACY = (*quantities("noisy"), *quantities("denoised"))
FIVE = (*quantities("noisy", LABELS), *quantities("denoised"))
CEILINGS = tuple(
    Quantity(
        f"ceiling_{PAPER_NAMES[label]}_noisy{within}", "rho",
        f"Spearman of the Bayes-optimal prediction from the same noisy rows, {how}; accuracy by the denoised ensemble, "
        "latency by the ridge on measured ones; tasks and architectures unseen",
        evaluation="predicted",
    )
    for label in LABELS
    for within, how in (("", "over all rows"), *((("_within", "within tasks"),) if label == "accuracy" else ()))
)  # fmt: skip


# That of `LITE_ENSEMBLE`; importing it here would import PyTorch whenever cells are listed.
_FAST = {"weight_decay": 3.0}


def runs() -> list[Run]:
    """The table's rows, its baselines and the learning curve, for each space."""
    return [run for space in SPACES for run in _runs(space)]


def _runs(space: str) -> list[Run]:
    run = functools.partial(predictor_run, "3", space=space)
    curve = [
        run(
            method,
            f"{name}-of-rows",
            quantities("denoised"),
            functools.partial(compute, share=share),
            seconds,
            settings={"share": share, **settings},
        )
        for name, share in CURVE.items()
        for method, compute, seconds, settings in (
            ("pomonag", _fast_denoised, 20.0, _FAST),
            ("pair_ridge", _ridge, 2.0, {}),
        )
    ]
    return [
        run("diffusionnag", "reference", ACCURACY, _diffusionnag, 80.0),
        run("pomonag", "reference", FIVE, _pomonag_reference, 190.0),
        run("pomonag", "fast", (*FIVE, *CEILINGS), _fast, 70.0, settings=_FAST),
        run("pair_ridge", "baseline", quantities("denoised"), _ridge, 2.0),
        run("params", "baseline", quantities("denoised"), _params, 1.0),
        run("reliability", "baseline", RELIABILITY, _reliability, 1.0),
        *(
            run(
                name,
                "baseline",
                quantities("denoised"),
                functools.partial(_score, name=name),
                1.0,
                settings={"scores": scores_digest(space)},
                needs=(scores_need(space),),
            )
            for name in training_free_names(space)
        ),
        *curve,
    ]


def predictor_run(
    table: str,
    method: str,
    configuration: str,
    promised: tuple[Quantity, ...],
    compute: Callable[[PredictorRows, int], Outcome],
    seconds: float,
    *,
    space: str,
    settings: Mapping[str, Any] | None = None,
    encoder: str | None = None,
    needs: tuple[Need, ...] = (),
) -> Run:
    """A run on a space's rows; other rows make another configuration."""
    encoded = {"encoder": encoder} if encoder else {}
    return Run(
        key=RunKey(table, method, configuration, space, "meta-test"),
        quantities=promised,
        compute=lambda seed: compute(predictor_rows(space, **encoded), seed),
        settings={"rows": rows_digest(space), **encoded, **(settings or {})},
        needs=(rows_need(space), *needs),
        estimated_seconds=seconds,
        # What does not learn, and ridge regression, is the same for every seed.
        repeats=1 if seconds < 5 else None,
        seed_name=f"predictors-{space}",
    )


def outcome(data: PredictorRows, values: Mapping[str, float], share: float = 1.0, **details: Any) -> Outcome:
    """With the sizes of the test parts and the number of rows that were `used` of those to learn from."""
    sizes = {part: len(frame) for part, frame in data.split.outer.tests.items()}
    details = {"used": len(data.limited(share)), **sizes, **details}
    return Outcome(values, details, {"rows": rows_digest(data.space.name)})


def _fast(data: PredictorRows, seed: int) -> Outcome:
    from benchmarks.predictor_ceilings import ceilings
    from benchmarks.predictor_methods import train_fast

    found = train_fast(data, seed)
    values = judged_denoised(data, found.denoised) | judged_noisy(data, found.noisy, data.space.encoding, seed)
    return outcome(data, values | ceilings(data, found, seed), ensemble_steps=found.steps)


def _fast_denoised(data: PredictorRows, seed: int, share: float) -> Outcome:
    from benchmarks.predictor_methods import train_fast

    return outcome(data, judged_denoised(data, train_fast(data, seed, share, noisy=False).denoised), share)


def _diffusionnag(data: PredictorRows, seed: int) -> Outcome:
    from benchmarks.predictor_methods import train_reference_predictors

    found = train_reference_predictors(data, "an", seed, ("accuracy",))
    noisy = judged_noisy(data, found.noisy, found.encoding, seed, ("accuracy",))
    return outcome(data, noisy | judged_denoised(data, found.denoised))


def _pomonag_reference(data: PredictorRows, seed: int) -> Outcome:
    from benchmarks.predictor_methods import train_reference_predictors

    found = train_reference_predictors(data, "ours", seed, reliable_labels=True)
    return outcome(data, judged_noisy(data, found.noisy, found.encoding, seed) | judged_denoised(data, found.denoised))


def _ridge(data: PredictorRows, seed: int, share: float = 1.0) -> Outcome:
    from benchmarks.predictor_methods import train_ridge

    return outcome(data, judged_denoised(data, train_ridge(data, share)), share)


def _params(data: PredictorRows, seed: int) -> Outcome:
    return outcome(data, judged_denoised(data, lambda frame: frame["params"].to_numpy(float)))


RELIABILITY = tuple(
    Quantity(
        name, "rho", f"{what} of the task-centred accuracies of two trainings of the same rows", evaluation="predicted"
    )
    for name, what in (("reliability_pearson", "Pearson correlation"), ("reliability_spearman", "Spearman correlation"))
)


def _reliability(data: PredictorRows, seed: int) -> Outcome:
    found = data.reliability
    values = {f"reliability_{name}": found.get(name, float("nan")) for name in ("pearson", "spearman")}
    return outcome(data, values, repeated=found.get("n", 0))


def training_free_names(space: str) -> list[str]:
    """The columns of the shipped training-free scores, and their vote."""
    from pomonag.errors import UserError
    from pomonag.meta_dataset.training_free_table import shipped_scores

    try:
        columns = shipped_scores(space).columns
    except UserError:
        return []
    return [*sorted(set(columns) - {"architecture", "params", "cpu_seconds"}), "vote"]


FEWEST_SCORED = 0.95


def scores_digest(space: str) -> str:
    """A short SHA-256 of the shipped training-free scores: other scores make another configuration."""
    from pomonag.meta_dataset.training_free_table import SHIPPED

    return digest_of((SHIPPED / f"{space}.parquet",))


def scores_need(space: str) -> Need:
    """Training-free scores of nearly all architectures that have a row."""

    def missing() -> str | None:
        scored = share_scored(space)
        if scored >= FEWEST_SCORED:
            return None
        return (
            f"{scored:.0%} of the architectures with rows have training-free scores, {FEWEST_SCORED:.0%} are needed: "
            "`python -m pomonag.meta_dataset.training_free_table` measures more."
        )

    return Need(f"training-free scores of {space}", missing)


@functools.cache
def share_scored(space: str) -> float:
    """The share of the distinct architectures of a meta-dataset that the shipped training-free scores hold."""
    from pomonag.meta_dataset.training_free_table import shipped_scores

    rows = pd.Series(meta_dataset(space)["architecture"].unique())
    return float(rows.isin(shipped_scores(space)["architecture"]).mean())


def _score(data: PredictorRows, seed: int, name: str) -> Outcome:
    """Architectures that the shipped table lacks are ranked last."""
    from pomonag.meta_dataset.training_free import VOTERS, vote
    from pomonag.meta_dataset.training_free_table import shipped_scores

    table = shipped_scores(data.space.name).set_index("architecture")
    column = vote({voter: table[voter] for voter in VOTERS}) if name == "vote" else table[name].to_numpy(float)
    # Minus infinity, of cells that are cut in two, is a rank like any other.
    score = pd.Series(column, index=table.index).rank()

    def predict(frame: Any) -> np.ndarray:
        return frame["architecture"].map(score).fillna(0).to_numpy(float)

    return outcome(data, judged_denoised(data, predict), scored=share_scored(data.space.name))
