"""Table 2, CIFAR columns: the accuracy that a search finds in the benchmark's table, and how many it evaluated."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from baselines.lookup import search_by_lookup
from baselines.random_search import RandomSearch
from baselines.regularised_evolution import RegularisedEvolution
from baselines.searcher import Problem, Searcher
from benchmarks import generation, inputs
from benchmarks.generation import Generated
from benchmarks.runs import Outcome, Quantity, Run
from benchmarks.table4_generation import top_250
from reports.measurements import RunKey

BUDGET = 100
TOP = 5
_LOOKUP = "200-epoch test accuracy by table look-up, mean over the benchmark's seeds"


def quantities(protocol: str, evaluated: str) -> tuple[Quantity, ...]:
    """Accuracy and number of evaluated architectures."""
    return (
        Quantity("test_accuracy", "%", f"{_LOOKUP}; {protocol}", evaluation="lookup"),
        Quantity("trained_architectures", "architectures", evaluated, statistic="count", evaluation="lookup"),
    )


def runs() -> list[Run]:
    """The rows of the table, a run each data set."""
    return [run for dataset in inputs.DATASETS for run in _runs(dataset)]


def _runs(dataset: str) -> list[Run]:
    best_of_five = f"best of the {TOP} that the ranking predictor puts first"
    return [
        _search("random_search", RandomSearch, dataset),
        _search("regularised_evolution", RegularisedEvolution, dataset),
        _top_250(dataset),
        _generated("diffusionnag", "leave-one-out", dataset, f"without_{dataset}", TOP, best_of_five, 600.0),
        _generated(
            "pomonag-acc", "leave-one-out", dataset, f"without_{dataset}", 1, "the one that is ranked first", 4.0
        ),
        *(
            _generated("pomonag-best-of-5", name, dataset, predictors, TOP, best_of_five, 4.0)
            for name, predictors in generation.checkpoint_sets(dataset).items()
        ),
    ]


def _search(method: str, searcher: type[Searcher], dataset: str) -> Run:
    return Run(
        key=RunKey("2", method, "look-up", "nb201", dataset),
        quantities=(
            *quantities("the best of all evaluated, chosen by the same accuracy", "look-ups until the budget is spent"),
            Quantity(
                "first_reached", "architectures", "look-ups until the final best was met", "count", "lookup"
            ),
        ),
        compute=functools.partial(_search_outcome, searcher, dataset),
        settings={"budget": BUDGET, "chooses_by": "test_acc_200ep"},
        needs=(inputs.TABLE,),
        estimated_seconds=1.0,
        smoke=True,
    )  # fmt: skip


def _search_outcome(searcher: type[Searcher], dataset: str, seed: int) -> Outcome:
    result = search_by_lookup(searcher(Problem(inputs.space()), seed), inputs.accuracies(), dataset, budget=BUDGET)
    return Outcome(
        {
            "test_accuracy": result.accuracy,
            "trained_architectures": result.evaluations,
            "first_reached": result.evaluations_to_best,
        },
        {"architecture": str(result.architecture), "curve": [round(float(v), 4) for v in result.curve]},
        inputs.digests(inputs.TABLE.name),
    )


def _top_250(dataset: str) -> Run:
    return Run(
        key=RunKey("2", "top250", "draws", "nb201", dataset),
        quantities=quantities(f"best of {TOP} random members of the top 250", f"{TOP} are drawn and evaluated"),
        compute=lambda seed: looked_up([str(a) for a in top_250(seed, TOP)], dataset),
        settings={"draws": TOP},
        needs=(inputs.TABLE,),
        smoke=True,
    )


def _generated(
    method: str, configuration: str, dataset: str, predictors: str, top: int, protocol: str, seconds: float
) -> Run:
    # One generation serves pomonag-acc and pomonag-best-of-5: they take the same seeds.
    single = method == "diffusionnag"
    generate: Callable[[str, int], Generated] = functools.partial(
        generation.diffusionnag if single else generation.pomonag_fast, predictors=predictors
    )
    mode = "reference" if single else "fast"
    return Run(
        key=RunKey("2", method, configuration, "nb201", dataset),
        quantities=quantities(f"{protocol}; predictors: {predictors}", f"{top} of 256 generated are evaluated"),
        compute=functools.partial(_generated_outcome, generate, dataset, top),
        settings={"count": 256, "top": top, "predictors": predictors, **generation.settings_of(method, mode)},
        needs=(inputs.TABLE, *inputs.images_need(dataset), *generation.needs(method, mode, dataset, predictors)),
        estimated_seconds=seconds,
        smoke=not single and dataset == "cifar10",
        seed_name=f"generation-{dataset}",
    )


def _generated_outcome(generate: Callable[[str, int], Generated], dataset: str, top: int, seed: int) -> Outcome:
    generated = generate(dataset, seed)
    outcome = looked_up(generated.architectures[:top], dataset)
    details = {**outcome.details, "seconds": generated.seconds, "predictor_calls": generated.predictor_calls}
    return Outcome(outcome.values, details, {**outcome.inputs, **generated.inputs})


def looked_up(architectures: list[str], dataset: str) -> Outcome:
    """The best of these by the table, and each one's accuracy among the details."""
    distinct = list(dict.fromkeys(architectures))
    found = inputs.accuracies().accuracies(dataset)[inputs.positions(list[Any](distinct))]
    return Outcome(
        {"test_accuracy": float(np.max(found)), "trained_architectures": len(architectures)},
        {"architectures": distinct, "accuracies": [round(float(v), 4) for v in found]},
        inputs.digests(inputs.TABLE.name),
    )
