"""NASWOT, jacobian covariance, gradient norm and SNIP of one untrained network on one batch of images.

They share one forward pass. Higher is better for each.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

# A unit is on where its input is positive; for the smooth ones that is where they let most of it through.
_ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.Hardswish, nn.SiLU, nn.GELU)
_K = 1e-5  # keeps the logarithm and the inverse finite for eigenvalues of zero; Mellor et al.'s value


@dataclass(frozen=True)
class BatchScores:
    """Natural logarithms, but for the jacobian covariance; minus infinity where a score has no finite value."""

    naswot: float
    jacobian_covariance: float
    gradient_norm: float
    snip: float


def batch_scores(network: nn.Module, images: Tensor, labels: Tensor) -> BatchScores:
    """All four from one forward and two backward passes, for images [b, 3, h, w] and class numbers [b].

    naswot: log|det K|, K [b, b] counting the units that are on in both images or off in both (Mellor et al., ICML
    2021). gradient_norm: log of the sum of the norms of the layers' gradients of the cross-entropy (Abdelfattah et
    al., ICLR 2021). snip: log of the sum of |w dL/dw| (Lee et al., SNIP, ICLR 2019). Both over the weights of
    convolutions and linear layers. Batch normalisation uses the batch's own statistics, whose running values stay as
    they were; no parameter's `grad` is touched.
    """
    images = images.detach().contiguous(memory_format=torch.channels_last).requires_grad_()
    weights = [m.weight for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    with _own_statistics(network), _counting_agreements(network, len(images)) as kernel:
        logits = network(images)
    (jacobian,) = torch.autograd.grad(logits.sum(), images, retain_graph=True, materialize_grads=True)
    loss = F.cross_entropy(logits, labels)
    gradients = torch.autograd.grad(loss, weights, materialize_grads=True)
    return BatchScores(
        naswot=float(np.linalg.slogdet(kernel.numpy())[1]),
        jacobian_covariance=jacobian_covariance(jacobian),
        gradient_norm=_log(sum(float(g.norm()) for g in gradients)),
        snip=_log(sum(float((w.detach() * g).abs().sum()) for w, g in zip(weights, gradients))),
    )


def jacobian_covariance(jacobian: Tensor) -> float:
    """How unlike the images' rows of the jacobian [b, ...] of the summed output are.

    -sum(log(s + k) + 1 / (s + k)), s the eigenvalues of the rows' correlations (Mellor et al., Neural Architecture
    Search without Training, arXiv 2006.04647v1). Minus infinity where a row is constant, and so without correlations.
    """
    rows = jacobian.detach().flatten(1).double()
    rows = rows - rows.mean(1, keepdim=True)
    lengths = rows.norm(dim=1, keepdim=True)
    if not bool((lengths > 0).all()):
        return -math.inf
    rows = rows / lengths
    eigenvalues = np.linalg.eigvalsh((rows @ rows.T).numpy()).clip(0)
    return float(-np.sum(np.log(eigenvalues + _K) + 1 / (eigenvalues + _K)))


def _log(total: float) -> float:
    return math.log(total) if total > 0 else -math.inf


@contextmanager
def _counting_agreements(network: nn.Module, n: int) -> Iterator[Tensor]:
    """Yields the kernel, float64 [n, n], that a forward pass of n images inside the block fills."""
    kernel = torch.zeros(n, n, dtype=torch.float64)

    def count(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        on = (inputs[0].detach() > 0).flatten(1).float()
        units = on.sum(1, dtype=torch.float64)
        # Both on, plus all units less those on in either: x x' + (1 - x)(1 - x)' with one product instead of two.
        both = (on @ on.T).double()
        kernel.add_(2 * both + on.shape[1] - units[:, None] - units[None, :])

    handles = [m.register_forward_pre_hook(count) for m in network.modules() if isinstance(m, _ACTIVATIONS)]
    try:
        yield kernel
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _own_statistics(network: nn.Module) -> Iterator[None]:
    """Inside the block the network trains, but batch normalisation's running values stay as they were."""
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    was_training = network.training
    for norm in norms:
        norm.momentum = 0.0
    network.train()
    try:
        yield
    finally:
        network.train(was_training)
        for norm, momentum in zip(norms, momenta):
            norm.momentum = momentum
