"""The external check: predictors and plain scores against a table's accuracies after 200 epochs.

Spearman over all connected architectures, and what is lost by training only the five that are ranked first of the
whole space. No figure of reduced trainings replaces these.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import generation, inputs
from benchmarks.predictor_rows import rows_digest
from benchmarks.runs import Need, Outcome, Quantity, Run
from pomonag.predictors.external_check import (
    REFERENCES,
    TOP,
    agreement,
    best_of_top,
    reference_score,
    scored_architectures,
)
from reports.measurements import RunKey

SPACE = "nb201"
_CLASSES = inputs.file_need("meta_dataset_nb201/tasks.csv.gz")
_AGAINST = "200-epoch test accuracy of the benchmark's table, mean over its seeds"

Scores = Callable[[int], tuple[list[Any], np.ndarray]]


def quantities(what: str, with_gap: bool = True) -> tuple[Quantity, ...]:
    """Rank correlation and, of what orders the whole space, the gap of its first five."""
    found = [
        Quantity(
            "spearman_full", "rho", f"Spearman of {what} with {_AGAINST}, over all connected architectures",
            evaluation="predicted",
        )
    ]  # fmt: skip
    if with_gap:
        found.append(
            Quantity(
                "top5_gap", "%", f"percentage points between the table's best and the best of the five of all "
                f"architectures that {what} puts first; {_AGAINST}",
                evaluation="lookup",
            )
        )  # fmt: skip
    return tuple(found)


def runs() -> list[Run]:
    """Plain scores, checkpoint sets, an ensemble trained anew for each seed, and the ridge; a run each data set."""
    return [run for dataset in inputs.DATASETS for run in _runs(dataset)]


def _runs(dataset: str) -> list[Run]:
    other = next(name for name in inputs.DATASETS if name != dataset)
    sets = generation.checkpoint_sets(dataset)
    rows = f"1,000 rows of {other}"
    return [
        *(_reference(name, dataset) for name in REFERENCES),
        *(_shipped(configuration, name, dataset) for configuration, name in sets.items()),
        _run(
            ("pomonag", "leave-one-out-trained"),
            dataset,
            quantities(f"an ensemble trained anew on {rows}, ImageNet32's rows and the lite rows"),
            functools.partial(_trained_scores, dataset),
            ("rows", inputs.RELEASED_ROWS.name, _CLASSES.name),
            needs=(inputs.RELEASED_ROWS, _CLASSES),
            seconds=25.0,
            repeats=None,
            supervision=f"without_{dataset}",
            rows=rows_digest(SPACE),
        ),
        _run(
            ("pair_ridge", "leave-one-out"),
            dataset,
            quantities(f"a ridge over operations and their pairs, fitted to {rows}"),
            functools.partial(_ridge_scores, other),
            seconds=5.0,
            labels=other,
        ),
    ]


def _run(
    name: tuple[str, str],
    dataset: str,
    promised: tuple[Quantity, ...],
    scores: Scores,
    read: tuple[str, ...] = (),
    *,
    needs: tuple[Need, ...] = (),
    seconds: float,
    repeats: int | None = 1,
    **settings: Any,
) -> Run:
    return Run(
        key=RunKey("external", *name, SPACE, dataset),
        quantities=promised,
        compute=functools.partial(_judged, scores, dataset, promised, read),
        settings={"top": TOP, **settings},
        needs=(inputs.TABLE, *needs),
        estimated_seconds=seconds,
        repeats=repeats,
        # Both data sets' trainings start from the same seeds.
        seed_name="external",
    )


def _judged(scores: Scores, dataset: str, promised: tuple[Quantity, ...], read: tuple[str, ...], seed: int) -> Outcome:
    architectures, values = scores(seed)
    table, wanted = inputs.accuracies(), {quantity.metric for quantity in promised}
    found = {"spearman_full": agreement(table, dataset, architectures, values)}
    details: dict[str, Any] = {"architectures": len(architectures)}
    if "top5_gap" in wanted:
        found["top5_gap"], first = best_of_top(table, dataset, architectures, values)
        details["first"] = list(map(str, first))
    return Outcome(found, details, inputs.digests(inputs.TABLE.name, *read))


def _reference(name: str, dataset: str) -> Run:
    lite = name == "own_vote"
    return _run(
        (name, "score"),
        dataset,
        # 15,625 architectures have 28 values of params: its first five are not defined.
        quantities(name, with_gap=name != "params"),
        functools.partial(_reference_scores, name, dataset),
        ("lite_rows",) if lite else (),
        needs=(_all_scored(), *((inputs.checkpoint_need("lite_rows/predictors"),) if lite else ())),
        seconds=3.0,
    )


def _all_scored() -> Need:
    def missing() -> str | None:
        from pomonag.meta_dataset.training_free_table import shipped_scores

        scored, size = len(shipped_scores(SPACE)), inputs.space().size
        if scored == size:
            return None
        return (
            f"{scored} of {size} architectures have training-free scores: "
            "`python -m pomonag.meta_dataset.training_free_table --rows all` measures the others."
        )

    return Need(f"training-free scores of all of {SPACE}", missing)


def _reference_scores(name: str, dataset: str, seed: int) -> tuple[list[Any], np.ndarray]:
    space = inputs.space()
    return scored_architectures(space), reference_score(name, space, inputs.accuracies(), dataset)


def _shipped(configuration: str, predictors: str, dataset: str) -> Run:
    return _run(
        ("pomonag", configuration),
        dataset,
        quantities(f"the predictor of the set {predictors}"),
        functools.partial(_set_scores, predictors, dataset),
        (predictors,),
        needs=(inputs.checkpoint_need(f"{predictors}/predictors"),),
        seconds=5.0,
        predictors=predictors,
    )


def _set_scores(predictors: str, dataset: str, seed: int) -> tuple[list[Any], np.ndarray]:
    from pomonag.predictors.embeddings import load_embedding
    from pomonag.predictors.predictor_set import load_predictor_set

    known, cells = load_predictor_set(inputs.space(), predictors), list(inputs.space().enumerate())
    protocol = known.protocols[0]
    return cells, known.scores(cells, known.condition(load_embedding(dataset), protocol))


def _trained_scores(dataset: str, seed: int) -> tuple[list[Any], np.ndarray]:
    import torch

    from pomonag.predictors.embeddings import load_embedding
    from pomonag.predictors.performance_predictor import condition
    from pomonag.predictors.predictor_training import EnsembleTraining, train_ensemble
    from pomonag.predictors.set_training import fitted_code
    from pomonag.predictors.supervision import supervision

    space, code = inputs.space(), fitted_code()
    training = EnsembleTraining(seed=seed % 2**31)
    ensemble = train_ensemble(space, supervision(f"without_{dataset}", space), code, training=training)
    cells = list(space.enumerate())
    with torch.inference_mode():
        given = condition(code(load_embedding(dataset)), "full")
        return cells, ensemble(torch.from_numpy(space.features(cells)), given).double().numpy()


def _ridge_scores(other: str, seed: int) -> tuple[list[Any], np.ndarray]:
    from pomonag.predictors.pair_ridge import PairRidge
    from pomonag.predictors.supervision import LEAVE_ONE_OUT_ROWS, table_task

    space = inputs.space()
    known = table_task(space, other, LEAVE_ONE_OUT_ROWS)
    # One task alone: there is no code to learn from.
    ridge = PairRidge(space).fit(known.architectures, np.zeros((len(known.scores), 0)), known.scores)
    cells = list(space.enumerate())
    return cells, ridge.predict(cells, np.zeros((len(cells), 0)))
