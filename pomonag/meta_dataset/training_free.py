"""Scores of untrained networks that say something about trained ones: NASWOT, synflow, and the number of parameters.

NASWOT: Mellor et al., Neural Architecture Search without Training, ICML 2021. Synflow as a score of architectures:
Abdelfattah et al., Zero-Cost Proxies for Lightweight NAS, ICLR 2021 (after Tanaka et al. 2020). Higher is better.
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
from pomonag.records.seeds import seed_of
from pomonag.spaces import SearchSpace, Skeleton
from pomonag.training.average_pooling import with_quick_average_pooling


@dataclass(frozen=True)
class TrainingFreeScores:
    """`naswot` by the name of each batch of images, `synflow` (natural logarithm), `params`, CPU seconds of all."""

    naswot: dict[str, float]
    synflow: float
    params: int
    cpu_seconds: float


def training_free_scores(
    space: SearchSpace,
    architecture: Any,
    batches: Mapping[str, Tensor],
    seed: int = 0,
    skeleton: Skeleton | None = None,
) -> TrainingFreeScores:
    """Scores of one untrained network, by default the full one; the initial weights depend on architecture and seed.

    `batches` holds normalised images, float [b, 3, resolution, resolution], by name; synflow needs none.
    """
    skeleton = skeleton or space.skeleton_type()
    start = time.thread_time()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of("training-free", str(architecture), seed))
        network = space.build(architecture, skeleton)
    network = with_quick_average_pooling(network).to(memory_format=torch.channels_last)
    return TrainingFreeScores(
        naswot={name: naswot(network, images) for name, images in batches.items()},
        synflow=synflow(network, skeleton.resolution),
        params=int(space.cost([architecture], skeleton).params[0]),
        cpu_seconds=time.thread_time() - start,
    )


def naswot(network: nn.Module, images: Tensor) -> float:
    """log|det K|, K [b, b] counting, over all ReLUs, the units that are on in both images or off in both.

    Batch normalisation uses the batch's own statistics, whose running values stay as they were. Minus infinity where
    two images switch every unit alike.
    """
    kernel = torch.zeros(len(images), len(images), dtype=torch.float64)

    def count_agreements(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        on = (inputs[0] > 0).flatten(1).float()
        units = on.sum(1, dtype=torch.float64)
        # Both on, plus all units less those on in either: x x' + (1 - x)(1 - x)' with one product instead of two.
        both = (on @ on.T).double()
        kernel.add_(2 * both + on.shape[1] - units[:, None] - units[None, :])

    relus = [module for module in network.modules() if isinstance(module, nn.ReLU)]
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    handles = [relu.register_forward_pre_hook(count_agreements) for relu in relus]
    was_training = network.training
    try:
        for norm in norms:
            norm.momentum = 0.0
        network.train()
        with torch.inference_mode():
            network(images.contiguous(memory_format=torch.channels_last))
    finally:
        network.train(was_training)
        for handle in handles:
            handle.remove()
        for norm, momentum in zip(norms, momenta):
            norm.momentum = momentum
    return float(np.linalg.slogdet(kernel.numpy())[1])


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
    """The mean of the scores' ranks, scaled to [0, 1]; float64 [n]. Ties share their average rank.

    Raises UserError for no scores, unequal lengths or nan.
    """
    columns = {name: np.asarray(values, dtype=np.float64) for name, values in scores.items()}
    shapes = {name: column.shape for name, column in columns.items()}
    if not columns or len(set(shapes.values())) > 1 or any(np.isnan(column).any() for column in columns.values()):
        raise UserError(f"got scores of shapes {shapes}; expected one or more of one length, without nan")
    n = len(next(iter(columns.values())))
    return np.mean([(rankdata(column) - 1) / max(n - 1, 1) for column in columns.values()], axis=0)
