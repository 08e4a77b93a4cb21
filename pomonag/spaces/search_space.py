"""What a search space promises. Code outside `pomonag.spaces` speaks to this face and never asks which space it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn

from pomonag.spaces.encoding import Encoding


@dataclass(frozen=True)
class Costs:
    """Exact costs of b architectures: `params` and `macs`, int64 arrays of shape [b].

    A multiply-accumulate counts once; convolutions and linear layers are counted, biases, batch
    normalisation, activations and pooling are not. Every *placed* operation counts, also a dead one.
    """

    params: np.ndarray
    macs: np.ndarray


@dataclass(frozen=True)
class Skeleton:
    """The macro-architecture around an architecture; spaces extend it. The defaults are the paper's full network."""

    classes: int = 10
    resolution: int = 32


@runtime_checkable
class Architecture(Protocol):
    """A frozen, hashable dataclass whose `str()` is the field's string and the inverse of the space's `parse`."""

    def __str__(self) -> str: ...

    def __hash__(self) -> int: ...


class SearchSpace(Protocol):
    """A search space, complete: sampling, strings, encodings, exact costs and trainable networks."""

    name: ClassVar[str]
    size: ClassVar[int]
    encodings: Mapping[str, Encoding]
    skeleton_type: type[Skeleton]

    @property
    def encoding(self) -> Encoding:
        """The default encoding."""

    def sample(self, n: int, generator: torch.Generator) -> list[Any]:
        """n architectures, with replacement, by the space's own rule: uniform over architectures, or over decisions."""

    def mutate(self, architecture: Any, generator: torch.Generator) -> Any:
        """A copy with one decision changed to another value."""

    def parse(self, text: str) -> Any:
        """The architecture that a string names. Raises UserError with the place and the rule that was broken."""

    def cost(self, architectures: Sequence[Any], skeleton: Any | None = None, **settings: Any) -> Costs:
        """Exact costs; `settings` are fields of the skeleton, as a shorthand."""

    def build(self, architecture: Any, skeleton: Any | None = None, **settings: Any) -> nn.Module:
        """The trainable network, images [b, 3, h, w] -> logits [b, classes]."""

    def features(self, architectures: Sequence[Any]) -> np.ndarray:
        """What predictors of clean architectures see, float32 [b, f]; need not be differentiable or invertible."""

    def equivalence_key(self, architecture: Any) -> str:
        """Equal for architectures that compute the same function up to renaming (isomorphism classes)."""


def full_resolution(space: SearchSpace) -> int:
    """The side of the full network's input, pixels."""
    return space.skeleton_type().resolution


@runtime_checkable
class EnumerableSpace(Protocol):
    """The further promise of a space small enough to be listed whole."""

    size: ClassVar[int]

    def enumerate(self) -> Sequence[Any]:
        """All `size` architectures, always in the same order."""

    def positions(self, architectures: Sequence[Any]) -> np.ndarray:
        """Int64 [b]: where each architecture stands in `enumerate()`; what tables of the whole space are indexed by."""


class Blocks(NamedTuple):
    """n architectures of blocks, five units of up to four: kernels and expansions [n, 20], depths [n, 5].

    `widths` [n] multiply the channels.
    """

    kernels: np.ndarray
    expansions: np.ndarray
    depths: np.ndarray
    widths: np.ndarray


@runtime_checkable
class BlockSpace(Protocol):
    """The further promise of a space whose architectures are such blocks."""

    def blocks(self, architectures: Sequence[Any]) -> Blocks:
        """The architectures' settings; what stands in slots beyond a unit's depth has no meaning."""


class SuperNetwork(Protocol):
    """An `nn.Module` that holds the weights of many architectures at once."""

    def __call__(self, images: Tensor, architecture: Any | None = None) -> Tensor:
        """Logits [b, classes] as that architecture computes them with its share of the weights; by default the largest.

        In training mode every architecture is normalised by the statistics of its own batch.
        """

    def sub_network(self, architecture: Any) -> nn.Module:
        """A network of its own with copies of the weights, as `SearchSpace.build` makes them.

        Its last layer is a linear one called `classifier`. The statistics of its batch normalisations are to be
        measured anew, since no architecture's own were kept.
        """


@runtime_checkable
class ElasticSpace(Protocol):
    """The further promise of a space whose architectures are parts of a few super-networks."""

    super_networks: ClassVar[tuple[str, ...]]

    def super_network(self, name: str, skeleton: Any | None = None, **settings: Any) -> nn.Module:
        """A fresh `SuperNetwork` of that name, its weights drawn from torch's global generator."""

    def super_network_of(self, architecture: Any) -> str:
        """The name of the super-network that the architecture is a part of."""

    def extremes(self, name: str) -> tuple[Any, Any]:
        """The smallest and the largest architecture of a super-network."""

    def sample_within(self, name: str, n: int, generator: torch.Generator) -> list[Any]:
        """n architectures of one super-network, by the rule of `sample`."""
