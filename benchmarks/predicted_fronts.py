"""Fronts on the paper's other data sets: without a table and without training, accuracies are a predictor's word."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from benchmarks import generation, inputs
from benchmarks.fronts import COUNT, recorded_front
from benchmarks.generation import Generated
from benchmarks.runs import Outcome, Quantity, Run
from reports.measurements import RunKey
from reports.paper_figures.datasets import PAPER_DATASETS

PREDICTORS = "shipped"
DEVICE = inputs.DEVICES[0]
_PROTOCOL = (
    "predicted accuracy after 200 epochs of the architecture that is ranked first; never trained, so not comparable"
)


def runs() -> list[Run]:
    """POMONAG in fast mode and DiffusionNAG on every data set of Figure 3 that has no table."""
    generated = {
        "pomonag": (functools.partial(generation.pomonag_fast, predictors=PREDICTORS, device=DEVICE), "fast", 20.0),
        "diffusionnag": (functools.partial(generation.diffusionnag, predictors=PREDICTORS), "reference", 600.0),
    }
    return [
        _run(method, generate, mode, seconds, dataset.id)
        for dataset in PAPER_DATASETS
        if dataset.id not in inputs.DATASETS
        for method, (generate, mode, seconds) in generated.items()
    ]


def _run(method: str, generate: Callable[[str, int], Generated], mode: str, seconds: float, dataset: str) -> Run:
    return Run(
        key=RunKey("predicted-fronts", method, DEVICE, "nb201", dataset),
        quantities=(
            Quantity("predicted_accuracy", "%", _PROTOCOL, "max", "predicted"),
            Quantity("predictor_calls", "calls", "architectures judged by a predictor, guides included", "count"),
        ),
        compute=functools.partial(_outcome, generate, dataset),
        settings={
            "device": DEVICE, "count": COUNT, "predictors": PREDICTORS, **generation.settings_of(method, mode),
        },
        needs=(
            inputs.LATENCIES, *inputs.images_need(dataset), *generation.needs(method, mode, dataset, PREDICTORS),
        ),
        estimated_seconds=seconds,
        seed_name=f"generation-{dataset}",
    )  # fmt: skip


def _outcome(generate: Callable[[str, int], Generated], dataset: str, seed: int) -> Outcome:
    generated = generate(dataset, seed)
    space = inputs.space()
    architectures = [space.parse(a) for a in generated.architectures]
    # As many classes as the images have: Aircraft, say, comes with 30 or with 100.
    counted = space.cost(architectures, classes=len(generation.embedding(dataset, seed)))
    costs = {
        "params": counted.params / 1e6,
        "macs": counted.macs / 1e6,
        "latency": inputs.latency(DEVICE)(architectures),
    }
    predicted = generated.predicted
    fronts = {
        name: recorded_front(generated.architectures, predicted, np.asarray(cost, float), predicted)[1]
        for name, cost in costs.items()
    }
    return Outcome(
        {"predicted_accuracy": float(predicted.max()), "predictor_calls": generated.predictor_calls},
        {"fronts": fronts},
        {**inputs.digests(inputs.LATENCIES.name), **generated.inputs},
    )
