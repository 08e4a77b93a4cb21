"""All training-free scores of an architecture: of the untrained network, higher is better; and their vote.

Synflow as a score of architectures: Abdelfattah et al., Zero-Cost Proxies for Lightweight NAS, ICLR 2021 (after
Tanaka et al. 2020). The others are in `batch_scores`.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy.stats import rankdata
from torch import Tensor, nn

from pomonag.errors import UserError
from pomonag.meta_dataset.batch_scores import batch_scores
from pomonag.records.seeds import seed_of
from pomonag.spaces import SearchSpace, Skeleton
from pomonag.training.average_pooling import with_quick_average_pooling

SCORES = ("naswot", "jacobian_covariance", "gradient_norm", "snip", "synflow")
# Gradient norm and SNIP have no vote: they agree with each other at 0.999, so they would count double, and at equal
# params they agree with our own reduced trainings hardly or not at all (docs/training_free.md).
VOTERS = ("naswot", "jacobian_covariance", "synflow", "params")


@dataclass(frozen=True)
class TrainingFreeScores:
    """The five scores (natural logarithms, but for the jacobian covariance), `params` of the full network, CPU seconds.

    A score without a finite value, such as synflow without a path from input to output, is minus infinity.
    """

    naswot: float
    jacobian_covariance: float
    gradient_norm: float
    snip: float
    synflow: float
    params: int
    cpu_seconds: float


def training_free_scores(
    space: SearchSpace, architecture: Any, images: Tensor, labels: Tensor, skeleton: Skeleton, seed: int = 0
) -> TrainingFreeScores:
    """Scores of one untrained network of `skeleton`; its initial weights depend on architecture and seed alone.

    `images` are normalised, float [b, 3, resolution, resolution]; `labels` their class numbers [b].
    """
    start = time.thread_time()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of("training-free", str(architecture), seed))
        network = space.build(architecture, skeleton)
    network = with_quick_average_pooling(network).to(memory_format=torch.channels_last)
    batch = batch_scores(network, images, labels)
    return TrainingFreeScores(
        naswot=batch.naswot,
        jacobian_covariance=batch.jacobian_covariance,
        gradient_norm=batch.gradient_norm,
        snip=batch.snip,
        synflow=synflow(network, skeleton.resolution),
        params=int(space.cost([architecture]).params[0]),
        cpu_seconds=time.thread_time() - start,
    )


def synflow(network: nn.Module, resolution: int) -> float:
    """log of the sum over convolution and linear weights of |w dR/dw|, R the output for an image of ones.

    All weights are taken absolute and batch normalisation is left out, so nothing cancels; in double precision, since
    the flow grows exponentially with depth. Minus infinity where no path leads from input to output.
    """
    flow = copy.deepcopy(network).double()
    for module in list(flow.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(module, name, nn.Identity())
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter.abs_()
    weights = [m.weight for m in flow.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    output = flow(torch.ones(1, 3, resolution, resolution, dtype=torch.float64)).sum()
    gradients = torch.autograd.grad(output, weights, allow_unused=True)
    total = sum(float((w.detach() * g).abs().sum()) for w, g in zip(weights, gradients) if g is not None)
    return math.log(total) if total > 0 else -math.inf


def vote(scores: Mapping[str, ArrayLike]) -> np.ndarray:
    """The mean over the scores of log(rank / n), at most 0; float64 [n]. Ties share their average rank.

    The logarithm asks for architectures that no score thinks poorly of, where a mean of ranks lets one score make up
    for another (Lee & Ham, AZ-NAS, CVPR 2024). Raises UserError for no scores, unequal lengths or nan.
    """
    columns = {name: np.asarray(values, dtype=np.float64) for name, values in scores.items()}
    shapes = {name: column.shape for name, column in columns.items()}
    if not columns or len(set(shapes.values())) > 1 or any(np.isnan(column).any() for column in columns.values()):
        raise UserError(f"got scores of shapes {shapes}; expected one or more of one length, without nan")
    return np.mean([np.log(rankdata(column) / len(column)) for column in columns.values()], axis=0)
