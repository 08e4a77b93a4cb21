"""The predictors of fast mode: one network for the noisy objectives, one ensemble for the accuracy of denoised ones.

POMONAG Sec. 3.3 has four noisy predictors and one denoised. Here the four share a network, so that guidance takes one
forward and one backward pass. Accuracy is predicted as a *score*, the rank among the space's architectures on the data
set as a standard normal quantile (`AccuracyScale` turns it into percent); costs and latencies as z-scores.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pomonag.errors import unknown_name
from pomonag.predictors.dataset_code import CODE_SIZE
from pomonag.spaces.encoding import Encoding
from pomonag.spaces.pattern_posterior import posterior_of

# `full`: 200 epochs, as the benchmark trains. `lite`: our reduced trainings. `proxy`: no training at all (parameters,
# training-free scores). A lite label is not a stand-in for a full one, so the protocol is an input.
PROTOCOLS = ("full", "lite", "proxy")
CONDITION_SIZE = CODE_SIZE + len(PROTOCOLS)


def condition(code: Tensor | None, protocol: str) -> Tensor:
    """What is asked: the data set's code [CODE_SIZE] (None: unknown) and the protocol -> [CONDITION_SIZE]."""
    if protocol not in PROTOCOLS:
        raise unknown_name("protocol", protocol, PROTOCOLS)
    one_hot = torch.zeros(len(PROTOCOLS))
    one_hot[PROTOCOLS.index(protocol)] = 1.0
    return torch.cat([torch.zeros(CODE_SIZE) if code is None else code, one_hot])


@dataclass(frozen=True)
class EnsembleConfig:
    """Members and width of the accuracy ensemble."""

    members: int = 8
    width: int = 128


class AccuracyEnsemble(nn.Module):
    """Scores of clean architectures: features [b, f], condition [b, c] or [c] -> [b], the mean over the members."""

    mean: Tensor
    scale: Tensor

    def __init__(self, features: int, config: EnsembleConfig = EnsembleConfig()):
        super().__init__()
        self.config = config
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("scale", torch.ones(features))
        sizes = [features + CONDITION_SIZE, config.width, config.width, 1]
        self.weights = nn.ParameterList(
            torch.randn(config.members, a, b) * (2 / a) ** 0.5 for a, b in itertools.pairwise(sizes)
        )
        self.biases = nn.ParameterList(torch.zeros(config.members, 1, b) for b in sizes[1:])

    def standardise(self, features: Tensor) -> None:
        """Takes mean and scale of the inputs from features [n, f]; what is constant in them keeps the scale 1."""
        constant = features.amin(0) == features.amax(0)
        self.mean.copy_(features.mean(0))
        # Divided by nearly nothing, the first other value of a feature would drown all the rest.
        self.scale.copy_(torch.where(constant, 1.0, features.std(0) + 1e-6))

    def members(self, features: Tensor, condition: Tensor) -> Tensor:
        """features [members, b, f], condition [members, b, c] -> each member's own scores [members, b]."""
        hidden = torch.cat([(features - self.mean) / self.scale, condition], dim=-1)
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases)):
            hidden = torch.baddbmm(bias, hidden, weight)
            if i + 1 < len(self.weights):
                hidden = nn.functional.silu(hidden)
        return hidden.squeeze(-1)

    def forward(self, features: Tensor, condition: Tensor) -> Tensor:
        members = self.config.members
        return self.members(
            features.expand(members, -1, -1), condition.expand(members, len(features), CONDITION_SIZE)
        ).mean(0)


@dataclass(frozen=True)
class GuideConfig:
    """Size of the noisy predictor."""

    width: int = 256
    blocks: int = 2


class NoisyPredictor(nn.Module):
    """All objectives of noisy architectures: x [b, n, v], sigma [b], condition [b, c] or [c] -> [b, len(heads)].

    The input is what each noisy row says of the clean one (`RowPosterior`), so the network need not learn to denoise:
    the best prediction of anything additive in the rows is linear in it. `heads` names the columns; "accuracy" is a
    score, all others are z-scores with `label_mean` and `label_scale`.
    """

    label_mean: Tensor
    label_scale: Tensor

    def __init__(self, encoding: Encoding, heads: tuple[str, ...], config: GuideConfig = GuideConfig()):
        super().__init__()
        self.config, self.heads = config, heads
        self.row_posterior = posterior_of(encoding)
        rows = encoding.num_nodes * len(encoding.categories)
        self.embed = nn.Linear(rows + 1 + CONDITION_SIZE, config.width)
        self.blocks = nn.ModuleList(nn.Linear(config.width, config.width) for _ in range(config.blocks))
        self.head = nn.Linear(config.width + rows, len(heads))
        self.register_buffer("label_mean", torch.zeros(len(heads)))
        self.register_buffer("label_scale", torch.ones(len(heads)))

    def forward(self, x: Tensor, sigma: Tensor, condition: Tensor) -> Tensor:
        rows = self.row_posterior(x, sigma).softmax(-1).flatten(1)
        inputs = [rows, sigma.log().unsqueeze(-1), condition.expand(len(x), CONDITION_SIZE)]
        hidden = nn.functional.silu(self.embed(torch.cat(inputs, dim=-1)))
        for block in self.blocks:
            hidden = hidden + nn.functional.silu(block(hidden))
        return self.head(torch.cat([hidden, rows], dim=-1))

    def column(self, head: str) -> int:
        """The column of a head."""
        if head not in self.heads:
            raise unknown_name("head of the noisy predictor", head, self.heads)
        return self.heads.index(head)
