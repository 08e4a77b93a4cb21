"""Architectures as matrices: one-hot rows, the 0.5 threshold, and the metrics of generated sets that follow from it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor


@dataclass(frozen=True)
class Invalid:
    """A matrix that is no architecture: the first row that breaks a rule, and the rule's name."""

    row: int
    rule: str


class Encoding(Protocol):
    """Architectures <-> matrices of shape [num_nodes, num_operations] with entries in [0, 1]."""

    name: str
    num_nodes: int
    num_operations: int

    @property
    def attention_mask(self) -> Tensor:
        """Float [num_nodes, num_nodes]; entry (i, j) is 1 where node i feeds node j."""

    def encode(self, architectures: Sequence[Any]) -> Tensor:
        """Float32 [b, num_nodes, num_operations], zeros and ones."""

    def decode(self, x: Tensor, rule: str = "threshold") -> list[Any]:
        """x [b, num_nodes, num_operations] in [0, 1] -> an architecture or an `Invalid` each.

        `threshold` reads an entry of at least 0.5 as one (the paper's lineage); `arg_max` takes each row's
        largest admissible entry, after which nothing is invalid: say which one was used.
        """


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
