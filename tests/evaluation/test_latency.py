import numpy as np
import pytest
import torch
from torch import nn

from pomonag.errors import UserError
from pomonag.evaluation.latency import CudaTimer, Latency, kept_runs, measure_latency, timer


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.calls = []

    def forward(self, x):
        self.calls.append(
            (tuple(x.shape), x.dtype, self.training, torch.is_inference_mode_enabled(), torch.get_num_threads())
        )
        return x.mean()


class ScriptedTimer:
    """Runs the function and reports times from a list."""

    device = "cpu"

    def __init__(self, own, wall):
        self.times = iter(zip(own, wall))

    def __call__(self, run):
        run()
        return next(self.times)


def scripted(own, wall=None, **settings):
    network = Counting()
    wall = own if wall is None else wall
    return measure_latency(network, timer=ScriptedTimer(own, wall), runs=len(own), **settings), network


def test_mean_of_the_runs_between_the_percentiles():
    times = [100.0, *[10.0] * 45, *[12.0] * 45, *[0.1] * 4, *[90.0] * 5]
    latency, _ = scripted(times)
    low, high = np.percentile(times, [5, 95])
    inside = [t for t in times if low <= t <= high]
    assert latency.latency_ms == pytest.approx(np.mean(inside))
    assert latency.kept == len(inside)
    assert latency.median_ms == np.median(times)
    assert latency.sd_ms == pytest.approx(np.std(times, ddof=1))


def test_wall_time_of_the_kept_runs_marks_disturbance():
    calm, _ = scripted([2.0] * 100, [2.5] * 100)
    busy, _ = scripted([2.0] * 100, [2.7] * 100)
    assert calm.wall_cpu_ratio == pytest.approx(1.25)
    assert not calm.disturbed
    assert busy.disturbed


def test_conditions_of_the_protocol():
    before = torch.get_num_threads()
    latency, network = scripted([1.0] * 100)
    assert len(network.calls) == 110
    assert set(network.calls) == {((1, 3, 32, 32), torch.float32, False, True, 1)}
    assert torch.get_num_threads() == before
    assert (latency.runs, latency.threads, latency.device, latency.resolution) == (100, 1, "cpu", 32)


def test_a_real_network_takes_longer_when_it_is_larger():
    def network(width):
        return nn.Sequential(nn.Conv2d(3, width, 3), nn.ReLU(), nn.Conv2d(width, width, 3))

    small, large = (measure_latency(network(w), runs=20, warmup=2) for w in (4, 96))
    assert 0 < small.latency_ms < large.latency_ms
    assert small.kept >= 16


def test_normal_trim():
    times = np.array([1.0] * 50 + [1.2] * 49 + [9.0])
    assert kept_runs(times, "normal").sum() == 99
    with pytest.raises(UserError, match="percentile"):
        kept_runs(times, "percentiles")


class FakeCuda:
    """Events whose clock advances by two with each record."""

    def __init__(self, available=True):
        self.available, self.clock, self.log = available, 0.0, []

    def is_available(self):
        return self.available

    def synchronize(self):
        self.log.append("synchronize")

    def Event(self, enable_timing):
        assert enable_timing
        cuda = self

        class Event:
            def record(self):
                cuda.clock += 2.0
                self.at = cuda.clock
                cuda.log.append("record")

            def elapsed_time(self, end):
                return end.at - self.at

        return Event()


def test_cuda_is_timed_by_events_between_synchronisations():
    cuda = FakeCuda()
    clock = CudaTimer("cuda", cuda)
    own, wall = clock(lambda: cuda.log.append("run"))
    assert own == 2.0
    assert wall >= 0
    assert cuda.log == ["synchronize", "record", "run", "record", "synchronize"]


def test_cuda_without_a_gpu_and_unknown_devices():
    with pytest.raises(UserError, match="needs a CUDA GPU"):
        CudaTimer("cuda", FakeCuda(available=False))
    assert timer("cpu").device == "cpu"
    with pytest.raises(UserError, match="Did you mean 'cuda'"):
        timer("cudo")


def test_refuses_too_few_runs():
    with pytest.raises(UserError, match="runs"):
        measure_latency(Counting(), runs=1)


def test_a_latency_of_nothing_counts_as_disturbed():
    assert Latency(0.0, 0.0, 0.0, 1.0, 1, 2, 1, "cpu", 32, "percentile").disturbed
