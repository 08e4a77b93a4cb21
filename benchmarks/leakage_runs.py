"""Runs of the leakage audit (PI-15): what is generated without any guide, and by a generator that knows the top 250.

95 % of the rows that the paper's generator learns from are the benchmark's top 250 (App. A). Here a denoiser is trained
on such rows and stands in the place of the one that ships; its guides and the predictors that rank stay those that
never saw the judged data set's accuracies. What it gains is the generator's share of the leakage.
"""

from __future__ import annotations

import functools
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from benchmarks import generation, inputs
from benchmarks.generation import Generated
from benchmarks.runs import Outcome, Run
from benchmarks.table2_lookup import looked_up, quantities
from pomonag.diffusion.denoiser_training import DenoiserTraining
from pomonag.records.seeds import seed_of
from reports.measurements import RunKey

ROWS, TOP, SHARE = 10_000, 250, 0.95
"""The paper's meta-dataset (Sec. 3.2, App. A): so many rows, this share of them from the best so many."""
_TRAINING = DenoiserTraining()


def runs() -> list[Run]:
    """Two ways to generate, on each data set of the table."""
    return [make(dataset) for dataset in inputs.DATASETS for make in (_unguided, _top250_rows)]


def _unguided(dataset: str) -> Run:
    return Run(
        key=RunKey("2", "unguided", "fast", "nb201", dataset),
        quantities=quantities(
            "mean over the distinct architectures of an unguided generation of 256: what one of them reaches on "
            "average",
            "one is drawn and evaluated",
        ),
        compute=lambda seed: _any_of(generation.unguided_fast(dataset, seed), dataset),
        settings={"count": generation.COUNT, **generation.settings_of("unguided", "fast")},
        needs=(inputs.TABLE, *inputs.images_need(dataset), *generation.needs("unguided", "fast", dataset)),
        estimated_seconds=20.0 if dataset == "cifar100" else 3.0,  # embedding 100 classes
        smoke=dataset == "cifar10",
        seed_name=f"generation-{dataset}",
    )  # fmt: skip


def _any_of(generated: Generated, dataset: str) -> Outcome:
    found = looked_up(generated.architectures, dataset)
    accuracies = found.details["accuracies"]
    return Outcome(
        {"test_accuracy": float(np.mean(accuracies)), "trained_architectures": 1},
        {"accuracies": accuracies},
        {**found.inputs, **generated.inputs},
    )


def _top250_rows(dataset: str) -> Run:
    predictors = f"without_{dataset}"
    return Run(
        key=RunKey("2", "pomonag-acc", "top250-rows", "nb201", dataset),
        quantities=quantities(
            f"the one that is ranked first; denoiser trained on {ROWS:,} rows, {SHARE:.0%} from the top {TOP} by the "
            f"mean of both CIFAR columns; predictors: {predictors}", "1 of 256 generated is evaluated",
        ),
        compute=functools.partial(_first_of, dataset, predictors),
        settings={
            "rows": ROWS, "top": TOP, "share": SHARE, "training": asdict(replace(_TRAINING, seed=0)),
            "count": generation.COUNT, "predictors": predictors, **generation.settings_of("pomonag-acc", "fast"),
        },
        needs=(
            inputs.TABLE, *inputs.images_need(dataset), *generation.needs("pomonag-acc", "fast", dataset, predictors)
        ),
        estimated_seconds=30.0,
        seed_name=f"generation-{dataset}",
    )  # fmt: skip


def _first_of(dataset: str, predictors: str, seed: int) -> Outcome:
    generated = generation.pomonag_with(denoiser_of_rows(seed), dataset, seed, predictors)
    found = looked_up(generated.architectures[:1], dataset)
    known = set(map(str, _everything()[_best()]))
    share = float(np.mean([architecture in known for architecture in generated.architectures]))
    return Outcome(
        found.values,
        {**found.details, "share_of_top_250": round(share, 4), "distinct": len(generated.architectures)},
        {**found.inputs, **generated.inputs},
    )


def leaked_rows(seed: int, rows: int = ROWS) -> list[Any]:
    """Training rows, drawn with replacement: `SHARE` of them from the top 250, the others from the rest."""
    draws, best = np.random.default_rng(seed_of("leaked-rows", seed)), _best()
    rest = np.setdiff1d(np.arange(len(_everything())), best)
    top = round(SHARE * rows)
    chosen = np.concatenate([draws.choice(best, top), draws.choice(rest, rows - top)])
    return list(_everything()[chosen])


def denoiser_of_rows(seed: int, training: DenoiserTraining = _TRAINING) -> Any:
    """The denoiser of the fast mode, trained on such rows; the seed draws rows and training."""
    from pomonag.diffusion.denoiser_training import train_denoiser

    training = replace(training, seed=seed_of("leaked-denoiser", seed) % 2**31)
    return train_denoiser(inputs.space(), training=training, architectures=leaked_rows(seed))[0]


def _best() -> np.ndarray:
    return np.argsort(-inputs.accuracies().mean_over_datasets(), kind="stable")[:TOP]


@functools.cache
def _everything() -> np.ndarray:
    space = inputs.space().enumerate()
    found = np.empty(len(space), dtype=object)
    found[:] = space
    return found
