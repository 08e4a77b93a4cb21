"""Batch normalisation of networks whose weights were trained as parts of others: statistics of their own."""

from __future__ import annotations

import torch
from torch import Tensor, nn

BATCH = 256


@torch.no_grad()
def recalibrated(network: nn.Module, images: Tensor) -> nn.Module:
    """The network itself, its batch normalisations' statistics measured on images [n, 3, h, w], in evaluation mode.

    The statistics are means over batches of 256; a rest is left out, but for fewer images than that.
    """
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # cumulative
    network.train()
    whole = max(1, len(images) // BATCH)
    for batch in images[: whole * BATCH].split(BATCH):
        network(batch)
    for norm, momentum in zip(norms, momenta):
        norm.momentum = momentum
    return network.eval()
