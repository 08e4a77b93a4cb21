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

from pomonag.data.tasks import task
from pomonag.errors import UserError, unknown_name
from pomonag.meta_dataset.schema import meta_dataset
from pomonag.predictors.embeddings import embed_task
from pomonag.records.provenance import provenance
from pomonag.records.seeds import seed_of
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
from pomonag.reference.spaces import ReferenceSpace
from pomonag.reference.training import LITE_SCORE, train_score_network
from pomonag.reference.training_loop import Report, Schedule, TrainingRecord
from pomonag.spaces import EnumerableSpace, SearchSpace, search_space
from pomonag.spaces.encoding import generation_metrics

DIRECTIONS: Mapping[str, bool] = {"accuracy": True, "params": False, "macs": False, "latency_ms": False}
"""The objectives that have a predictor, and whether more is better."""

# Of a space that cannot be listed: as many architectures as a lite training comes to see a few times over.
SCORE_DRAWS, COST_DRAWS = 100_000, 20_000


def train_lite_score(
    settings: ReferenceSpace,
    folder: Path = SHIPPED,
    *,
    schedule: Schedule = LITE_SCORE,
    validity_steps: int = 200,
    checkpoint: Path | None = None,
    report: Report | None = None,
) -> Path:
    """Train the score network on a space's architectures; returns the weights' file.

    On all of them where the space can be listed, else on 100,000 by the space's own rule of sampling.
    `validity_steps` sampling steps measure the validity of 256 unguided samples, thresholded, without any repair.
    """
    architectures, drawn = _architectures(search_space(settings.name), SCORE_DRAWS)
    network, record = train_score_network(
        settings.matrix.encode(architectures), settings.adjacency, settings, schedule, checkpoint=checkpoint,
        report=report,
    )  # fmt: skip
    file = settings.checkpoint(folder, "score")
    origin = _origin("score network", settings, schedule, record, drawn)
    save_weights(file, network, origin)
    shipped = load_score_network(settings, folder)  # what is measured is what ships, in half precision
    save_weights(file, shipped, origin | {"unguided": unguided_metrics(shipped, settings, validity_steps)})
    return file


def unguided_metrics(network: ScoreNetwork, settings: ReferenceSpace, steps: int, count: int = 256) -> dict[str, Any]:
    """Validity and uniqueness of `count` unguided samples, thresholded at 0.5."""
    metrics = generation_metrics(
        settings.matrix.decode(generate(network, [], settings, count=count, seed=0, steps=steps))
    )
    return {"steps": steps, "count": count, "validity": metrics.validity, "uniqueness": metrics.uniqueness}


def train_lite_predictors(
    settings: ReferenceSpace,
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
    tasks alone; params and MACs from the exact costs of all architectures, or of 20,000 draws. Architectures that the
    encoding cannot hold (of another width) are left out. Correlations are those on the held-out tasks, whose classes
    no training task has.
    """
    for objective in objectives:
        if objective not in DIRECTIONS:
            raise unknown_name("objective", objective, DIRECTIONS)
    space = search_space(settings.name)
    rows = _held(meta_dataset(settings.name) if rows is None else rows, space, settings)
    files = []
    for objective in objectives:
        labelled = rows if objective in ("accuracy", "latency_ms") else _exact_costs(rows, space, settings, objective)
        training, held_out, scaling = _split(labelled, rows, space, settings, objective)
        network, record = train_noisy_predictor(
            objective,
            training,
            settings.adjacency,
            settings,
            schedule,
            checkpoint=unfinished(settings, objective, checkpoint_folder) if checkpoint_folder else None,
            report=report(objective) if report else None,
        )
        origin = _origin(f"{objective} predictor", settings, schedule, record, f"{len(training.labels)} rows")
        origin |= {
            "label_scaling": asdict(scaling),
            "maximise": DIRECTIONS[objective],
            "embedding": "efficientnet_lite0",
        }
        file = settings.checkpoint(folder, objective)
        save_weights(file, network, origin)
        shipped = load_predictor(settings, objective, folder).network
        save_weights(file, shipped, origin | {"held_out_tasks": _judged(shipped, training, held_out, settings)})
        files.append(file)
    return files


def unfinished(settings: ReferenceSpace, part: str, folder: Path) -> Path:
    """Where in a folder a stopped training of `score` or of an objective's predictor is kept."""
    return folder / f"{settings.name}_{settings.checkpoint(folder, part).name}"


def _architectures(space: SearchSpace, draws: int) -> tuple[Sequence[Any], str]:
    """All architectures of a space that can be listed, else so many draws; and how they were chosen."""
    if isinstance(space, EnumerableSpace):
        return space.enumerate(), f"all {space.size} architectures, uniformly"
    generator = torch.Generator().manual_seed(seed_of("reference architectures", space.name))
    return space.sample(draws, generator), f"{draws} draws by the space's own rule"


def _held(frame: pd.DataFrame, space: SearchSpace, settings: ReferenceSpace) -> pd.DataFrame:
    """The rows whose architectures come back from the encoding as they went in."""
    architectures = [space.parse(text) for text in frame["architecture"]]
    back = settings.matrix.decode(settings.matrix.encode(architectures)) if architectures else []
    return frame[np.array([one == other for one, other in zip(architectures, back, strict=True)], dtype=bool)]


def _exact_costs(rows: pd.DataFrame, space: SearchSpace, settings: ReferenceSpace, objective: str) -> pd.DataFrame:
    """A row an architecture, spread over the rows' training tasks: costs do not depend on the data set."""
    architectures, _ = _architectures(space, COST_DRAWS)
    tasks = sorted(rows.loc[~rows["held_out"], "task"].unique())
    frame = pd.DataFrame(
        {
            "architecture": [str(architecture) for architecture in architectures],
            "task": [tasks[index % len(tasks)] for index in range(len(architectures))],
            "held_out": False,
            objective: getattr(space.cost(architectures), objective),
        }
    )
    return _held(frame, space, settings)


def _split(
    labelled: pd.DataFrame, rows: pd.DataFrame, space: SearchSpace, settings: ReferenceSpace, objective: str
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
        _as_rows(training, space, settings, objective, scaling),
        _as_rows(held_out, space, settings, objective, scaling),
        scaling,
    )


def _as_rows(
    frame: pd.DataFrame, space: SearchSpace, settings: ReferenceSpace, objective: str, scaling: LabelScaling
) -> PredictorRows:
    names = sorted(frame["task"].unique())
    index = {name: position for position, name in enumerate(names)}
    return PredictorRows(
        matrices=settings.matrix.encode([space.parse(text) for text in frame["architecture"]]),
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
        "what": f"{settings.title} {what} of the reference mode",
        "encoding": settings.encoding,
        "schedule": "lite",
        "settings": asdict(schedule) | {"sigma_min": settings.sigma_min, "sigma_max": settings.sigma_max},
        "mask": "adjacency of the encoding, in training and sampling",
        "data": data,
        "cpu_seconds": round(record.cpu_seconds, 1),
        "loss": record.losses[-1] if record.losses else None,
        "losses_per_100_steps": [float(f"{loss:.4g}") for loss in record.losses],
        "precision": "float16",
        "trained": record.provenance,
        "exported": provenance(),
    }
