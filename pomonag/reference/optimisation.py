"""DiffusionNAG's optimiser rules: warm-up, clipping, and an exponential moving average that starts fast."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor


def warmup_factor(step: int, warmup: int) -> float:
    """Factor of the learning rate at `step`, counted from 0, so that the first update has rate zero."""
    return min(step / warmup, 1.0) if warmup else 1.0


def cosine_factor(step: int, steps: int) -> float:
    """Half a cosine from 1 to 0 over `steps`; the release keeps its rate constant, short schedules cannot."""
    return 0.5 * (1 + math.cos(math.pi * step / steps))


class ExponentialMovingAverage:
    """Averages of parameters with decay min(decay, (1 + n) / (10 + n)) at the n-th update, n = 1 at the first.

    The averages are kept apart from the live parameters. (The release copies them into the live network at every
    snapshot and trains on from there; that leak is not reproduced.)
    """

    def __init__(self, parameters: Iterable[Tensor], decay: float = 0.9999) -> None:
        self.decay = decay
        self.updates = 0
        self.averages = [parameter.detach().clone() for parameter in parameters]

    @torch.no_grad()
    def update(self, parameters: Iterable[Tensor]) -> None:
        """Move the averages towards the present parameters, given in the order of the constructor's."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for average, parameter in zip(self.averages, parameters, strict=True):
            average.lerp_(parameter.detach(), 1 - decay)

    @torch.no_grad()
    def copy_to(self, parameters: Iterable[Tensor]) -> None:
        """Write the averages into `parameters`."""
        for average, parameter in zip(self.averages, parameters, strict=True):
            parameter.copy_(average)
