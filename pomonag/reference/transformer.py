"""The masked transformer encoder of DiffusionNAG with its embeddings, shared by score network and mbv3 predictor.

The computation-aware transformer of the DiffusionNAG paper (Sec. 3.1 and its appendix); layer order, scalings and
start values follow the release.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

WIDTH = 64


def sinusoid(condition: Tensor, width: int) -> Tensor:
    """Sines and cosines of the time condition [b]: [b, width], the sines first (frequencies of DDPM)."""
    half = width // 2
    exponents = torch.arange(half, dtype=torch.float32, device=condition.device) * -(math.log(10000) / (half - 1))
    arguments = condition.float()[:, None] * exponents.exp()
    return torch.cat([arguments.sin(), arguments.cos()], dim=1)


def position_encoding(positions: Sequence[int], width: int = WIDTH) -> Tensor:
    """Sines in even, cosines in odd columns: a row of [nodes, width] for each node's position."""
    arguments = torch.tensor(positions, dtype=torch.float32)[:, None] / 10000 ** (torch.arange(0, width, 2) / width)
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


@dataclass(frozen=True)
class Readers:
    """Nodes that read equally many others: `queries` [r], and what each of them reads, `keys` [r * m].

    `choose` is false where the attention is known beforehand: a node reads one other, or, blocked everywhere, all of
    them alike, for all its logits are the same large negative number (the last node of a graph).
    """

    queries: Tensor
    keys: Tensor
    choose: bool


def readers(mask: Tensor, device: torch.device | None = None) -> list[Readers]:
    """The groups of a mask [n, n], those who read most first and the blocked last; on `device`, or where the mask is.

    Best from a mask on the CPU, for the counts are read there.
    """
    groups: dict[int, list[int]] = {}
    for node, count in enumerate((mask != 0).sum(dim=1).tolist()):
        groups.setdefault(count, []).append(node)
    found = []
    for count in sorted(groups, reverse=True):
        queries = torch.tensor(groups[count], device=mask.device)
        allowed = mask[queries] != 0 if count else torch.ones_like(mask[queries], dtype=torch.bool)
        place = device or mask.device
        found.append(Readers(queries.to(place), allowed.nonzero()[:, 1].to(place), choose=count > 1))
    return found


class Attention(nn.Module):
    """Multi-head attention of nodes [n, b, 64] to those that the graph's `readers` let them read.

    Equal to attention over all nodes with the others masked, whose weights are exactly zero, but only what the graph
    leaves open is computed: of a chain of 20 blocks that is no logit at all.
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

    def forward(self, nodes: Tensor, graph: Sequence[Readers]) -> Tensor:
        # With the batch as last axis everything runs over long rows and nothing is copied into another order; for so
        # few nodes and such narrow heads this takes half the time of batched matrix products.
        n, b, _ = nodes.shape
        query, key, value = self._projected(nodes, any(group.choose for group in graph))
        mixed = []
        for group in graph:
            m = len(group.keys) // len(group.queries)
            read = _rows(value, group.keys).unflatten(2, (-1, m))
            if group.choose:
                logits = _rows(query, group.queries).unsqueeze(3) * _rows(key, group.keys).unflatten(2, (-1, m))
                weights = (logits.sum(dim=1) / math.sqrt(WIDTH // self.heads)).softmax(dim=2)
            elif self.training and self.dropout.p > 0:
                weights = torch.full((self.heads, len(group.queries), m, b), 1 / m, device=nodes.device)
            else:
                mixed.append(read.mean(dim=3) if m > 1 else read.squeeze(3))
                continue
            mixed.append((self.dropout(weights)[:, None] * read).sum(dim=3))
        found, order = torch.cat(mixed, dim=2), torch.cat([group.queries for group in graph])
        return self.output(_rows(found, order.argsort()).reshape(WIDTH, n * b).t()).view(n, b, WIDTH)

    def _projected(self, nodes: Tensor, choose: bool) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values [heads, 64 / heads, n, b]; where no node has a choice, the values for all three."""
        layers = (self.query, self.key, self.value)
        weight, bias = torch.cat([layer.weight for layer in layers]), torch.cat([layer.bias for layer in layers])
        if not choose:
            # Cut out of the whole, so that the gradients of queries and keys are zero, as they are in the release.
            weight, bias = weight[-WIDTH:], bias[-WIDTH:]
        projected = torch.addmm(bias[:, None], weight, nodes.flatten(0, 1).t())
        parts = projected.view(-1, self.heads, WIDTH // self.heads, *nodes.shape[:2])
        return parts[0], parts[-2 if choose else -1], parts[-1]


def _rows(values: Tensor, index: Tensor) -> Tensor:
    """Nodes `index` of values [heads, width, n, b]."""
    return values.index_select(2, index)


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

    def forward(self, nodes: Tensor, graph: Sequence[Readers]) -> Tensor:
        nodes = nodes + self.dropout(self.attention(self.attention_norm(nodes), graph))
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
        if mask.dim() == 3 and bool((mask == mask[:1]).all()):
            mask = mask[0]
        if mask.dim() == 3:
            return torch.cat([self(one[None], its) for one, its in zip(nodes, mask, strict=True)])
        graph = readers(mask, nodes.device)
        nodes = nodes.transpose(0, 1).contiguous()
        outputs = []
        for layer, norm in zip(self.layers, self.norms):
            nodes = layer(nodes, graph)
            outputs.append(norm(nodes))  # collected, not passed on
        return torch.cat(outputs, dim=2).transpose(0, 1)


class Elu(nn.Module):
    """x where positive, exp(x) - 1 elsewhere: equal to the framework's to 1e-7, and five times as fast on a CPU.

    The framework's goes by `expm1`, which would cost a fifth of the whole score network.
    """

    def forward(self, x: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            return _Elu.apply(x)  # type: ignore[no-any-return, no-untyped-call]
        below = x.clamp_max(0).exp_()
        return torch.maximum(x, below.sub_(1), out=below)  # fresh memory costs more than the arithmetic


class _Elu(torch.autograd.Function):
    """The same with its derivative, exp(min(x, 0)), which the value needs anyway."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        slope = x.clamp_max(0).exp_()
        ctx.save_for_backward(slope)
        return torch.maximum(x, slope - 1)

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (slope,) = ctx.saved_tensors
        return gradient * slope


def elu_mlp(widths: Sequence[int]) -> nn.Sequential:
    """Linear layers of the given widths with ELU between them."""
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(widths):
        layers += [nn.Linear(before, after), Elu()]
    return nn.Sequential(*layers[:-1])
