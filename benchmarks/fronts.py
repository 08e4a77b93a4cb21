"""Fronts judged by the truth: normalised hypervolume of what each method chooses with the same predictor."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from baselines.exhaustive_ranking import ExhaustiveRanking
from baselines.nsga2 import Nsga2
from baselines.random_ranking import RandomRanking
from baselines.searcher import Problem
from benchmarks import generation, inputs
from benchmarks.runs import Outcome, Quantity, Run
from pomonag.pareto.configurations import configurations
from pomonag.pareto.indicators import normalised_hypervolume
from reports.measurements import RunKey

COUNT = 256
_JUDGED = (
    "hypervolume of the architectures on the predicted front, with table accuracy (200 epochs) and true cost; "
    "reference point: the space's median accuracy and largest cost; ideal point: its best accuracy and smallest cost"
)


def runs() -> list[Run]:
    """Each method on each data set and device."""
    methods = {
        "pomonag": (_pomonag, 4.0),
        "exhaustive_ranking": (_exhaustive, 4.0),
        "nsga2": (_nsga2, 4.0),
        "random_ranking": (_random, 3.0),
        "diffusionnag": (_diffusionnag, 600.0),
        "true-front": (_truth, 1.0),
    }
    return [
        _run(method, choose, seconds, dataset, device)
        for dataset in inputs.DATASETS
        for device in inputs.DEVICES
        for method, (choose, seconds) in methods.items()
    ]


Choice = tuple[Sequence[str], np.ndarray, int, Mapping[str, str]]
"""Architectures that a method offers, their predicted accuracies, predictor calls, digests of what it read."""


def _run(method: str, choose: Callable[[str, str, int], Choice], seconds: float, dataset: str, device: str) -> Run:
    predictors = f"without_{dataset}"
    needs = [inputs.TABLE, inputs.LATENCIES]
    settings: dict[str, Any] = {"device": device}
    if method != "true-front":
        mode = "reference" if method == "diffusionnag" else "fast"
        needs += [*inputs.images_need(dataset), *generation.needs(method, mode, dataset, predictors)]
        settings |= {"count": COUNT, "predictors": predictors, **generation.settings_of(method, mode)}
    return Run(
        key=RunKey("fronts", method, device, "nb201", dataset),
        quantities=(
            Quantity("hypervolume_params", "fraction", f"{_JUDGED}; cost: params", evaluation="lookup"),
            Quantity("hypervolume_latency", "fraction", f"{_JUDGED}; cost: latency on {device}", evaluation="lookup"),
            Quantity("predictor_calls", "calls", "architectures judged by a predictor, guides included", "count"),
        ),
        compute=functools.partial(_outcome, choose, dataset, device),
        settings=settings,
        needs=tuple(needs),
        estimated_seconds=seconds,
        smoke=dataset == "cifar10" and method != "diffusionnag",
        repeats=1 if method == "true-front" else None,
        seed_name=f"generation-{dataset}",
    )  # fmt: skip


def _outcome(choose: Callable[[str, str, int], Choice], dataset: str, device: str, seed: int) -> Outcome:
    architectures, predicted, calls, read = choose(dataset, device, seed)
    places = inputs.positions(list(architectures))
    truth = inputs.accuracies().accuracies(dataset)
    values: dict[str, float] = {"predictor_calls": calls}
    fronts = {}
    costs = {"params": inputs.costs(dataset)[0] / 1e6, "latency": inputs.latency(device).by_position}
    for name, cost in costs.items():
        front, fronts[name] = recorded_front(architectures, predicted, cost[places], truth[places])
        values[f"hypervolume_{name}"] = hypervolume(truth[places[front]], cost[places[front]], truth, cost)
    return Outcome(values, {"fronts": fronts}, {**inputs.digests(inputs.TABLE.name, inputs.LATENCIES.name), **read})


def recorded_front(
    architectures: Sequence[str], predicted: np.ndarray, cost: np.ndarray, accuracy: np.ndarray
) -> tuple[np.ndarray, dict[str, Any]]:
    """The front of architectures [n] by predicted accuracy and cost: positions [m], and what figures draw of it.

    A cost that is nan, of an architecture that was not timed, keeps it off the front.
    """
    timed = np.flatnonzero(~np.isnan(cost))
    chosen = configurations(predicted[timed], cost[timed])
    front = timed[list(chosen.front)]
    points = [
        {
            "architecture": str(architectures[i]),
            "cost": round(float(cost[i]), 6),
            "accuracy": round(float(accuracy[i]), 3),
            "predicted": round(float(predicted[i]), 3),
        }
        for i in front
    ]
    return front, {
        "points": points,
        "chosen": {key: chosen.front.index(getattr(chosen, key)) for key in ("eff", "bal", "acc")},
    }


def hypervolume(accuracy: np.ndarray, cost: np.ndarray, all_accuracies: np.ndarray, all_costs: np.ndarray) -> float:
    """Normalised by the whole space's accuracies and costs [15625]."""
    return normalised_hypervolume(
        accuracy,
        cost,
        median_accuracy=float(np.median(all_accuracies)),
        best_accuracy=float(all_accuracies.max()),
        min_cost=float(np.nanmin(all_costs)),
        max_cost=float(np.nanmax(all_costs)),
    )


def _pomonag(dataset: str, device: str, seed: int) -> Choice:
    generated = generation.pomonag_fast(dataset, seed, predictors=f"without_{dataset}", device=device)
    return generated.architectures, generated.predicted, generated.predictor_calls, generated.inputs


def _diffusionnag(dataset: str, device: str, seed: int) -> Choice:
    generated = generation.diffusionnag(dataset, seed, predictors=f"without_{dataset}")
    return generated.architectures, generated.predicted, generated.predictor_calls, generated.inputs


def _problem(dataset: str, device: str, seed: int) -> tuple[Problem, dict[str, str]]:
    predict, read = generation.ranking(dataset, seed, predictors=f"without_{dataset}")
    skeleton = inputs.space().skeleton_type(classes=inputs.CLASSES[dataset])
    return Problem(inputs.space(), skeleton, predict=predict, latency=inputs.latency(device)), read


def _ranked(problem: Problem, architectures: Sequence[Any], calls: int, read: dict[str, str]) -> Choice:
    predicted = np.asarray(problem.predict(architectures))  # type: ignore[misc]
    return [str(a) for a in architectures], predicted, calls, read


def _exhaustive(dataset: str, device: str, seed: int) -> Choice:
    problem, read = _problem(dataset, device, seed)
    found = ExhaustiveRanking(problem, seed).generate(dataset, COUNT)
    return _ranked(problem, found.architectures, found.predictor_calls, read)


def _nsga2(dataset: str, device: str, seed: int) -> Choice:
    problem, read = _problem(dataset, device, seed)
    found = Nsga2(problem, seed, predictor_calls=generation.FAST_PREDICTOR_CALLS).generate(dataset, COUNT)
    return _ranked(problem, found.architectures, found.predictor_calls, read)


def _random(dataset: str, device: str, seed: int) -> Choice:
    problem, read = _problem(dataset, device, seed)
    found = RandomRanking(problem, seed, predictor_calls=generation.FAST_PREDICTOR_CALLS).generate(dataset, COUNT)
    return _ranked(problem, found.architectures, found.predictor_calls, read)


def _truth(dataset: str, device: str, seed: int) -> Choice:
    # Judged by their true accuracies all architectures may be offered: the front is the table's own.
    everything = inputs.space().enumerate()
    return [str(a) for a in everything], inputs.accuracies().accuracies(dataset), 0, {}
