"""From nothing to the shipped reference checkpoints: data, lite schedules, measurements, provenance.

Lite: a few thousand steps at a high, annealed learning rate on a processor, where the release trains 250,000 (score)
and 10,000 (predictors) steps on a GPU. Every checkpoint's JSON says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pomonag.data.tasks import task
from pomonag.errors import UserError, unknown_name
from pomonag.meta_dataset.schema import meta_dataset
from pomonag.predictors.embeddings import embed_task
from pomonag.records.provenance import provenance
from pomonag.reference.checkpoints import SHIPPED, load_predictor, load_score_network, save_weights
from pomonag.reference.generator import generate
from pomonag.reference.label_scaling import LabelScaling
from pomonag.reference.predictor_training import (
    LITE_PREDICTOR,
    PredictorRows,
    rank_correlations,
    train_noisy_predictor,
)
from pomonag.reference.predictors import NoisyPredictor
from pomonag.reference.score_network import ScoreNetwork
from pomonag.reference.spaces import ReferenceSpace, reference_space
from pomonag.reference.training import LITE_SCORE, train_score_network
from pomonag.reference.training_loop import Report, Schedule, TrainingRecord
from pomonag.spaces import EnumerableSpace, SearchSpace, search_space
from pomonag.spaces.encoding import generation_metrics

DIRECTIONS: Mapping[str, bool] = {"accuracy": True, "params": False, "macs": False, "latency_ms": False}
"""The objectives that have a predictor, and whether more is better."""


def train_lite_score(
    space_name: str,
    folder: Path = SHIPPED,
    *,
    schedule: Schedule = LITE_SCORE,
    validity_steps: int = 200,
    checkpoint: Path | None = None,
    report: Report | None = None,
) -> Path:
    """Train the score network on every architecture of an enumerable space; returns the weights' file.

    `validity_steps` sampling steps measure the validity of 256 unguided samples, thresholded, without any repair.
    """
    space, settings = search_space(space_name), reference_space(space_name)
    matrices = space.encoding.encode(_all_architectures(space))
    network, record = train_score_network(
        matrices, settings.adjacency, settings, schedule, checkpoint=checkpoint, report=report
    )
    file = folder / space_name / "reference_score.safetensors"
    origin = _origin("score network", settings, schedule, record, f"all {len(matrices)} architectures, uniformly")
    save_weights(file, network, origin)
    shipped = load_score_network(space_name, folder)  # what is measured is what ships, in half precision
    save_weights(file, shipped, origin | {"unguided": unguided_metrics(shipped, space, settings, validity_steps)})
    return file


def unguided_metrics(
    network: ScoreNetwork, space: SearchSpace, settings: ReferenceSpace, steps: int, count: int = 256
) -> dict[str, Any]:
    """Validity and uniqueness of `count` unguided samples, thresholded at 0.5."""
    metrics = generation_metrics(
        space.encoding.decode(generate(network, [], settings, count=count, seed=0, steps=steps))
    )
    return {"steps": steps, "count": count, "validity": metrics.validity, "uniqueness": metrics.uniqueness}


def train_lite_predictors(
    space_name: str,
    folder: Path = SHIPPED,
    *,
    objectives: tuple[str, ...] = tuple(DIRECTIONS),
    rows: pd.DataFrame | None = None,
    schedule: Schedule = LITE_PREDICTOR,
    checkpoint_folder: Path | None = None,
    report: Callable[[str], Report] | None = None,
) -> list[Path]:
    """Train the noisy predictors on the meta-dataset and the exact costs; returns the weights' files.

    Accuracy and latency are learnt from `rows` (the space's meta-dataset by default), accuracy from its training
    tasks alone; params and MACs from the exact costs of all architectures. Correlations are those on the held-out
    tasks, whose classes no training task has.
    """
    for objective in objectives:
        if objective not in DIRECTIONS:
            raise unknown_name("objective", objective, DIRECTIONS)
    space, settings = search_space(space_name), reference_space(space_name)
    rows = meta_dataset(space_name) if rows is None else rows
    files = []
    for objective in objectives:
        labelled = rows if objective in ("accuracy", "latency_ms") else _exact_costs(rows, space, objective)
        training, held_out, scaling = _split(labelled, rows, space, objective)
        network, record = train_noisy_predictor(
            objective,
            training,
            settings.adjacency,
            settings,
            schedule,
            checkpoint=checkpoint_folder / f"{space_name}_{objective}.safetensors" if checkpoint_folder else None,
            report=report(objective) if report else None,
        )
        origin = _origin(f"{objective} predictor", settings, schedule, record, f"{len(training.labels)} rows")
        origin |= {
            "label_scaling": asdict(scaling),
            "maximise": DIRECTIONS[objective],
            "embedding": "efficientnet_lite0",
        }
        file = folder / space_name / f"reference_{objective}.safetensors"
        save_weights(file, network, origin)
        shipped = load_predictor(space_name, objective, folder).network
        save_weights(file, shipped, origin | {"held_out_tasks": _judged(shipped, training, held_out, settings)})
        files.append(file)
    return files


def _all_architectures(space: SearchSpace) -> Sequence[Any]:
    if not isinstance(space, EnumerableSpace):
        raise UserError(
            f"the lite reference training needs a space that can be listed whole, as nb201; {space.name} cannot."
        )
    return space.enumerate()


def _exact_costs(rows: pd.DataFrame, space: SearchSpace, objective: str) -> pd.DataFrame:
    """One row for every architecture, spread over the rows' training tasks: costs do not depend on the data set."""
    cells = _all_architectures(space)
    tasks = sorted(rows.loc[~rows["held_out"], "task"].unique())
    values = getattr(space.cost(cells), objective)
    return pd.DataFrame(
        {
            "architecture": [str(cell) for cell in cells],
            "task": [tasks[index % len(tasks)] for index in range(len(cells))],
            "held_out": False,
            objective: values,
        }
    )


def _split(
    labelled: pd.DataFrame, rows: pd.DataFrame, space: SearchSpace, objective: str
) -> tuple[PredictorRows, PredictorRows, LabelScaling]:
    training = labelled[~labelled["held_out"].astype(bool)].dropna(subset=[objective])
    held_out = rows[rows["held_out"].astype(bool)].dropna(subset=[objective])
    if training.empty or held_out.empty:
        raise UserError(
            f"the meta-dataset has {len(training)} training and {len(held_out)} held-out rows with {objective}; "
            "expected some of both. Measure more with `pomonag meta-dataset build`."
        )
    scaling = LabelScaling.of(torch.tensor(training[objective].to_numpy(np.float64)))
    return (
        _as_rows(training, space, objective, scaling),
        _as_rows(held_out, space, objective, scaling),
        scaling,
    )


def _as_rows(frame: pd.DataFrame, space: SearchSpace, objective: str, scaling: LabelScaling) -> PredictorRows:
    names = sorted(frame["task"].unique())
    index = {name: position for position, name in enumerate(names)}
    matrices: Tensor = space.encoding.encode([space.parse(text) for text in frame["architecture"]])
    return PredictorRows(
        matrices=matrices,
        labels=scaling.normalise(torch.tensor(frame[objective].to_numpy(np.float64))),
        tasks=torch.tensor([index[name] for name in frame["task"]]),
        embeddings=[embed_task(task(name)) for name in names],
    )


def _judged(
    network: NoisyPredictor, training: PredictorRows, held_out: PredictorRows, settings: ReferenceSpace
) -> dict[str, Any]:
    """Rank correlations on held-out tasks, and how much of it is new: costs have seen every architecture."""
    noisy, clean = rank_correlations(network, held_out, settings.adjacency, settings)
    seen = {row.numpy().tobytes() for row in training.matrices}
    known = sum(row.numpy().tobytes() in seen for row in held_out.matrices)
    within = []
    for number in held_out.tasks.unique().tolist():
        member = held_out.tasks == number
        if member.sum() >= 10:
            one = replace(
                held_out,
                matrices=held_out.matrices[member],
                labels=held_out.labels[member],
                tasks=held_out.tasks[member],
            )
            within.append(rank_correlations(network, one, settings.adjacency, settings, draws=1)[1])
    return {
        "rows": len(held_out.labels),
        "rows_with_an_architecture_of_the_training_set": known,
        "spearman_noisy": noisy,
        "spearman_clean": clean,
        "spearman_clean_mean_within_tasks": sum(within) / len(within) if within else None,
        "tasks_of_ten_rows_or_more": len(within),
    }


def _origin(
    what: str, settings: ReferenceSpace, schedule: Schedule, record: TrainingRecord, data: str
) -> dict[str, Any]:
    return {
        "what": f"{settings.name} {what} of the reference mode",
        "schedule": "lite",
        "settings": asdict(schedule) | {"sigma_min": settings.sigma_min, "sigma_max": settings.sigma_max},
        "mask": "adjacency of the release, in training and sampling",
        "data": data,
        "cpu_seconds": round(record.cpu_seconds, 1),
        "loss": record.losses[-1] if record.losses else None,
        "losses_per_100_steps": [float(f"{loss:.4g}") for loss in record.losses],
        "precision": "float16",
        "trained": record.provenance,
        "exported": provenance(),
    }
