"""Architectures as matrices: one-hot rows, the 0.5 threshold, and the metrics of generated sets that follow from it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor


@dataclass(frozen=True)
class Invalid:
    """A matrix that is no architecture: the first row that breaks a rule, and the rule's name."""

    row: int
    rule: str


class RowPatterns(NamedTuple):
    """Rows that depend on each other: each follows one of the group's patterns, within which they are independent.

    `admissible` [patterns, rows, categories] says what each row may be; no matrix fits two patterns.
    """

    rows: tuple[int, ...]
    admissible: Tensor


class Encoding(Protocol):
    """Architectures <-> matrices of shape [num_nodes, num_operations] with entries in [0, 1]."""

    name: str
    num_nodes: int
    num_operations: int

    @property
    def attention_mask(self) -> Tensor:
        """Float [num_nodes, num_nodes]; entry (i, j) is 1 where node i feeds node j."""

    @property
    def categories(self) -> Tensor:
        """Float [k, num_operations]: the rows that a valid matrix is made of, e.g. the one-hot rows."""

    @property
    def patterns(self) -> tuple[RowPatterns, ...]:
        """The groups of rows that the space's rules bind together; empty where each row may be what it likes."""

    def encode(self, architectures: Sequence[Any]) -> Tensor:
        """Float32 [b, num_nodes, num_operations], zeros and ones."""

    def decode(self, x: Tensor, rule: str = "threshold") -> list[Any]:
        """x [b, num_nodes, num_operations] in [0, 1] -> an architecture or an `Invalid` each.

        `threshold` reads an entry of at least 0.5 as one (the paper's lineage); `arg_max` takes each row's
        largest admissible entry, after which nothing is invalid: say which one was used.
        """


def to_network_scale(x: Tensor) -> Tensor:
    """Matrices in [0, 1] -> the networks' range [-1, 1] (DiffusionNAG: 2x - 1)."""
    return 2.0 * x - 1.0


def from_network_scale(x: Tensor) -> Tensor:
    """The inverse of `to_network_scale`."""
    return (x + 1.0) / 2.0


def row_log_likelihood(x: Tensor, sigma: Tensor, categories: Tensor) -> Tensor:
    """log p(noisy row | clean row), up to a constant, for each admissible row.

    x [b, n, v] in network scale, sigma [b], categories [k, v] in [0, 1] -> [b, n, k]. Gaussian noise acts on each
    entry alone, so this is the exact likelihood term of Bayes' rule for the clean row: -||x - c||^2 / (2 sigma^2).
    """
    clean = to_network_scale(categories).to(x)
    distance = -2.0 * x @ clean.T + clean.square().sum(-1)
    return -distance / (2.0 * sigma.square().view(-1, 1, 1))


def quantise(x: Tensor) -> Tensor:
    """Entries >= 0.5 become 1, others 0 (DiffusionNAG, inverse-scaled samples)."""
    return (x >= 0.5).to(x.dtype)


@dataclass(frozen=True)
class GenerationMetrics:
    """Validity, uniqueness and novelty as fractions in [0, 1]; nan where the denominator is zero."""

    validity: float
    uniqueness: float
    novelty: float


def generation_metrics(
    decoded: Sequence[Any], reference: Collection[Any] | None = None, key: Callable[[Any], Any] = str
) -> GenerationMetrics:
    """Metrics of a generated set with the denominators of the reference code (DiffusionNAG release).

    validity = valid / generated; uniqueness = distinct valid / valid; novelty = distinct valid that are not in
    `reference` / distinct valid. Distinct is judged by `key`, the string by default; pass the space's
    `equivalence_key` for isomorphism classes. Without a reference set novelty is nan.
    """
    valid = [key(item) for item in decoded if not isinstance(item, Invalid)]
    distinct = set(valid)
    nan = float("nan")
    novelty = nan
    if reference is not None and distinct:
        novelty = len(distinct - {key(item) for item in reference}) / len(distinct)
    return GenerationMetrics(
        validity=len(valid) / len(decoded) if decoded else nan,
        uniqueness=len(distinct) / len(valid) if valid else nan,
        novelty=novelty,
    )


def generator_of(seed: int) -> torch.Generator:
    """A fresh CPU generator with that seed."""
    return torch.Generator().manual_seed(seed)
