"""The row posterior where rows depend on each other, as the rows of a MobileNetV3 stage do by its depth."""

from __future__ import annotations

import torch
from torch import Tensor

from pomonag.errors import UserError
from pomonag.spaces.encoding import Encoding, RowPatterns, row_log_likelihood
from pomonag.spaces.row_posterior import RowPosterior

# Weight of a pattern or category that no example has, as a share of one observation.
_UNSEEN = 1e-4
# The logarithm of the weight of what a pattern rules out: not that of zero, so that gradients stay finite, but below
# all that a likelihood can make up for, and within half precision.
_RULED_OUT = -3e4


class PatternPosterior(RowPosterior):
    """log p(clean row | all noisy rows), up to rounding: exact where rows are independent given their group's pattern.

    `Encoding.patterns` names the groups and what each row may be under each of the group's patterns; all other rows
    stand for themselves. By Bayes' rule p(pattern | x) is proportional to its prior times the product over its rows of
    sum_k p(k | pattern) p(x_row | k), and a row's posterior is the mixture over the patterns.
    """

    membership: Tensor
    group_of: Tensor
    admissible: Tensor
    log_weight: Tensor

    def __init__(self, encoding: Encoding):
        super().__init__(encoding)
        nodes, categories = encoding.num_nodes, len(self.categories)
        grouped = {row for group in encoding.patterns for row in group.rows}
        alone = [RowPatterns((r,), torch.ones(1, 1, categories).bool()) for r in range(nodes) if r not in grouped]
        self._groups = [*encoding.patterns, *alone]
        most = max(len(group.admissible) for group in self._groups)
        membership = torch.zeros(nodes, len(self._groups))
        admissible = torch.ones(most, nodes, categories, dtype=torch.bool)
        weight = torch.full((most, len(self._groups)), _RULED_OUT)
        for position, group in enumerate(self._groups):
            membership[list(group.rows), position] = 1.0
            admissible[: len(group.admissible), list(group.rows)] = group.admissible
            weight[: len(group.admissible), position] = 0.0
        self.register_buffer("membership", membership, persistent=False)
        self.register_buffer("group_of", membership.argmax(-1), persistent=False)
        self.register_buffer("admissible", admissible, persistent=False)
        self.register_buffer("log_weight", weight)
        self.log_prior = torch.where(admissible, 0.0, _RULED_OUT)

    def count(self, clean: Tensor) -> None:
        """Sets the patterns' frequencies and each row's prior under each pattern from clean [m, nodes, operations]."""
        one_hot = self.one_hot(clean)
        self.log_weight.fill_(_RULED_OUT)
        for position, group in enumerate(self._groups):
            rows = list(group.rows)
            fits = torch.einsum("mrk,prk->mpr", one_hot[:, rows], group.admissible.float()).amin(-1) > 0
            if not fits.any(1).all():
                raise UserError(
                    f"got matrices whose rows {group.rows} follow none of {len(group.admissible)} patterns; expected "
                    "encoded architectures"
                )
            pattern = fits.int().argmax(1)
            for p, admissible in enumerate(group.admissible):
                those = one_hot[pattern == p][:, rows]
                counts = torch.where(admissible, those.sum(0) + _UNSEEN, 0.0)
                share = (counts / counts.sum(-1, keepdim=True)).log().clamp_min(_RULED_OUT)
                self.log_prior[p, rows] = share
                self.log_weight[p, position] = torch.tensor((len(those) + _UNSEEN) / len(clean)).log()

    def forward(self, x: Tensor, sigma: Tensor) -> Tensor:
        """x [b, nodes, operations] in network scale, sigma [b] -> logits [b, nodes, categories]."""
        joint = row_log_likelihood(x, sigma, self.categories).unsqueeze(1) + self.log_prior
        evidence = joint.logsumexp(-1)
        pattern = (self.log_weight + evidence @ self.membership).log_softmax(1)
        of_row = pattern[..., self.group_of] - evidence
        return (of_row.unsqueeze(-1) + joint).logsumexp(1)


def posterior_of(encoding: Encoding) -> RowPosterior:
    """The posterior that an encoding's rows need."""
    return PatternPosterior(encoding) if encoding.patterns else RowPosterior(encoding)
