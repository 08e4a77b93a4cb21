"""The lean denoiser of fast mode: noisy matrix in, mean of the clean matrix out.

A clean row is one of a few categories (`Encoding.categories`), so the network predicts a *categorical* distribution for
each row and the denoised mean is its expectation. By Bayes' rule the logits are what the noisy rows say that the
space's rules bind together (often one alone), known in closed form (`posterior_of`), plus what all other rows say; only
that is learned. The score that the samplers and guides speak of is (denoised - x) / sigma^2 (Karras 2022, Eq. 3).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pomonag.errors import unknown_name
from pomonag.spaces.encoding import Encoding, to_network_scale
from pomonag.spaces.pattern_posterior import posterior_of

PARAMETRISATIONS = ("categorical", "score")


@dataclass(frozen=True)
class DenoiserConfig:
    """Size of the residual MLP, and what it predicts.

    `categorical`: logits of each row's categories, trained by cross-entropy. `score`: the score in units of 1/sigma,
    trained by score matching as the reference's network is; it is there to be measured against.
    """

    width: int = 128
    blocks: int = 3
    parametrisation: str = "categorical"

    def __post_init__(self) -> None:
        if self.parametrisation not in PARAMETRISATIONS:
            raise unknown_name("parametrisation of the denoiser", self.parametrisation, PARAMETRISATIONS)


class ResidualBlock(nn.Module):
    """x + W2 silu(W1 norm(x))."""

    def __init__(self, width: int):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.expand = nn.Linear(width, width)
        self.contract = nn.Linear(width, width)
        nn.init.zeros_(self.contract.weight)
        nn.init.zeros_(self.contract.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.contract(nn.functional.silu(self.expand(self.norm(x))))


def noise_level_features(sigma: Tensor, frequencies: int = 8) -> Tensor:
    """log sigma and its sines and cosines: sigma [b] -> [b, 2 * frequencies + 1]."""
    level = sigma.log().unsqueeze(-1)
    angles = level * (math.pi / 8) * 2.0 ** torch.arange(frequencies, device=sigma.device).div(2)
    return torch.cat([level, angles.sin(), angles.cos()], dim=-1)


class Denoiser(nn.Module):
    """A residual MLP over the flattened noisy matrix, conditioned on log sigma; call `(x, sigma) -> denoised`.

    x [b, nodes, operations] in network scale [-1, 1] plus noise of standard deviation sigma [b]; the result has the
    shape and scale of x.
    """

    def __init__(self, encoding: Encoding, config: DenoiserConfig = DenoiserConfig()):
        super().__init__()
        self.config = config
        self.row_posterior = posterior_of(encoding)
        nodes, operations = encoding.num_nodes, encoding.num_operations
        outputs = len(encoding.categories) if config.parametrisation == "categorical" else operations
        self.embed = nn.Linear(nodes * operations + 17, config.width)
        self.blocks = nn.Sequential(*(ResidualBlock(config.width) for _ in range(config.blocks)))
        self.head = nn.Sequential(nn.LayerNorm(config.width), nn.Linear(config.width, nodes * outputs))
        self._outputs = (nodes, outputs)

    def _network(self, x: Tensor, sigma: Tensor) -> Tensor:
        scaled = x / (1.0 + sigma.square()).sqrt().view(-1, 1, 1)
        features = torch.cat([scaled.flatten(1), noise_level_features(sigma)], dim=-1)
        return self.head(self.blocks(self.embed(features))).view(-1, *self._outputs)

    def logits(self, x: Tensor, sigma: Tensor) -> Tensor:
        """Unnormalised log p(clean row | noisy matrix), [b, nodes, categories]; categorical parametrisation only."""
        return self.row_posterior(x, sigma) + self._network(x, sigma)

    def forward(self, x: Tensor, sigma: Tensor) -> Tensor:
        if self.config.parametrisation == "categorical":
            return self.logits(x, sigma).softmax(-1) @ to_network_scale(self.row_posterior.categories)
        return x + sigma.view(-1, 1, 1) * self._network(x, sigma)

    def loss(self, clean: Tensor, sigma: Tensor, noise: Tensor) -> Tensor:
        """Mean loss of a batch; clean [b, nodes, operations] in [0, 1], sigma [b], noise like clean."""
        x = to_network_scale(clean) + sigma.view(-1, 1, 1) * noise
        if self.config.parametrisation == "categorical":
            target = self.row_posterior.categories_of(clean)
            return nn.functional.cross_entropy(self.logits(x, sigma).transpose(1, 2), target)
        # Denoising score matching: (sigma s + noise)^2, s the score (DiffusionNAG, Eq. of the score network's loss).
        return (self._network(x, sigma) + noise).square().mean()
