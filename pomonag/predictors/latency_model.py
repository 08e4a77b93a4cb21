"""Latency of a clean architecture predicted from measurements, by ridge regression over the space's features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pomonag.spaces.search_space import SearchSpace


class LatencyModel(nn.Module):
    """Features [b, f] of clean architectures -> milliseconds [b], linear; never below the smallest seen."""

    weight: Tensor
    bias: Tensor
    floor: Tensor

    def __init__(self, features: int):
        super().__init__()
        self.register_buffer("weight", torch.zeros(features))
        self.register_buffer("bias", torch.zeros(()))
        self.register_buffer("floor", torch.zeros(()))

    def forward(self, features: Tensor) -> Tensor:
        return (features @ self.weight + self.bias).clamp_min(self.floor)


def fit_latency_model(space: SearchSpace, architectures: Sequence[Any], latency_ms: np.ndarray) -> LatencyModel:
    """The model of measured architectures; the penalty is chosen by cross-validation."""
    from sklearn.linear_model import RidgeCV

    features = space.features(architectures)
    ridge = RidgeCV(np.logspace(-3, 3, 13)).fit(features, latency_ms)
    model = LatencyModel(features.shape[1])
    model.weight.copy_(torch.from_numpy(np.asarray(ridge.coef_, dtype=np.float32)))
    model.bias.fill_(float(ridge.intercept_))
    model.floor.fill_(float(np.min(latency_ms)))
    return model
