"""The set transformer that turns a data set's image features into one vector.

Lee, Hyung & Hwang, "Rapid Neural Architecture Search by Learning to Generate Graphs from Datasets" (MetaD2A),
ICLR 2021; attention blocks of Lee et al., "Set Transformer", ICML 2019, without layer norms.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

CODE_WIDTH = 56
SAMPLES_PER_CLASS = 20
_HEADS = 4


class SetAttention(nn.Module):
    """Attention of queries [b, m, in] to a set [b, n, in], the projected queries added back: [b, m, 56]."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.query = nn.Linear(features, CODE_WIDTH)
        self.key = nn.Linear(features, CODE_WIDTH)
        self.value = nn.Linear(features, CODE_WIDTH)
        self.output = nn.Linear(CODE_WIDTH, CODE_WIDTH)

    def forward(self, queries: Tensor, items: Tensor) -> Tensor:
        projected = self.query(queries)
        query, key, value = (
            tensor.unflatten(2, (_HEADS, CODE_WIDTH // _HEADS)).transpose(1, 2)
            for tensor in (projected, self.key(items), self.value(items))
        )
        # The release divides by the root of the whole width, not of a head's.
        weights = (query @ key.transpose(2, 3) / math.sqrt(CODE_WIDTH)).softmax(dim=3)
        mixed = projected + (weights @ value).transpose(1, 2).flatten(2)
        return mixed + self.output(mixed).relu()


class LearnedQuery(nn.Module):
    """One learned query that reads a set [b, n, 56]: [b, 56]."""

    def __init__(self) -> None:
        super().__init__()
        self.seed = nn.Parameter(nn.init.xavier_uniform_(torch.empty(1, 1, CODE_WIDTH)))
        self.attention = SetAttention(CODE_WIDTH)

    def forward(self, items: Tensor) -> Tensor:
        return self.attention(self.seed.expand(len(items), -1, -1), items).squeeze(1)


class SetPool(nn.Module):
    """A set [b, n, in] to one vector [b, 56]: two self-attention blocks, then a learned query reads the set."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([SetAttention(features), SetAttention(CODE_WIDTH)])
        self.query = LearnedQuery()
        self.output = nn.Linear(CODE_WIDTH, CODE_WIDTH)

    def forward(self, items: Tensor) -> Tensor:
        for block in self.blocks:
            items = block(items, items)
        return self.output(self.query(items))


class SetEncoder(nn.Module):
    """Supports [b, classes * 20, features], sorted by class, to codes [b, 56]: pooled within, then over classes."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.intra = SetPool(features)
        self.inter = SetPool(CODE_WIDTH)

    def forward(self, supports: Tensor) -> Tensor:
        classes = supports.unflatten(1, (-1, SAMPLES_PER_CLASS))
        return self.inter(self.intra(classes.flatten(0, 1)).unflatten(0, classes.shape[:2]))
