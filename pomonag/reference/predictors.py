"""DiffusionNAG's noise-aware meta-predictors: what a noisy architecture would reach on a data set.

An et al., ICLR 2024. The nb201 network is a directed graph convolution, the mbv3 network the score network's
transformer in small; both join the architecture's code with that of the data set.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from pomonag.errors import UserError
from pomonag.reference.official_names import ENCODER_RENAMES, Renames, load_official, renamed
from pomonag.reference.set_encoder import CODE_WIDTH, SAMPLES_PER_CLASS, SetEncoder
from pomonag.reference.spaces import ReferenceSpace, reference_space
from pomonag.reference.transformer import WIDTH, Encoder, NodeEmbedding, TimeEmbedding, elu_mlp

_GRAPH_WIDTH = 144


class GraphConvolution(nn.Module):
    """Half the sum of what a node receives along and against the edges: [b, n, in] -> [b, n, 144]."""

    def __init__(self, features: int, dropout: float) -> None:
        super().__init__()
        self.along = nn.Parameter(nn.init.xavier_uniform_(torch.empty(features, _GRAPH_WIDTH)))
        self.against = nn.Parameter(nn.init.xavier_uniform_(torch.empty(features, _GRAPH_WIDTH)))
        self.dropout = nn.Dropout(dropout)

    def forward(self, nodes: Tensor, along: Tensor, against: Tensor) -> Tensor:
        received = (along @ (nodes @ self.along)).relu() + (against @ (nodes @ self.against)).relu()
        return self.dropout(received / 2)


def _rows_to_one(matrix: Tensor) -> Tensor:
    return matrix / matrix.sum(dim=-1, keepdim=True)


class GraphBackbone(nn.Module):
    """Four directed graph convolutions, the mean over nodes, then the time: `(x, sigma, mask) -> [b, 128]`."""

    code_width = 128

    def __init__(self, space: ReferenceSpace, dropout: float) -> None:
        super().__init__()
        widths = [space.operations] + [_GRAPH_WIDTH] * 3
        self.convolutions = nn.ModuleList(GraphConvolution(width, dropout) for width in widths)
        self.projection = nn.Linear(_GRAPH_WIDTH, self.code_width, bias=False)
        self.time = TimeEmbedding(_GRAPH_WIDTH)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, sigma: Tensor, mask: Tensor) -> Tensor:
        mask = mask.to(x.device)
        along = _rows_to_one(mask + torch.eye(mask.shape[-1], device=mask.device))
        against = _rows_to_one(along.transpose(-1, -2))
        for convolution in self.convolutions:
            x = convolution(x, along, against)
        return self.dropout(self.projection(x.mean(dim=1) + self.time(sigma)))


class TransformerBackbone(nn.Module):
    """Two transformer layers without positions and an MLP over all nodes: `(x, sigma, mask) -> [b, 360]`."""

    code_width = 360

    def __init__(self, space: ReferenceSpace, dropout: float) -> None:
        super().__init__()
        layers = 2
        self.embedding = NodeEmbedding(space.operations, dropout, positions=None)
        self.encoder = Encoder(layers, heads=2, feed_forward=32, dropout=dropout)
        self.head = elu_mlp([layers * WIDTH, 256, 256, space.operations])
        self.regression = elu_mlp([space.nodes * space.operations, self.code_width, self.code_width])

    def forward(self, x: Tensor, sigma: Tensor, mask: Tensor) -> Tensor:
        return self.regression(self.head(self.encoder(self.embedding(x, sigma), mask)).flatten(1))


_BACKBONES: Mapping[str, type[GraphBackbone | TransformerBackbone]] = {
    "graph": GraphBackbone,
    "transformer": TransformerBackbone,
}

_SET_RENAMES: Renames = tuple(
    (rf"{pool}_setpool\.{official}", rf"set_encoder.{pool}.{ours}")
    for pool in ("intra", "inter")
    for official, ours in (
        (r"enc\.(\d)\.mab\.fc_q", r"blocks.\1.query"),
        (r"enc\.(\d)\.mab\.fc_k", r"blocks.\1.key"),
        (r"enc\.(\d)\.mab\.fc_v", r"blocks.\1.value"),
        (r"enc\.(\d)\.mab\.fc_o", r"blocks.\1.output"),
        (r"dec\.0\.S", r"query.seed"),
        (r"dec\.0\.mab\.fc_q", r"query.attention.query"),
        (r"dec\.0\.mab\.fc_k", r"query.attention.key"),
        (r"dec\.0\.mab\.fc_v", r"query.attention.value"),
        (r"dec\.0\.mab\.fc_o", r"query.attention.output"),
        (r"dec\.1", r"output"),
    )
)
_SHARED_RENAMES: Renames = (*_SET_RENAMES, (r"set_fc\.0", r"unused"), (r"pred_fc", r"regression"))
_RENAMES: Mapping[str, Renames] = {
    "graph": (
        (r"gcn\.(\d)\.weight1", r"backbone.convolutions.\1.along"),
        (r"gcn\.(\d)\.weight2", r"backbone.convolutions.\1.against"),
        (r"fc1", r"backbone.projection"),
        (r"timeEmb1", r"backbone.time.hidden"),
        (r"timeEmb2", r"backbone.time.output"),
        *_SHARED_RENAMES,
    ),
    "transformer": (
        *((official, f"backbone.{ours}") for official, ours in ENCODER_RENAMES),
        (r"regeress\.linears\.0", r"backbone.regression.0"),
        (r"regeress\.linears\.1", r"backbone.regression.2"),
        *_SHARED_RENAMES,
    ),
}


class NoisyPredictor(nn.Module):
    """A normalised label of noisy operations on a data set.

    Call `(x [b, n, v], sigma [b], mask [n, n] or [b, n, n], supports [b, classes * 20, features]) -> [b, 1]`. For
    many architectures on one data set, `encode` it once and `predict` with that code: the result is the same.
    """

    def __init__(self, space: ReferenceSpace, *, features: int = 512, hidden: int = 512, dropout: float = 0.1) -> None:
        super().__init__()
        backbone = _BACKBONES[space.predictor]
        self.backbone = backbone(space, dropout)
        self.features = features
        self.set_encoder = SetEncoder(features)
        # Never called, but part of the published checkpoints and of their parameter counts.
        self.unused = nn.Linear(features, CODE_WIDTH)
        self.regression = nn.Sequential(
            nn.Linear(CODE_WIDTH + backbone.code_width, hidden), nn.Tanh(), nn.Linear(hidden, 1)
        )

    @classmethod
    def from_official_state_dict(cls, state_dict: Mapping[str, Tensor], space: str | ReferenceSpace) -> NoisyPredictor:
        """The network of a published checkpoint's `model` entry; `space` is "nb201" or "mbv3", or one of ours.

        The width of the features and of the hidden layer (32 or 512 in the release) are read off the tensors.
        """
        settings = reference_space(space) if isinstance(space, str) else space
        renames = _RENAMES[settings.predictor]
        shapes = {renamed(name, renames): value.shape for name, value in state_dict.items()}
        try:
            features = shapes["set_encoder.intra.blocks.0.query.weight"][1]
            hidden = shapes["regression.0.weight"][0]
        except KeyError as error:
            raise UserError(
                f"the state dict has no {error.args[0]}: it is not that of a {settings.title} predictor. "
                "Expected the tensors of the published checkpoint's entry 'model'."
            ) from error
        network = cls(settings, features=features, hidden=hidden)
        load_official(network, state_dict, renames)
        return network

    def encode(self, supports: Tensor) -> Tensor:
        """Codes [b, 56] of supports [b, classes * 20, features], 20 rows a class, classes one after the other."""
        if supports.dim() != 3 or supports.shape[1] % SAMPLES_PER_CLASS or supports.shape[2] != self.features:
            raise UserError(
                f"supports have shape {list(supports.shape)}; expected [batch, classes * {SAMPLES_PER_CLASS}, "
                f"{self.features}]: {SAMPLES_PER_CLASS} images a class, embedded by the encoder that the predictor "
                "was trained with."
            )
        return self.set_encoder(supports)

    def predict(self, x: Tensor, sigma: Tensor, mask: Tensor, code: Tensor) -> Tensor:
        """Predictions [b, 1] for data-set codes [b, 56], or one code [1, 56] for all."""
        architecture = self.backbone(x, sigma, mask)
        return self.regression(torch.cat([code.expand(len(architecture), -1), architecture], dim=1))

    def forward(self, x: Tensor, sigma: Tensor, mask: Tensor, supports: Tensor) -> Tensor:
        return self.predict(x, sigma, mask, self.encode(supports))
