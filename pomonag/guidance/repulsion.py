"""Samples of a batch avoid each other, so that a strong guide need not lead them all to the same architecture.

Particle guidance (Corso et al. 2024): a potential that couples the samples is added to what the guide climbs. Here it
is the number of earlier samples that a sample would come out equal to, each row drawn from what the noisy row says.
"""

from __future__ import annotations

import torch
from torch import Tensor

# Longer batches repel within blocks of this many: the kernel grows with the square.
BLOCK = 256


def expected_duplicates(rows: Tensor) -> Tensor:
    """How many earlier samples of its block each sample is expected to equal: probabilities [b, n, c] -> [b].

    P(i = j) = prod_r sum_c p_irc p_jrc. Only the later of two is pushed (the earlier is constant to the gradient): the
    first samples of a batch are the same however many follow.
    """
    found = []
    for block in rows.split(BLOCK):
        same = torch.einsum("irc,jrc->ijr", block, block.detach()).prod(-1)
        found.append(same.tril(-1).sum(-1))
    return torch.cat(found)
