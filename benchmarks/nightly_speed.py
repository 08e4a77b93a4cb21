"""Speed ratios for the night: each workload in turn with a fixed one that the code under guard has no part in."""

from __future__ import annotations

import functools
import gc
import statistics
from collections.abc import Callable

import torch

from benchmarks import generation, inputs, timing
from benchmarks.runs import Need, Outcome, Quantity, Run
from reports.measurements import RunKey

ROUNDS = 7
_NAIVE = 400
# Milliseconds are too short for the clock of CPU seconds.
_REPEATED = 20
_TORCH_REPETITIONS = 40
_PROTOCOL = "ratio of CPU seconds of calls that alternate in one process, one thread; median over rounds"


def speed_runs() -> list[Run]:
    """Fast generation and a reference step over a fixed PyTorch workload; costs of the space over one at a time."""
    return [
        _run("fast-generation", "torch", _fast_generation, generation.needs("pomonag", "fast", "digits")),
        _run("reference-step", "torch", _reference_step, ()),
        _run("all-costs", "one-at-a-time", _all_costs, ()),
    ]


Call = Callable[[], object]


def _run(workload: str, yardstick: str, calls: Callable[[int], tuple[Call, Call]], needs: tuple[Need, ...]) -> Run:
    return Run(
        key=RunKey("speed", workload, f"over-{yardstick}", "nb201", "any"),
        quantities=(Quantity("ratio", "x", f"{workload} over {yardstick}: {_PROTOCOL}", evaluation="measured"),),
        compute=functools.partial(_ratio, calls),
        settings={"rounds": ROUNDS, "garbage collection": False},
        needs=needs,
        estimated_seconds=10.0,
    )


def _ratio(calls: Callable[[int], tuple[Call, Call]], seed: int) -> Outcome:
    pair = calls(seed)
    # The collector would charge either call with whatever else the process holds.
    gc.collect()
    gc.disable()
    try:
        workload, yardstick = timing.interleaved(pair, ROUNDS)
    finally:
        gc.enable()
    return Outcome({"ratio": statistics.median(a.cpu / b.cpu for a, b in zip(workload, yardstick))})


def _fast_generation(seed: int) -> tuple[Call, Call]:
    given = generation.embedding("digits", 0)
    return lambda: generation.fresh_fast(given, 0), torch_workload(_TORCH_REPETITIONS)


def _reference_step(seed: int) -> tuple[Call, Call]:
    return timing.reference_generation(1, 1), torch_workload(_TORCH_REPETITIONS)


def _all_costs(seed: int) -> tuple[Call, Call]:
    space = inputs.space()
    architectures = space.enumerate()
    few = architectures[:: len(architectures) // _NAIVE]
    return (
        lambda: [space.cost(architectures, classes=10) for _ in range(_REPEATED)],
        lambda: [space.cost([architecture], classes=10) for _ in range(_REPEATED) for architecture in few],
    )


def torch_workload(repetitions: int) -> Call:
    """Forward and backward passes of a small perceptron: what generation spends its time on, in PyTorch alone."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(256, 64, generator=generator)
    layers = [torch.randn(a, b, generator=generator) / a**0.5 for a, b in ((64, 256), (256, 256), (256, 1))]

    def work() -> None:
        for _ in range(repetitions):
            point = x.clone().requires_grad_()
            hidden = torch.nn.functional.gelu(point @ layers[0])
            hidden = torch.nn.functional.layer_norm(torch.nn.functional.gelu(hidden @ layers[1]), (256,))
            (hidden @ layers[2]).sum().backward()

    return work
