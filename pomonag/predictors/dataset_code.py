"""A data set as a short vector: what the fast predictors are told about the images.

The embedding [classes, samples, features] of a `DatasetEncoder` is summed up by the mean and the spread of its class
prototypes and projected on the principal components of many random tasks; beside it stands how well the classes
separate, which says how hard the data set is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from pomonag.errors import UserError

CODE_SIZE = 8


def _summary(embedding: Tensor) -> Tensor:
    prototypes = embedding.mean(1)
    return torch.cat([prototypes.mean(0), prototypes.std(0)])


class DatasetCode(nn.Module):
    """Embedding [classes, samples, features] -> code [CODE_SIZE] with entries in (-2, 2), about standard normal."""

    mean: Tensor
    components: Tensor

    def __init__(self, features: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(2 * features))
        self.register_buffer("components", torch.zeros(2 * features, CODE_SIZE))

    def fit(self, embeddings: Sequence[Tensor]) -> None:
        """Principal components of many data sets' summaries, each scaled to unit variance."""
        summaries = torch.stack([_summary(e) for e in embeddings])
        self.mean.copy_(summaries.mean(0))
        _, singular, right = torch.linalg.svd(summaries - self.mean, full_matrices=False)
        scale = singular[:CODE_SIZE] / math.sqrt(len(summaries) - 1)
        self.components.copy_(right[:CODE_SIZE].T / scale)

    def forward(self, embedding: Tensor) -> Tensor:
        code = (_summary(embedding) - self.mean) @ self.components
        # Data sets unlike all tasks would lie far outside of what the predictors have seen.
        return 2 * torch.tanh(code / 2)


def check_embedding(embedding: Any) -> None:
    """UserError for what is no data set's embedding: of one class there is no spread, and nan would go all the way."""
    if not isinstance(embedding, Tensor):
        raise UserError(
            f"got a {type(embedding).__name__} as embedding, expected a tensor [classes, samples, features]"
        )
    shape = tuple(embedding.shape)
    if len(shape) != 3 or shape[0] < 2 or 0 in shape:
        raise UserError(
            f"got an embedding of shape {shape}, expected [classes, samples, features] with at least two classes and "
            "one sample of each: give images of every class"
        )
    if not embedding.isfinite().all():
        count = int((~embedding.isfinite()).sum())
        raise UserError(f"got an embedding with {count} values that are nan or infinite: embed the images again")


def separability(embedding: Tensor) -> float:
    """Share of the samples [classes, samples, features] nearest to their own class's mean, each left out of it."""
    classes, samples, _ = embedding.shape
    prototypes = embedding.mean(1)
    distance = torch.cdist(embedding.flatten(0, 1), prototypes).view(classes, samples, classes)
    own = torch.arange(classes).view(-1, 1, 1).expand(-1, samples, 1)
    # Leaving a sample out moves its own class's mean away from it: the distance grows by samples / (samples - 1).
    distance = distance.scatter(2, own, distance.gather(2, own) * samples / max(samples - 1, 1))
    return float((distance.argmin(2) == own.squeeze(-1)).float().mean())
