"""Samples of a batch avoid each other, so that a strong guide need not lead them all to the same architecture.

Particle guidance (Corso et al. 2024): a potential that couples the samples is added to what the guide climbs. Here it
is the number of earlier samples that a sample would come out equal to, each row drawn from what the noisy row says.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor

# Longer batches repel within blocks of this many: the kernel grows with the square.
BLOCK = 512


def expected_duplicates(rows: Tensor, earlier: Tensor | None = None) -> Tensor:
    """How many earlier samples of its block each sample is expected to equal: probabilities [b, n, c] -> [b].

    P(i = j) = prod_r sum_c p_irc p_jrc, over the samples before it and over those of `earlier` batches [m, n, c], whose
    blocks are paired with these. Only the later of two is pushed (the earlier is constant to the gradient): the first
    samples of a batch are the same however many follow.
    """
    before = () if earlier is None else earlier.split(BLOCK)
    found = []
    for block, others in itertools.zip_longest(rows.split(BLOCK), before[: -(-len(rows) // BLOCK)]):
        expected = _coincidence(block, block.detach()).tril(-1).sum(-1)
        found.append(expected if others is None else expected + _coincidence(block, others).sum(-1))
    return torch.cat(found)


def _coincidence(rows: Tensor, others: Tensor) -> Tensor:
    return torch.einsum("irc,jrc->ijr", rows, others).prod(-1)
