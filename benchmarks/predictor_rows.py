"""The rows that Tables 3 and 6 are measured on: split, with the tasks' embeddings, and how predictions are judged."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from benchmarks.inputs import digest_of
from benchmarks.runs import Need
from pomonag.data.tasks import task
from pomonag.diffusion.noise_process import NoiseProcess
from pomonag.meta_dataset.data_card import centred
from pomonag.meta_dataset.schema import SHIPPED, meta_dataset, shard_paths
from pomonag.meta_dataset.splits import TESTS, Split, split_rows
from pomonag.predictors.dataset_code import DatasetCode, separability
from pomonag.predictors.embeddings import SHIPPED_ENCODER, embed_task
from pomonag.predictors.noise_ceiling import noised
from pomonag.predictors.rank_correlation import pooled_spearman, within_task_spearman
from pomonag.records.seeds import seed_of
from pomonag.reference.spaces import reference_space
from pomonag.spaces import search_space
from pomonag.spaces.encoding import Encoding, generator_of

SPLIT = "predictors"
LABELS = ("accuracy", "params", "macs", "latency_ms")
PAPER_NAMES = {"accuracy": "accuracy", "params": "params", "macs": "macs", "latency_ms": "latency"}
NOISE_DRAWS = 8


@dataclass(frozen=True, eq=False)
class PredictorRows:
    """One space's rows with their split, and the embedding [20, 20, features] and code [c] of each task."""

    space: Any
    split: Split
    embeddings: dict[str, Tensor]
    codes: dict[str, np.ndarray]
    code: DatasetCode
    reliability: dict[str, float]

    def limited(self, share: float) -> pd.DataFrame:
        """A share of the rows to learn from, drawn by their names; a smaller one is part of every larger one."""
        learned = self.split.outer.learned
        if share >= 1:
            return learned
        order = [seed_of("learning curve", *names) for names in zip(learned["task"], learned["architecture"])]
        return learned.iloc[np.sort(np.argsort(order)[: round(share * len(learned))])]

    def code_of(self, frame: pd.DataFrame) -> np.ndarray:
        """Each row's task code [n, c]."""
        return np.stack([self.codes[name] for name in frame["task"]])

    def architectures(self, frame: pd.DataFrame) -> list[Any]:
        """Each row's architecture."""
        return [self.space.parse(text) for text in frame["architecture"]]


def rows_need(space: str) -> Need:
    """The shipped rows of a space."""

    def missing() -> str | None:
        if shard_paths(SHIPPED / space):
            return None
        return f"No rows of {space} ship with this version: `pomonag meta-dataset build --space {space}` measures them."

    return Need(f"rows of {space}", missing)


def rows_digest(space: str) -> str:
    """A short SHA-256 of the shipped rows: other rows make another configuration, which `run` measures anew."""
    return digest_of(tuple(shard_paths(SHIPPED / space)))


@functools.cache
def predictor_rows(space_name: str, encoder: str = SHIPPED_ENCODER) -> PredictorRows:
    """All that the suites need of a space."""
    rows = meta_dataset(space_name)
    split = split_rows(rows, SPLIT)
    embeddings = {str(name): embed_task(task(str(name)), encoder) for name in rows["task"].unique()}
    code = DatasetCode(next(iter(embeddings.values())).shape[-1])
    learned = set(split.outer.learned["task"])
    code.fit([e for name, e in embeddings.items() if name in learned])
    codes = {name: np.append(code(e).numpy(), 5 * separability(e)) for name, e in embeddings.items()}
    return PredictorRows(search_space(space_name), split, embeddings, codes, code.eval(), reliabilities(rows))


def reliabilities(rows: pd.DataFrame) -> dict[str, float]:
    """Of the task-centred accuracy between two trainings of the same rows: `pearson` r, and `spearman` of the ranks."""
    wide = centred(rows).pivot_table(index=["task", "architecture"], columns="seed", values="accuracy")
    if 1 not in wide or len(both := wide[[0, 1]].dropna()) < 3:
        return {}
    first, second = both[0].to_numpy(), both[1].to_numpy()
    return {
        "pearson": float(np.corrcoef(first, second)[0, 1]),
        "spearman": pooled_spearman(first, second),
        "n": float(len(both)),
    }


def process_of(space_name: str) -> NoiseProcess:
    """The reference's noise process of the space: at its times, uniform, all noisy correlations are measured."""
    settings = reference_space(space_name)
    return NoiseProcess(settings.sigma_min, settings.sigma_max)


Denoised = Callable[[pd.DataFrame], np.ndarray]
Noisy = Callable[[pd.DataFrame, Tensor, Tensor], dict[str, np.ndarray]]
"""Rows with their noisy matrices x [n, nodes, operations] (network scale) and sigma [n] -> predictions by label."""


def judged_denoised(data: PredictorRows, predict: Denoised) -> dict[str, float]:
    """Spearman with accuracy on the three test parts, pooled and within tasks."""
    values: dict[str, float] = {}
    for part in TESTS:
        frame = data.split.outer.tests[part]
        judge(values, "accuracy", metric_name("accuracy", "denoised", part), predict(frame), frame)
    return values


def judged_noisy(
    data: PredictorRows, predict: Noisy, encoding: Encoding, seed: int, labels: Sequence[str] = LABELS
) -> dict[str, float]:
    """The same of noisy architectures for each label: means over draws of the noise."""
    values: dict[str, float] = {}
    process = process_of(data.space.name)
    for part in TESTS:
        frame = data.split.outer.tests[part]
        clean = encoding.encode(data.architectures(frame))
        draws: list[dict[str, float]] = []
        for draw in range(NOISE_DRAWS):
            x, sigma = noised(clean, process, generator_of(seed % 2**31 + draw))
            with torch.inference_mode():
                predicted = predict(frame, x, sigma)
            one: dict[str, float] = {}
            for label in labels:
                judge(one, label, metric_name(label, "noisy", part), predicted[label], frame)
            draws.append(one)
        values |= {name: float(np.nanmean([one[name] for one in draws])) for name in draws[0]}
    return values


def judge(values: dict[str, float], label: str, name: str, predicted: np.ndarray, frame: pd.DataFrame) -> None:
    """Adds the Spearman of predictions [n] with a label of rows as `name` and, of accuracy, within tasks."""
    truth = frame[label].to_numpy(float)
    known = np.isfinite(truth)
    values[name] = pooled_spearman(predicted[known], truth[known])
    if label == "accuracy":
        values[f"{name}_within"] = within_task_spearman(predicted[known], truth[known], frame["task"][known].tolist())


def metric_name(label: str, how: str, part: str = "both") -> str:
    """The paper's name where task and architecture are unseen, with the part behind it elsewhere.

    >>> metric_name("latency_ms", "noisy"), metric_name("accuracy", "denoised", "tasks")
    ('spearman_latency_noisy', 'spearman_accuracy_denoised_tasks')
    """
    name = f"spearman_{PAPER_NAMES[label]}_{how}"
    return name if part == "both" else f"{name}_{part}"
