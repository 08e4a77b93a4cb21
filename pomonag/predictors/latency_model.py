"""Latency of a clean architecture predicted from measurements: what each row's choice adds, found by ridge regression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pomonag.spaces.search_space import SearchSpace


class LatencyModel(nn.Module):
    """Clean matrices [b, n, v] in [0, 1] -> milliseconds [b], linear in the entries; never below the smallest seen."""

    weight: Tensor
    bias: Tensor
    floor: Tensor

    def __init__(self, entries: int):
        super().__init__()
        self.register_buffer("weight", torch.zeros(entries))
        self.register_buffer("bias", torch.zeros(()))
        self.register_buffer("floor", torch.zeros(()))

    def forward(self, matrices: Tensor) -> Tensor:
        return (matrices.flatten(1) @ self.weight + self.bias).clamp_min(self.floor)


def fit_latency_model(space: SearchSpace, architectures: Sequence[Any], latency_ms: np.ndarray) -> LatencyModel:
    """The model of measured architectures; the penalty is chosen by cross-validation."""
    from sklearn.linear_model import RidgeCV

    matrices = space.encoding.encode(architectures).flatten(1)
    ridge = RidgeCV(np.logspace(-3, 3, 13)).fit(matrices.numpy(), latency_ms)
    model = LatencyModel(matrices.shape[1])
    model.weight.copy_(torch.from_numpy(np.asarray(ridge.coef_, dtype=np.float32)))
    model.bias.fill_(float(ridge.intercept_))
    model.floor.fill_(float(np.min(latency_ms)))
    return model
