"""What `search` asks of a generator: batches in phases, the candidates decoded from them, their costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from pomonag.guidance.guide import Objective, ScalingFactors
from pomonag.guidance.latency_source import LatencySource
from pomonag.predictors.predictor_set import PredictorSet
from pomonag.spaces.encoding import Encoding, Invalid
from pomonag.spaces.search_space import SearchSpace


class BatchGenerator(Protocol):
    """One data set's generator: what `search` drives and `Result` describes."""

    @property
    def mode(self) -> str:
        """`fast` or `reference`."""

    @property
    def space(self) -> SearchSpace:
        """The search space."""

    @property
    def encoding(self) -> Encoding:
        """What its matrices are read by."""

    @property
    def predictors(self) -> PredictorSet:
        """The checkpoint set that ranks."""

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """What guides, and what fronts are drawn against."""

    @property
    def latency(self) -> LatencySource:
        """Where latencies come from."""

    @property
    def seed(self) -> int:
        """The seed that all noise derives from."""

    @property
    def default_factors(self) -> Mapping[str, ScalingFactors]:
        """The mode's own factors for the two phases."""

    @property
    def steps(self) -> int:
        """Guide calls for each sample."""

    def batch(self, phase: str, factors: ScalingFactors | None, n: int, earlier: Tensor | None = None) -> Tensor:
        """Raw matrices [n, nodes, operations] in [0, 1] scale; unguided without factors.

        Samples that repel each other keep away from `earlier` phases' matrices, too (fast mode).
        """


def generate_phases(
    generator: BatchGenerator, phases: Mapping[str, ScalingFactors | None], shares: Mapping[str, int]
) -> Iterator[tuple[str, Tensor]]:
    """Each phase and its raw matrices, as many as its share; later phases know of the earlier ones."""
    earlier: Tensor | None = None
    for phase, n in shares.items():
        x = generator.batch(phase, phases[phase], n, earlier)
        yield phase, x
        earlier = x if earlier is None else torch.cat([earlier, x])


def costs_of(generator: BatchGenerator, architectures: Sequence[Any], classes: int) -> dict[str, np.ndarray]:
    """Each metric's costs of architectures as networks for so many classes, [n] each; latency where the source has it.

    Params and MACs are exact.
    """
    counted = generator.space.cost(architectures, classes=classes)
    return {
        "params": np.asarray(counted.params),
        "macs": np.asarray(counted.macs),
        "latency_ms": np.asarray(generator.latency.of(architectures)),
    }


@dataclass
class Candidates:
    """What was generated: each decoded matrix with its phase, in order."""

    space: SearchSpace
    decoded: list[tuple[str, Any]] = field(default_factory=list)

    def add(self, phase: str, items: Sequence[Any]) -> None:
        """Adds a phase's decoded matrices."""
        self.decoded.extend((phase, item) for item in items)

    def distinct(self) -> dict[Any, str]:
        """Distinct valid architectures with the phase that made each first."""
        found: dict[Any, str] = {}
        for phase, item in self.decoded:
            if not isinstance(item, Invalid):
                found.setdefault(item, phase)
        return found

    def invalid(self) -> Counter[str]:
        """How many matrices broke which rule."""
        return Counter(item.rule for _, item in self.decoded if isinstance(item, Invalid))
