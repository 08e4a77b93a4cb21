"""Times on a machine that others use too: CPU seconds beside wall seconds, alternated in one process."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

BATCH = 256
# Seconds of one guided step of the original code at batch 256 with one guide, one CPU thread.
ORIGINAL_STEP_CPU_SECONDS = 0.44


@dataclass(frozen=True)
class Seconds:
    """What one call took."""

    wall: float
    cpu: float


def timed(call: Callable[[], object]) -> Seconds:
    """Wall and CPU seconds of a call; CPU seconds are those of this process alone."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return Seconds(time.perf_counter() - wall, time.process_time() - cpu)


def interleaved(calls: Sequence[Callable[[], object]], rounds: int) -> list[list[Seconds]]:
    """Each call once a round, in turn, after one round that is not counted: [calls][rounds]."""
    for call in calls:
        call()
    results: list[list[Seconds]] = [[] for _ in calls]
    for _ in range(rounds):
        for call, result in zip(calls, results):
            result.append(timed(call))
    return results


def median_of(seconds: Sequence[Seconds], kind: str = "cpu") -> float:
    """The median of the wall or CPU seconds."""
    return statistics.median(getattr(s, kind) for s in seconds)


def load() -> float:
    """The one-minute load a core."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)


def reference_generation(
    steps: int, guides: int, batch: int = BATCH, space_name: str = "nb201", encoding: str | None = None
) -> Callable[[], object]:
    """Reference mode's `steps` predictor-corrector steps with so many guides; untrained networks cost the same."""
    from pomonag.reference.generator import ReferenceGuide, generate
    from pomonag.reference.predictors import NoisyPredictor
    from pomonag.reference.score_network import ScoreNetwork
    from pomonag.reference.spaces import reference_space

    space = reference_space(space_name, encoding)
    network = ScoreNetwork(space)
    chosen = [
        ReferenceGuide(NoisyPredictor(space).eval(), torch.zeros(1, 56), 1.0, maximise=i == 0) for i in range(guides)
    ]
    return lambda: generate(network, chosen, space, count=batch, seed=0, steps=steps)
