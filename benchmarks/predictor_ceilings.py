"""The Bayes ceilings that stand beside Table 3's noisy correlations, of the same rows and noise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from benchmarks.predictor_methods import FastPredictors, predicted_latency
from benchmarks.predictor_rows import LABELS, NOISE_DRAWS, PAPER_NAMES, PredictorRows, judge, process_of
from pomonag.predictors.noise_ceiling import BlockPosterior, Posterior, WholePosterior, noised
from pomonag.predictors.performance_predictor import condition
from pomonag.spaces import EnumerableSpace
from pomonag.spaces.encoding import generator_of

_SAMPLE = 20_000


def ceilings(data: PredictorRows, teacher: FastPredictors, seed: int) -> dict[str, float]:
    """What the best prediction from the noisy rows reaches, where task and architecture are unseen.

    The labels of the prior's architectures are exact costs, the latency model's and the teacher's accuracies, so the
    ceiling of accuracy is that of a predictor which knows of the noisy architecture what the teacher knows of the
    clean one.
    """
    frame = data.split.outer.tests["both"]
    tasks = list(dict.fromkeys(frame["task"]))
    posterior = _posterior(data, teacher, tasks)
    place = np.array([tasks.index(name) for name in frame["task"]])
    clean = data.space.encoding.encode(data.architectures(frame))
    draws = []
    for draw in range(NOISE_DRAWS):
        best = posterior(*noised(clean, process_of(data.space.name), generator_of(seed % 2**31 + draw))).numpy()
        accuracy = teacher.level(best[np.arange(len(best)), place], data.code_of(frame))
        predicted = dict(zip(LABELS, (accuracy, *best[:, len(tasks) :].T)))
        draws.append(_judged(frame, predicted))
    return {name: float(np.mean([one[name] for one in draws])) for name in draws[0]}


def _judged(frame: pd.DataFrame, predicted: dict[str, np.ndarray]) -> dict[str, float]:
    values: dict[str, float] = {}
    for label in LABELS:
        judge(values, label, f"ceiling_{PAPER_NAMES[label]}_noisy", predicted[label], frame)
    return values


@torch.inference_mode()
def _posterior(data: PredictorRows, teacher: FastPredictors, tasks: list[str]) -> Posterior:
    """Labels: the teacher's score on each task, then params, MACs and latency."""
    space = data.space
    listed = isinstance(space, EnumerableSpace)
    architectures = list(space.enumerate()) if listed else space.sample(_SAMPLE, generator_of(0))
    features, costs = torch.from_numpy(space.features(architectures)), space.cost(architectures)
    scores = [
        teacher.ensemble(features, condition(data.code(data.embeddings[name]), "lite")).double().numpy()
        for name in tasks
    ]
    labels = np.stack(
        [*scores, costs.params, costs.macs, predicted_latency(space, teacher.latency, architectures)], axis=1
    )
    clean = space.encoding.encode(architectures)
    return WholePosterior(clean, labels) if listed else BlockPosterior(space.encoding, clean, labels)
