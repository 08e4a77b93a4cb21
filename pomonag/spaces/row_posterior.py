"""What a noisy row alone says about the clean one: Bayes' rule, a counted prior and the exact likelihood."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pomonag.spaces.encoding import Encoding, row_log_likelihood


class RowPosterior(nn.Module):
    """log p(clean row | its noisy row), up to a constant; `count` sets the prior from examples.

    Holds no trained weights. Networks build on it, so that they learn only what the other rows have to say.
    """

    categories: Tensor
    log_prior: Tensor

    def __init__(self, encoding: Encoding):
        super().__init__()
        categories = encoding.categories
        self.register_buffer("categories", categories, persistent=False)
        self.register_buffer("log_prior", torch.zeros(encoding.num_nodes, len(categories)))

    def count(self, clean: Tensor) -> None:
        """Sets each row's prior to the categories' frequencies in clean [m, nodes, operations].

        A category that never occurs gets the weight of a ten-thousandth of an observation, not zero: a row that must
        be `input` is a rule of the space that a network alone takes long to be certain of.
        """
        counts = self.one_hot(clean).sum(0) + 1e-4
        self.log_prior.copy_((counts / counts.sum(-1, keepdim=True)).log())

    def categories_of(self, clean: Tensor) -> Tensor:
        """Index of each clean row's category, [m, nodes]."""
        return torch.cdist(clean, self.categories.expand(len(clean), -1, -1)).argmin(-1)

    def one_hot(self, clean: Tensor) -> Tensor:
        """Each row's probabilities, all on its nearest category: [m, nodes, categories]."""
        return nn.functional.one_hot(self.categories_of(clean), len(self.categories)).float()

    def forward(self, x: Tensor, sigma: Tensor) -> Tensor:
        """x [b, nodes, operations] in network scale, sigma [b] -> logits [b, nodes, categories]."""
        return row_log_likelihood(x, sigma, self.categories) + self.log_prior
