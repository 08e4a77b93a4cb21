"""Table 6 at lite: the five steps of the predictors' ablation, each with what stands for it at this size."""

from __future__ import annotations

import functools
from dataclasses import asdict, dataclass

from benchmarks.predictor_rows import (
    PredictorRows,
    judged_denoised,
    judged_noisy,
)
from benchmarks.runs import Outcome, Run
from benchmarks.table3_predictors import ACCURACY, outcome, predictor_run

WEAKER, STRONGER = "tiny", "efficientnet_lite0"
SMALL_SHARE = 0.463  # 4,630 of 10,000 rows


@dataclass(frozen=True)
class Step:
    """One row: the strategy, whether labels are the more reliable ones, the share of the rows, which encoder."""

    strategy: str
    reliable_labels: bool
    share: float
    stronger_encoder: bool


STEPS = {
    "ablation_1": Step("an", False, SMALL_SHARE, False),
    "ablation_2": Step("ours", False, SMALL_SHARE, False),
    "ablation_3": Step("ours", True, SMALL_SHARE, False),
    "ablation_4": Step("ours", True, 1.0, False),
    "ablation_5": Step("ours", True, 1.0, True),
}


def runs() -> list[Run]:
    """The table's rows."""
    return [_run(method, step) for method, step in STEPS.items()]


def _run(method: str, step: Step) -> Run:
    return predictor_run(
        "6",
        method,
        "reference",
        ACCURACY,
        functools.partial(_compute, step=step),
        80.0,
        space="nb201",
        settings=asdict(step),
        encoder=STRONGER if step.stronger_encoder else WEAKER,
    )


def _compute(data: PredictorRows, seed: int, step: Step) -> Outcome:
    from benchmarks.predictor_methods import train_reference_predictors

    found = train_reference_predictors(
        data, step.strategy, seed, ("accuracy",), share=step.share, reliable_labels=step.reliable_labels
    )
    noisy = judged_noisy(data, found.noisy, found.encoding, seed, ("accuracy",))
    return outcome(data, noisy | judged_denoised(data, found.denoised), step.share)
