"""The weights that a pipeline starts from."""

from __future__ import annotations

import torch
from torch import nn

from pomonag.records.seeds import seed_of


def initialise(network: nn.Module, weights: str, seed: int) -> None:
    """Draws the weights anew, in place, from the seed; those called `imagenet` are left as the caller loaded them.

    `he_normal` reads the paper's HeNormal as N(0, 2 / fan_out) for the convolutions, with all other layers, as with
    `pytorch` the convolutions too, drawn by PyTorch's default.
    """
    if weights == "imagenet":
        return
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of("weights", seed))
        for module in network.modules():
            if callable(reset := getattr(module, "reset_parameters", None)):
                reset()
        if weights == "he_normal":
            for module in network.modules():
                if isinstance(module, nn.Conv2d):
                    nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
