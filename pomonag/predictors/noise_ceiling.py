"""What no predictor can beat: the Bayes-optimal prediction of a label from a noisy architecture.

The best prediction of f(x_0) from x_t, by squared error, is the posterior mean E[f(x_0) | x_t] under the prior that the
architectures are drawn from. Its correlation with the labels is the ceiling that stands beside every noisy Spearman
(architecture.md §8): at noise that hides the architecture nobody ranks.

Two ways to the same quantity. `WholePosterior` sums over a listed space and is exact for any label. `BlockPosterior` is
for spaces beyond listing: rows that depend on one another (a stage and its depth) form blocks, each block's posterior
is exact over the configurations that a large sample of the prior has, and labels are the sums over rows that fit best.
A pool of whole architectures cannot stand in for either: in high dimensions none of it is near x_t.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from pomonag.diffusion.noise_process import NoiseProcess
from pomonag.spaces.encoding import Encoding, row_log_likelihood, to_network_scale
from pomonag.spaces.row_posterior import RowPosterior

_CHUNK = 512
_EARLIEST = 1e-5


class Posterior(Protocol):
    """Posterior means of labels: x [b, n, v] in network scale, sigma [b] -> [b, labels]."""

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor: ...


class WholePosterior:
    """Over all architectures of a space, each as likely as the other: `clean` [m, n, v], `labels` [m, k]."""

    def __init__(self, clean: Tensor, labels: np.ndarray):
        self._clean = to_network_scale(clean).flatten(1)
        self._squares = self._clean.square().sum(1)
        self._labels = torch.as_tensor(np.asarray(labels), dtype=torch.float64)

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        found = []
        for noisy, s in zip(x.flatten(1).split(_CHUNK), sigma.split(_CHUNK)):
            distance = self._squares - 2 * noisy @ self._clean.T
            weight = (-distance / (2 * s.square().unsqueeze(1))).softmax(1)
            found.append(weight.double() @ self._labels)
        return torch.cat(found)


class BlockPosterior:
    """From a sample of the prior: `clean` [m, n, v], `labels` [m, k], where no label may be nan.

    `determination` [k] is the share of each label's variance that a sum over rows explains; below about 0.95 the
    posterior mean of that sum is a lower bound of the ceiling rather than the ceiling.
    """

    def __init__(self, encoding: Encoding, clean: Tensor, labels: np.ndarray):
        self._rows = RowPosterior(encoding)
        category = self._rows.categories_of(clean)
        one_hot = self._rows.one_hot(clean)
        self.blocks = dependent_rows(category.numpy(), len(encoding.categories))
        self._configurations = [category[:, block].unique(dim=0, return_counts=True) for block in self.blocks]
        design = torch.cat([one_hot.flatten(1), torch.ones(len(clean), 1)], dim=1).double().numpy()
        values = np.asarray(labels, dtype=np.float64)
        # The one-hot groups are collinear: lstsq takes the smallest of the equivalent solutions.
        weight = np.linalg.lstsq(design, values, rcond=None)[0]
        self.determination = 1 - (values - design @ weight).var(0) / values.var(0)
        self._weight = torch.from_numpy(weight[:-1]).view(*one_hot.shape[1:], -1)
        self._bias = torch.from_numpy(weight[-1])

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        found = []
        for noisy, s in zip(x.split(_CHUNK), sigma.split(_CHUNK)):
            likelihood = row_log_likelihood(noisy, s, self._rows.categories)
            total = self._bias.expand(len(noisy), -1)
            for block, (configurations, counts) in zip(self.blocks, self._configurations):
                log = counts.double().log() + sum(
                    likelihood[:, row, configurations[:, place]].double() for place, row in enumerate(block)
                )
                worth = sum(self._weight[row, configurations[:, place]] for place, row in enumerate(block))
                total = total + log.softmax(1) @ worth
            found.append(total)
        return torch.cat(found)


def dependent_rows(category: np.ndarray, categories: int, significance: float = 1e-6) -> list[list[int]]:
    """Rows [m, n] of category numbers, grouped: rows of two groups are independent by chi-squared tests.

    >>> free = np.random.default_rng(0).integers(0, 3, (2000, 3))
    >>> dependent_rows(np.column_stack([free, free[:, 0]]), 3)
    [[0, 3], [1], [2]]
    """
    from scipy.stats import chi2_contingency

    nodes = category.shape[1]
    linked = np.eye(nodes, dtype=bool)
    for i in range(nodes):
        for j in range(i):
            table = np.bincount(category[:, i] * categories + category[:, j], minlength=categories**2)
            table = table.reshape(categories, categories)
            table = table[table.sum(1) > 0][:, table.sum(0) > 0]
            if min(table.shape) > 1:
                linked[i, j] = chi2_contingency(table).pvalue < significance / nodes**2
    count, labels = connected_components(csr_matrix(linked), directed=False)
    return [np.flatnonzero(labels == group).tolist() for group in range(count)]


def noised(clean: Tensor, process: NoiseProcess, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """One noisy draw of each of clean [b, n, v], in network scale, at uniform times: x and sigma [b]."""
    times = torch.rand(len(clean), generator=generator) * (1 - _EARLIEST) + _EARLIEST
    sigma = process.sigma(times)
    noise = torch.randn(clean.shape, generator=generator)
    return process.add_noise(to_network_scale(clean), sigma, noise), sigma
