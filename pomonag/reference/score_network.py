"""DiffusionNAG's score network, tensor for tensor.

An, Lee, Jo, Lee & Hwang, "DiffusionNAG: Predictor-guided Neural Architecture Generation with Diffusion Models",
ICLR 2024: 12 masked transformer layers of width 64, whose normed outputs a three-layer MLP turns into a score a node.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from pomonag.reference.official_names import ENCODER_RENAMES, load_official
from pomonag.reference.spaces import ReferenceSpace, reference_space
from pomonag.reference.transformer import WIDTH, Encoder, NodeEmbedding, elu_mlp, position_encoding

_LAYERS = 12
_HEAD_WIDTH = 1536
_PART = 640


class ScoreNetwork(nn.Module):
    """The score of noisy operations: `(x [b, n, v], sigma [b], mask [n, n] or [b, n, n]) -> [b, n, v]`.

    `x` is in network scale (2 * one-hot - 1, plus noise); the output is the score itself, not divided by sigma.
    """

    def __init__(self, space: ReferenceSpace, dropout: float = 0.1) -> None:
        super().__init__()
        self.embedding = NodeEmbedding(space.operations, dropout, position_encoding(space.positions))
        self.encoder = Encoder(_LAYERS, heads=8, feed_forward=128, dropout=dropout)
        self.head = elu_mlp([_LAYERS * WIDTH, _HEAD_WIDTH, _HEAD_WIDTH, space.operations])

    @classmethod
    def from_official_state_dict(cls, state_dict: Mapping[str, Tensor], space: str | ReferenceSpace) -> ScoreNetwork:
        """The network of a published checkpoint's `model` entry; `space` is "nb201" or "mbv3", or one of ours."""
        network = cls(reference_space(space) if isinstance(space, str) else space)
        load_official(network, state_dict, ENCODER_RENAMES)
        return network

    def forward(self, x: Tensor, sigma: Tensor, mask: Tensor) -> Tensor:
        features = self.encoder(self.embedding(x, sigma), mask)
        if torch.is_grad_enabled():
            return self.head(features)
        # A part at a time, whose inner values stay in the processor's cache.
        parts = features.flatten(0, 1).split(_PART)
        return torch.cat([self.head(part) for part in parts]).view(*features.shape[:2], -1)
