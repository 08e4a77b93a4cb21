"""Fronts without a table: every network that a method puts on its predicted fronts is trained, by the lite protocol."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from baselines.nsga2 import Nsga2
from baselines.random_ranking import RandomRanking
from baselines.searcher import GeneratedSet, Problem
from benchmarks import generation, inputs, lite_trainings
from benchmarks.runs import Outcome, Quantity, Run
from pomonag.data.tasks import task
from pomonag.meta_dataset.schema import meta_dataset
from pomonag.pareto.front import pareto_front
from pomonag.pareto.indicators import normalised_hypervolume
from reports.measurements import RunKey

SPACE, TASK = "mbv3", "heldout-000"
COUNT = generation.COUNT
TRAINING_SEEDS = (101, 102)  # none of the meta-dataset's
MOST_POINTS = 12
MOST_DRAWS = 100_000
_COSTS = ("params", "macs")
_JUDGED = (
    f"hypervolume of at most {MOST_POINTS} networks spread over the predicted front, with true cost and the accuracy "
    f"of {len(TRAINING_SEEDS)} reduced trainings each on an evaluation task that no predictor saw; reference point: "
    "median accuracy of the task's measured rows, largest cost of the space; ideal point: their best accuracy and the "
    "space's smallest cost"
)

Choice = tuple[Sequence[str], np.ndarray, int, float]
"""Networks that a method offers, their predicted accuracies, predictor calls, wall seconds of the search."""


def runs() -> list[Run]:
    """Ours, its peers at equal predictor calls and at equal wall time, and a single guide."""
    methods: dict[tuple[str, str], Callable[[int], Choice]] = {
        ("pomonag", "fast"): _pomonag,
        ("single-guide", "fast"): _single_guide,
        ("nsga2", "equal-calls"): functools.partial(_peer, Nsga2, False),
        ("nsga2", "equal-seconds"): functools.partial(_peer, Nsga2, True),
        ("random_ranking", "equal-calls"): functools.partial(_peer, RandomRanking, False),
        ("random_ranking", "equal-seconds"): functools.partial(_peer, RandomRanking, True),
    }
    return [_run(method, configuration, choose) for (method, configuration), choose in methods.items()]


def _run(method: str, configuration: str, choose: Callable[[int], Choice]) -> Run:
    return Run(
        key=RunKey("trained-fronts", method, configuration, SPACE, TASK),
        quantities=(
            *(Quantity(f"hypervolume_{c}", "fraction", f"{_JUDGED}; cost: {c}", evaluation="trained") for c in _COSTS),
            Quantity(
                "accuracy_acc", "%", "mean accuracy of the networks of the Acc configurations, so trained", "mean",
                "trained",
            ),
            Quantity("params_eff_over_floor", "x", "fewest params on the fronts / fewest of the space"),
            Quantity("macs_eff_over_floor", "x", "fewest MACs on the fronts / fewest of the space"),
            Quantity("predictor_calls", "calls", "architectures judged by a predictor, guides included", "count"),
            Quantity("search_seconds", "s", "wall seconds of the search, trainings left out", evaluation="measured"),
        ),
        compute=functools.partial(_outcome, choose),
        settings={
            "count": COUNT, "most_points": MOST_POINTS, "training_seeds": list(TRAINING_SEEDS),
            **generation.settings_of("pomonag", "fast", SPACE),
        },
        needs=(
            inputs.file_need("images/miniimagenet32.npz"),
            *generation.needs("pomonag", "fast", TASK, space=SPACE),
        ),
        estimated_seconds=600.0,
        seed_name=f"trained-fronts-{SPACE}",
    )  # fmt: skip


def _outcome(choose: Callable[[int], Choice], seed: int) -> Outcome:
    names, predicted, calls, seconds = choose(seed)
    space = inputs.space(SPACE)
    networks = [space.parse(name) for name in names]
    costs = _costs(networks)
    fronts = {cost: _spread(pareto_front(predicted, values)) for cost, values in costs.items()}
    chosen = sorted({i for front in fronts.values() for i in front.tolist()})
    trained = dict(zip(chosen, _trained([names[i] for i in chosen])))
    smallest, largest = _extremes()
    rows = meta_dataset(SPACE)
    measured = rows.loc[(rows["task"] == TASK) & (rows["seed"] == 0), "accuracy"]
    values: dict[str, float] = {"predictor_calls": calls, "search_seconds": seconds}
    drawn = {}
    for cost, front in fronts.items():
        accuracy = np.array([trained[i] for i in front.tolist()])
        values[f"hypervolume_{cost}"] = normalised_hypervolume(
            accuracy,
            costs[cost][front],
            median_accuracy=float(measured.median()),
            best_accuracy=float(measured.max()),
            min_cost=smallest[cost],
            max_cost=largest[cost],
        )
        values[f"{cost}_eff_over_floor"] = float(costs[cost][front].min() / smallest[cost])
        drawn[cost] = [
            {"architecture": names[i], "cost": float(costs[cost][i]), "accuracy": trained[i],
             "predicted": round(float(predicted[i]), 3)}
            for i in front.tolist()
        ]  # fmt: skip
    values["accuracy_acc"] = float(np.mean([trained[int(front[-1])] for front in fronts.values()]))
    return Outcome(
        values,
        {"fronts": drawn, "measured_rows": [float(measured.median()), float(measured.max())]},
        inputs.digests("shipped", "denoiser", "rows", space_name=SPACE),
    )


def _trained(names: Sequence[str]) -> list[float]:
    return lite_trainings.accuracies(SPACE, TASK, names, TRAINING_SEEDS).mean(1).tolist()


def _spread(front: np.ndarray) -> np.ndarray:
    """At most `MOST_POINTS` positions of a front [m], its two ends and evenly between."""
    if len(front) <= MOST_POINTS:
        return front
    return front[np.unique(np.linspace(0, len(front) - 1, MOST_POINTS).round().astype(int))]


def _classes() -> int:
    return len(task(TASK).classes)


def _costs(networks: Sequence[Any]) -> dict[str, np.ndarray]:
    counted = inputs.space(SPACE).cost(networks, classes=_classes())
    return {cost: np.asarray(getattr(counted, cost), float) for cost in _COSTS}


def _extremes() -> tuple[Mapping[str, float], Mapping[str, float]]:
    """The smallest and the largest costs of the space."""
    space = inputs.space(SPACE)
    narrow, *_, wide = space.super_networks
    ends = _costs([space.extremes(narrow)[0], space.extremes(wide)[1]])
    return {c: float(v[0]) for c, v in ends.items()}, {c: float(v[1]) for c, v in ends.items()}


@functools.cache
def _predictors() -> Any:
    from pomonag.predictors.predictor_set import load_predictor_set

    return load_predictor_set(inputs.space(SPACE))


def _searched(seed: int, factors: Any) -> Choice:
    from pomonag.predictors.embeddings import embed_task
    from pomonag.search import search

    result = search(
        inputs.space(SPACE), embed_task(task(TASK)), count=COUNT, seed=seed, factors=factors,
        predictors=_predictors(), measure=False,
    )  # fmt: skip
    document = result.to_json()
    names = [str(a) for a in result.architectures]
    seconds = document["seconds"]
    return names, result.predicted_accuracy, document["predictor_calls"], seconds["generation"] + seconds["ranking"]


@functools.cache
def _pomonag(seed: int) -> Choice:
    _warm_up()
    return _searched(seed, "default")


def offered(seed: int) -> Sequence[str]:
    """What ours offers, best predicted first."""
    return _pomonag(seed)[0]


def _single_guide(seed: int) -> Choice:
    """The same generator under its accuracy guide alone, as strong as in the accurate phase."""
    from pomonag.guidance.factor_files import fast_factors

    accurate = fast_factors(SPACE)["accurate"]
    return _searched(seed, {"accurate": replace(accurate, params=0.0, macs=0.0, latency=0.0, spread=1.0)})


@functools.cache
def _warm_up() -> None:
    """What is loaded once is no part of a search's seconds."""
    _searched(0, "default")


def _peer(method: type[Nsga2] | type[RandomRanking], equal_seconds: bool, seed: int) -> Choice:
    problem = _problem()
    ours = _pomonag(seed)
    found = _timed(method, problem, seed, ours[2])
    if equal_seconds:
        # As many calls as fit into our seconds, from how long our number of calls takes.
        calls = max(1, min(MOST_DRAWS, int(ours[2] * ours[3] / found.seconds)))
        found = _timed(method, problem, seed, calls)
    predicted = np.asarray(problem.predict(found.architectures))  # type: ignore[misc]
    return [str(a) for a in found.architectures], predicted, found.predictor_calls, found.seconds


def _timed(method: type[Nsga2] | type[RandomRanking], problem: Problem, seed: int, calls: int) -> GeneratedSet:
    return method(problem, seed, predictor_calls=calls).generate(TASK, COUNT)


@functools.cache
def _problem() -> Problem:
    from pomonag.predictors.embeddings import embed_task

    known, given = _predictors(), embed_task(task(TASK))
    space = inputs.space(SPACE)
    return Problem(
        space,
        space.skeleton_type(classes=_classes()),
        predict=lambda networks: known.accuracy(networks, given, known.protocols[0]),
        latency=known.latency_ms,
    )
