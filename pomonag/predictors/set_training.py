"""From labels to a checkpoint set on disk: `train_predictor_set`."""

from __future__ import annotations

import time
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pomonag.data.tasks import task, task_names
from pomonag.errors import UserError
from pomonag.evaluation.device_latency import device_latencies
from pomonag.meta_dataset.schema import meta_dataset
from pomonag.predictors.accuracy_scale import AccuracyScale, fit_accuracy_scale
from pomonag.predictors.dataset_code import DatasetCode, separability
from pomonag.predictors.embeddings import SHIPPED_ENCODER, embed_task
from pomonag.predictors.latency_model import LatencyModel, fit_latency_model
from pomonag.predictors.performance_predictor import PROTOCOLS, condition
from pomonag.predictors.predictor_set import PredictorSet
from pomonag.predictors.predictor_training import (
    LITE_ENSEMBLE,
    EnsembleTraining,
    GuideTraining,
    Progress,
    train_ensemble,
    train_noisy_predictor,
)
from pomonag.predictors.supervision import LabelledTask, supervision
from pomonag.records.provenance import provenance
from pomonag.spaces.search_space import SearchSpace

LATENCY_HEAD = "latency_ms"


def device_head(device: str) -> str:
    """The noisy predictor's head for a device."""
    return f"{LATENCY_HEAD}:{device}"


def train_predictor_set(
    space: SearchSpace,
    name: str,
    ensemble_training: EnsembleTraining | None = None,
    guide_training: GuideTraining = GuideTraining(),  # noqa: B008 (frozen)
    progress: Progress | None = None,
) -> PredictorSet:
    """Trains a set of `supervision.SETS`, by default as suits its labels. DataMissing where these are not there."""
    started, cpu = time.perf_counter(), time.process_time()
    tasks = supervision(name, space)
    if ensemble_training is None:
        ensemble_training = LITE_ENSEMBLE if {t.protocol for t in tasks} == {"lite"} else EnsembleTraining()
    code = fitted_code()
    ensemble = train_ensemble(space, tasks, code, training=ensemble_training, progress=progress)
    latency = _fitted_latency(space)
    functions: dict[str, Any] = {LATENCY_HEAD: partial(_predicted_latency, space, latency)}
    functions |= {device_head(device): latency_of for device, latency_of in device_latencies(space).items()}
    protocols = [p for p in PROTOCOLS if any(t.protocol == p for t in tasks)]
    conditions = _questions(tasks, code, protocols)
    noisy, took = train_noisy_predictor(
        space, ensemble, conditions, functions, training=guide_training, progress=progress
    )
    header = {
        "name": name,
        "space": space.name,
        "protocols": protocols,
        "encoder": SHIPPED_ENCODER,
        "labels": _label_counts(tasks),
        "training": {
            "ensemble": asdict(ensemble_training),
            "noisy": asdict(guide_training),
            "noisy_loss": took["loss"],
        },
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - cpu,
        "provenance": provenance(),
    }
    return PredictorSet(space, code, ensemble, noisy, latency, _fitted_scales(tasks), header)


def _label_counts(tasks: list[LabelledTask]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in tasks:
        source = "lite tasks" if one.protocol == "lite" else one.name
        counts[source] = counts.get(source, 0) + len(one.scores)
    return counts


def fitted_code() -> DatasetCode:
    """The code of data sets that all sets share, fitted to the embeddings of 200 training tasks."""
    embeddings = [embed_task(task(name)) for name in task_names(200, 0)]
    code = DatasetCode(embeddings[0].shape[-1])
    code.fit(embeddings)
    return code.eval()


def _fitted_latency(space: SearchSpace) -> LatencyModel:
    rows = meta_dataset(space.name)
    calm = rows[rows["latency_ms"].notna() & (rows["latency_disturbed"] != True)]  # noqa: E712 - a pandas column
    rows = calm if len(calm) >= 100 else rows[rows["latency_ms"].notna()]
    if len(rows) < 50:
        raise UserError(
            f"{len(rows)} measured latencies of {space.name}, 50 are needed: run `pomonag meta-dataset build`"
        )
    return fit_latency_model(space, [space.parse(a) for a in rows["architecture"]], rows["latency_ms"].to_numpy())


@torch.inference_mode()
def _predicted_latency(space: SearchSpace, model: LatencyModel, architectures: list[Any]) -> np.ndarray:
    return model(torch.from_numpy(space.features(architectures))).numpy()


def _questions(tasks: list[LabelledTask], code: DatasetCode, protocols: list[str]) -> Tensor:
    """Known data sets, mixtures of two of them and unknown ones, under each protocol: what the guide may be asked."""
    codes = [code(t.embedding) for t in tasks if t.embedding is not None]
    codes += [code(embed_task(task(name))) for name in task_names(0, 20)]
    mixed = [(a + b) / 2 for a, b in zip(codes, [*codes[1:], codes[0]])]
    return torch.stack([condition(c, p) for p in protocols for c in [*codes, *mixed, None]])


def _fitted_scales(tasks: list[LabelledTask]) -> dict[str, AccuracyScale]:
    scales = {}
    for protocol in PROTOCOLS:
        known = [t for t in tasks if t.protocol == protocol and t.accuracy is not None and t.embedding is not None]
        if known:
            scales[protocol] = fit_accuracy_scale(
                [t.accuracy for t in known if t.accuracy is not None],
                [separability(t.embedding) for t in known if t.embedding is not None],
            )
    return scales
