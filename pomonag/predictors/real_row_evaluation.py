"""How well real rows that were not learned from are predicted: `evaluate_real_rows`, which the command prints.

Accuracy there is mostly the task (pomonag.md PI-20), so the pooled coefficient is joined by two that are not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.stats import spearmanr

from pomonag.diffusion.noise_process import NoiseProcess
from pomonag.predictors.real_row_baselines import RowRidge, residual_ceiling
from pomonag.predictors.real_row_model import RealRowTraining, train_real_row_model
from pomonag.predictors.real_rows import RealRows
from pomonag.records.seeds import seed_of
from pomonag.spaces.encoding import to_network_scale
from pomonag.spaces.search_space import SearchSpace


@dataclass(frozen=True)
class NoisyEvaluation:
    """The reference's noise for predictors (diffusionnag.md): t uniform in [1e-5, 1]. Coefficients are draws' means."""

    sigma_min: float = 0.1
    sigma_max: float = 5.0
    draws: int = 8


_TRAINING, _NOISE = RealRowTraining(), NoisyEvaluation()


def evaluate_real_rows(
    space: SearchSpace,
    train: RealRows,
    evaluate: RealRows,
    seed: int = 0,
    training: RealRowTraining = _TRAINING,
    noise: NoisyEvaluation = _NOISE,
    progress: Callable[[int, float], None] = lambda step, loss: None,
) -> dict[str, Any]:
    """Learns from `train`, predicts `evaluate` (class ids, block, architecture): Spearman coefficients, JSON-ready.

    `noisy`, `denoised` and each of `baselines` (two ridge regressions; the model without the architecture) have
    `pooled`, over all rows; `residual_block0`, within block 0, of what a ridge on class ids and block leaves of the
    true and of the predicted accuracies; and `within_task`, the mean coefficient over groups of at least two rows of
    one task and block whose accuracies differ. None where a coefficient is not defined. `seed` draws noise,
    candidates and the rows that find the kernel.
    """
    started, cpu = time.perf_counter(), time.process_time()
    model = train_real_row_model(space, train, seed, training, progress)
    took = {"seconds": round(time.perf_counter() - started, 1), "cpu_seconds": round(time.process_time() - cpu, 1)}
    plain, with_architecture = RowRidge.fit(train), RowRidge.fit(train, space)
    base = plain(evaluate)
    groups = task_groups(evaluate)
    inside = evaluate.block == 0

    def figures(predicted: np.ndarray) -> dict[str, float | None]:
        return {
            "pooled": _spearman(evaluate.accuracy, predicted),
            "residual_block0": _spearman((evaluate.accuracy - base)[inside], (predicted - base)[inside]),
            "within_task": within_task(evaluate.accuracy, predicted, groups),
        }

    generator = torch.Generator().manual_seed(seed_of("real rows", "noise", seed))
    clean = to_network_scale(space.encoding.encode(evaluate.architectures))
    process = NoiseProcess(noise.sigma_min, noise.sigma_max)
    sigma = process.sigma(torch.rand(noise.draws, len(evaluate), generator=generator) * (1 - 1e-5) + 1e-5)
    x = [process.add_noise(clean, s, torch.randn(clean.shape, generator=generator)) for s in sigma]
    # A last draw that tells nothing: what the model knows of the task alone.
    x.append(torch.zeros_like(clean))
    sigma = torch.cat([sigma, torch.full((1, len(evaluate)), 1e6)])
    *noisy, unknown = model.noisy(evaluate, torch.stack(x), sigma, training)
    known_tasks, known_architectures = set(train.task.tolist()), set(train.architectures)
    return {
        "noisy": _mean([figures(predicted) for predicted in noisy]),
        "denoised": figures(model.denoised(evaluate)),
        "baselines": {
            "classes_and_block": figures(base),
            "ridge_with_architecture": figures(with_architecture(evaluate)),
            "architecture_unknown": figures(unknown),
        },
        "ceiling_residual_block0": residual_ceiling(evaluate.accuracy[inside], (evaluate.accuracy - base)[inside]),
        "rows": {
            "train": len(train),
            "evaluate": len(evaluate),
            "evaluate_block0": int(inside.sum()),
            "within_task_groups": len(groups),
            "also_in_train": len(set(train.keys()) & set(evaluate.keys())),
            "of_trained_tasks": sum(name in known_tasks for name in evaluate.task.tolist()),
            "of_trained_architectures": sum(a in known_architectures for a in evaluate.architectures),
        },
        "blocks_from": {"train": train.block_from, "evaluate": evaluate.block_from},
        "sha256": {"train": train.sha256, "evaluate": evaluate.sha256},
        "residual_penalty": plain.penalty,
        "variances": {name: round(value, 5) for name, value in model.variances.items()},
        "noise": vars(noise),
        "seed": seed,
        "training": took,
    }


def task_groups(rows: RealRows) -> list[np.ndarray]:
    """Positions of the rows of each task and block that has at least two, not all of them with the same accuracy."""
    found: dict[tuple[int, int], list[int]] = {}
    for i, key in enumerate(zip(rows.task.tolist(), rows.block.tolist())):
        found.setdefault(key, []).append(i)
    groups = [np.array(group) for group in found.values()]
    return [group for group in groups if len(np.unique(rows.accuracy[group])) > 1]


def within_task(accuracy: np.ndarray, predicted: np.ndarray, groups: list[np.ndarray]) -> float | None:
    """The mean Spearman coefficient over groups of rows: +1 or -1 for two, 0 where all predictions are equal."""
    if not groups:
        return None
    return float(np.mean([_spearman(accuracy[group], predicted[group]) or 0.0 for group in groups]))


def _spearman(a: np.ndarray, b: np.ndarray) -> float | None:
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) < 1e-9:
        return None
    return float(spearmanr(a, b).statistic)


def _mean(figures: list[dict[str, float | None]]) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for name in figures[0]:
        values = [value for one in figures if (value := one[name]) is not None]
        found[name] = float(np.mean(values)) if values else None
    return found
