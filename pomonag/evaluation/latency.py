"""Latency of one network on this machine, by the protocol of POMONAG App. A with its open points settled.

Evaluation mode, one float32 image of random numbers, 10 warm-up runs, then 100 timed ones; the runs between the 5th and
the 95th percentile are kept and averaged. On a CPU one thread runs and its own CPU time is the measure: wall time on a
shared machine says little. Both are recorded, and a measurement whose wall time exceeds its CPU time by 30 % is marked.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from pomonag.errors import UserError, unknown_name

DISTURBED_RATIO = 1.3
TRIMS = ("percentile", "normal")


@dataclass(frozen=True)
class Latency:
    """Milliseconds of one image. `latency_ms` is the mean of the kept runs: CPU time on a CPU, device time on a GPU.

    `median_ms` and `sd_ms` are over all runs; `wall_ms` is the mean wall time of the kept runs.
    """

    latency_ms: float
    median_ms: float
    sd_ms: float
    wall_ms: float
    kept: int
    runs: int
    threads: int
    device: str
    resolution: int
    trim: str

    @property
    def wall_cpu_ratio(self) -> float:
        """Wall over measured time: about 1 on an idle machine."""
        return self.wall_ms / self.latency_ms if self.latency_ms > 0 else float("inf")

    @property
    def disturbed(self) -> bool:
        """Whether other work on the machine got in the way."""
        return self.wall_cpu_ratio > DISTURBED_RATIO


class Timer(Protocol):
    """Times one run of a function on a device."""

    device: str

    def __call__(self, run: Callable[[], object]) -> tuple[float, float]:
        """Milliseconds of the device's own time and of wall time."""


class CpuTimer:
    """CPU time of the calling thread."""

    device = "cpu"

    def __call__(self, run: Callable[[], object]) -> tuple[float, float]:
        wall, cpu = time.perf_counter_ns(), time.thread_time_ns()
        run()
        return (time.thread_time_ns() - cpu) / 1e6, (time.perf_counter_ns() - wall) / 1e6


class CudaTimer:
    """Time between two events on the device's stream."""

    def __init__(self, device: str = "cuda", cuda: Any = torch.cuda):
        if not cuda.is_available():
            raise UserError(f"latency on {device!r} needs a CUDA GPU and none was found; use the device 'cpu'")
        self.device = device
        self._cuda = cuda

    def __call__(self, run: Callable[[], object]) -> tuple[float, float]:
        begin, end = self._cuda.Event(enable_timing=True), self._cuda.Event(enable_timing=True)
        self._cuda.synchronize()
        wall = time.perf_counter_ns()
        begin.record()
        run()
        end.record()
        self._cuda.synchronize()
        return float(begin.elapsed_time(end)), (time.perf_counter_ns() - wall) / 1e6


def timer(device: str) -> Timer:
    """The timer of a torch device name: `cpu`, `cuda`, `cuda:1`, ..."""
    kind = device.split(":")[0]
    if kind not in ("cpu", "cuda"):
        raise unknown_name("latency device", device, ["cpu", "cuda"])
    return CpuTimer() if kind == "cpu" else CudaTimer(device)


@torch.inference_mode()
def measure_latency(
    network: nn.Module,
    resolution: int = 32,
    *,
    timer: Timer | None = None,
    warmup: int = 10,
    runs: int = 100,
    trim: str = "percentile",
    seed: int = 0,
) -> Latency:
    """Time `network` on one random image [1, 3, resolution, resolution]; the network must already be on the device.

    The network is put into evaluation mode and left there. On a CPU one thread computes; the number of threads
    is restored.
    """
    if runs < 2 or warmup < 0:
        raise UserError(f"got {runs} runs and {warmup} warm-up runs; expected at least 2 and at least 0")
    clock = timer or CpuTimer()
    image = torch.randn(1, 3, resolution, resolution, generator=torch.Generator().manual_seed(seed))
    if not isinstance(clock, CpuTimer):
        image = image.to(clock.device)
    network.eval()
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for _ in range(warmup):
            network(image)
        times = np.array([clock(lambda: network(image)) for _ in range(runs)])
    finally:
        torch.set_num_threads(before)
    own, wall = times[:, 0], times[:, 1]
    keep = kept_runs(own, trim)
    return Latency(
        latency_ms=float(own[keep].mean()),
        median_ms=float(np.median(own)),
        sd_ms=float(own.std(ddof=1)),
        wall_ms=float(wall[keep].mean()),
        kept=int(keep.sum()),
        runs=runs,
        threads=1,
        device=clock.device,
        resolution=resolution,
        trim=trim,
    )


def kept_runs(times: np.ndarray, trim: str = "percentile") -> np.ndarray:
    """Which runs count, bool [n]: those from the 5th to the 95th percentile, or within the mean +- 1.645 sd (`normal`).

    The paper drops what lies outside "the 90 % confidence interval" without saying which interval that is.
    """
    if trim == "percentile":
        low, high = np.percentile(times, [5, 95])
    elif trim == "normal":
        spread = 1.645 * times.std(ddof=1)
        low, high = times.mean() - spread, times.mean() + spread
    else:
        raise unknown_name("trim", trim, TRIMS)
    return (times >= low) & (times <= high)
