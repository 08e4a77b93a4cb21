"""Latency of a clean architecture predicted from measurements, by ridge regression over the space's features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pomonag.spaces.search_space import SearchSpace


class LatencyModel(nn.Module):
    """Features [b, f] of clean architectures -> milliseconds [b], linear down to the smallest latency seen.

    Below it an exponential takes over with the same slope: positive, and without the ties of a clamp, by which the
    fastest networks of a front could not be told apart.
    """

    weight: Tensor
    bias: Tensor
    floor: Tensor

    def __init__(self, features: int):
        super().__init__()
        self.register_buffer("weight", torch.zeros(features))
        self.register_buffer("bias", torch.zeros(()))
        self.register_buffer("floor", torch.zeros(()))

    def forward(self, features: Tensor) -> Tensor:
        linear = features @ self.weight + self.bias
        floor = self.floor.clamp_min(1e-6)
        return torch.where(linear < floor, floor * torch.exp((linear.minimum(floor) - floor) / floor), linear)


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
