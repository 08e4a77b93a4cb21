"""The masked transformer encoder of DiffusionNAG with its embeddings, shared by score network and mbv3 predictor.

The computation-aware transformer of the DiffusionNAG paper (Sec. 3.1 and its appendix); layer order, scalings and
start values follow the release.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

WIDTH = 64


def sinusoid(condition: Tensor, width: int) -> Tensor:
    """Sines and cosines of the time condition [b]: [b, width], the sines first (frequencies of DDPM)."""
    half = width // 2
    exponents = torch.arange(half, dtype=torch.float32, device=condition.device) * -(math.log(10000) / (half - 1))
    arguments = condition.float()[:, None] * exponents.exp()
    return torch.cat([arguments.sin(), arguments.cos()], dim=1)


def position_encoding(nodes: int, period: int, width: int = WIDTH) -> Tensor:
    """Sines in even, cosines in odd columns: [nodes, width]; rows repeat after `period`."""
    positions = torch.arange(nodes, dtype=torch.float32) % period
    arguments = positions[:, None] / 10000 ** (torch.arange(0, width, 2) / width)
    return torch.stack([arguments.sin(), arguments.cos()], dim=2).flatten(1)


class TimeEmbedding(nn.Module):
    """Two linear layers with SiLU over the sinusoid of the condition: [b] -> [b, width]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.hidden = nn.Linear(width, 4 * width)
        self.output = nn.Linear(4 * width, width)

    def forward(self, condition: Tensor) -> Tensor:
        return self.output(nn.functional.silu(self.hidden(sinusoid(condition, self.width))))


class NodeEmbedding(nn.Module):
    """Operations [b, n, v] and time condition [b] to node features [b, n, 64].

    `positions` [n, 64] is added after the dropout and unscaled; it is a constant and not part of
    the state dict. The mbv3 predictor has none.
    """

    positions: Tensor | None

    def __init__(self, operations: int, dropout: float, positions: Tensor | None) -> None:
        super().__init__()
        self.operations = nn.Linear(operations, WIDTH)
        self.time = TimeEmbedding(WIDTH)
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("positions", positions, persistent=False)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        embedded = self.dropout(self.operations(x) * math.sqrt(WIDTH))
        if self.positions is not None:
            embedded = embedded + self.positions
        return embedded + self.time(condition)[:, None, :]


class Attention(nn.Module):
    """Multi-head attention of nodes [n, b, 64]; `blocked` [1, queries, keys, 1 or b] is true where not to look.

    A row that is blocked everywhere attends uniformly to all nodes, for all its logits are the same large negative
    number; the last node of a graph is such a row.
    """

    def __init__(self, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        # Copies of one layer, as in the release: at the start queries, keys, values and output are the same map.
        self.query = nn.Linear(WIDTH, WIDTH)
        self.key = copy.deepcopy(self.query)
        self.value = copy.deepcopy(self.query)
        self.output = copy.deepcopy(self.query)
        self.dropout = nn.Dropout(dropout)

    def forward(self, nodes: Tensor, blocked: Tensor) -> Tensor:
        # With the batch as last axis everything runs over long rows and nothing is copied into another order; for so
        # few nodes and such narrow heads this takes half the time of batched matrix products.
        n, b, _ = nodes.shape
        layers = (self.query, self.key, self.value)
        weight, bias = torch.cat([layer.weight for layer in layers]), torch.cat([layer.bias for layer in layers])
        projected = torch.addmm(bias[:, None], weight, nodes.flatten(0, 1).t())
        query, key, value = projected.view(3, self.heads, WIDTH // self.heads, n, b)
        logits = (query[:, :, :, None] * key[:, :, None]).sum(dim=1) / math.sqrt(WIDTH // self.heads)
        weights = self.dropout(logits.masked_fill(blocked, -1e9).softmax(dim=2))
        mixed = (weights[:, None] * value[:, :, None]).sum(dim=3)
        return self.output(mixed.view(WIDTH, n * b).t()).view(n, b, WIDTH)


class EncoderLayer(nn.Module):
    """Pre-norm attention and feed-forward block, each with a residual connection: [n, b, 64] -> [n, b, 64]."""

    def __init__(self, heads: int, feed_forward: int, dropout: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(WIDTH)
        self.attention = Attention(heads, dropout)
        self.feed_forward_norm = nn.LayerNorm(WIDTH)
        self.expand = nn.Linear(WIDTH, feed_forward)
        self.contract = nn.Linear(feed_forward, WIDTH)
        self.dropout = nn.Dropout(dropout)

    def forward(self, nodes: Tensor, blocked: Tensor) -> Tensor:
        nodes = nodes + self.dropout(self.attention(self.attention_norm(nodes), blocked))
        hidden = self.dropout(self.expand(self.feed_forward_norm(nodes)).relu())
        return nodes + self.dropout(self.contract(hidden))


class Encoder(nn.Module):
    """A stack of layers; the output is the concatenation of all layers' normed outputs: [b, n, layers * 64].

    `mask` is [n, n] or [b, n, n]; entry (i, j) = 1 lets node i read node j, so with an adjacency a node reads its
    successors, neither itself nor its predecessors.
    """

    def __init__(self, layers: int, heads: int, feed_forward: int, dropout: float) -> None:
        super().__init__()
        first, norm = EncoderLayer(heads, feed_forward, dropout), nn.LayerNorm(WIDTH)
        # Copies again: all layers start identical.
        self.layers = nn.ModuleList(copy.deepcopy(first) for _ in range(layers))
        self.norms = nn.ModuleList(copy.deepcopy(norm) for _ in range(layers))

    def forward(self, nodes: Tensor, mask: Tensor) -> Tensor:
        blocked = (mask == 0).reshape(-1, *mask.shape[-2:]).movedim(0, -1)[None]
        nodes = nodes.transpose(0, 1).contiguous()
        outputs = []
        for layer, norm in zip(self.layers, self.norms):
            nodes = layer(nodes, blocked)
            outputs.append(norm(nodes))  # collected, not passed on
        return torch.cat(outputs, dim=2).transpose(0, 1)


class Elu(nn.Module):
    """x where positive, exp(x) - 1 elsewhere: equal to the framework's to 1e-7, and five times as fast on a CPU.

    The framework's goes by `expm1`, which would cost a fifth of the whole score network.
    """

    def forward(self, x: Tensor) -> Tensor:
        below = x.clamp_max(0).exp_()
        if torch.is_grad_enabled():
            return (below - 1).add_(x.relu())
        return torch.maximum(x, below.sub_(1), out=below)  # fresh memory costs more than the arithmetic


def elu_mlp(widths: Sequence[int]) -> nn.Sequential:
    """Linear layers of the given widths with ELU between them."""
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(widths):
        layers += [nn.Linear(before, after), Elu()]
    return nn.Sequential(*layers[:-1])
