"""Where the latencies of a generation come from: this project's measurements, a real device, or a user's file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pomonag.errors import UserError
from pomonag.evaluation.block_latency import BlockDeviceLatency
from pomonag.evaluation.device_latency import DeviceLatency, device_latency
from pomonag.predictors.performance_predictor import CONDITION_SIZE, NoisyPredictor
from pomonag.predictors.predictor_set import PredictorSet
from pomonag.predictors.set_training import LATENCY_HEAD, device_head
from pomonag.spaces.search_space import SearchSpace, full_resolution

# A file's latencies are fitted on so many of its architectures, and on so many at least.
_FITTED, _FEWEST = 1024, 20


@dataclass(frozen=True, eq=False)
class LatencySource:
    """`of(architectures)` -> milliseconds [n] (nan where unknown); `column` [heads] predicts its z-score when noisy."""

    name: str
    of: Callable[[Sequence[Any]], np.ndarray]
    column: Tensor
    mean_ms: float
    scale_ms: float


def latency_source(space: SearchSpace, predictors: PredictorSet, device: str | None) -> LatencySource:
    """The source for `--device-latency`: None (predicted from our measurements), a device's name, or a CSV file."""
    noisy = predictors.noisy
    if device is None:
        side = full_resolution(space)
        return _of_head(
            noisy,
            LATENCY_HEAD,
            f"predicted from this project's measurements on one CPU thread (thread CPU time, one {side}x{side} image)",
            predictors.latency_ms,
        )
    table = device_latency(device, space)
    if device_head(device) in noisy.heads:
        return _of_head(noisy, device_head(device), table.source, table)
    return _of_combined_heads(space, noisy, table)


def _of_head(
    noisy: NoisyPredictor, head: str, name: str, function: Callable[[Sequence[Any]], np.ndarray]
) -> LatencySource:
    position = noisy.column(head)
    column = torch.zeros(len(noisy.heads))
    column[position] = 1.0
    mean, scale = float(noisy.label_mean[position]), float(noisy.label_scale[position])
    return LatencySource(name, function, column, mean, scale)


def _of_combined_heads(
    space: SearchSpace, noisy: NoisyPredictor, table: DeviceLatency | BlockDeviceLatency
) -> LatencySource:
    """The combination of known latency heads that fits the file best, by least squares on clean architectures.

    What a noisy architecture says of a sum is the sum of what it says of the terms, so the combination of the heads is
    a noisy predictor of the file's latencies without any training.
    """
    architectures, latency = table.timed(_FITTED)
    mean, scale = float(latency.mean()), float(latency.std())
    if len(architectures) < _FEWEST or scale < 1e-6 * mean:
        raise UserError(
            f"{table.device} times {len(architectures)} architectures between {latency.min():g} and "
            f"{latency.max():g} ms; expected {_FEWEST} at least, of different latencies, to be guided by them"
        )
    positions = [i for i, head in enumerate(noisy.heads) if head.startswith(LATENCY_HEAD)]
    clean = 2.0 * space.encoding.encode(architectures) - 1.0
    sigma = torch.full((len(clean),), 0.1)
    with torch.no_grad():
        given = torch.zeros(CONDITION_SIZE)
        predicted = noisy(clean, sigma, given)[:, positions].double().numpy()
    target = (latency - mean) / scale
    penalty = 1e-2 * len(target) * np.eye(len(positions))
    weights = np.linalg.solve(predicted.T @ predicted + penalty, predicted.T @ target)
    column = torch.zeros(len(noisy.heads))
    column[positions] = torch.from_numpy(weights).float()
    return LatencySource(table.source, table, column, mean, scale)
