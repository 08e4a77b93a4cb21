import os

import numpy as np
import pandas as pd
import pytest
import torch

from pomonag.data.sources import VARIABLE, DataMissing
from pomonag.errors import UserError
from pomonag.evaluation.block_latency import (
    BLOCK_DEVICES,
    GpuLatency,
    PhoneLatency,
    active_choices,
    block_device_latency,
)
from pomonag.evaluation.device_latency import device_latency
from pomonag.spaces import search_space
from pomonag.spaces.search_space import Blocks


def uniform(kernel, expansion, depth, n=1, width=1.2):
    return Blocks(
        np.full((n, 20), kernel), np.full((n, 20), expansion), np.full((n, 5), depth), np.full(n, width)
    )  # fmt: skip


def drawn(n, seed=0):
    rng = np.random.default_rng(seed)
    return Blocks(rng.choice([3, 5, 7], (n, 20)), rng.choice([3, 4, 6], (n, 20)), rng.choice([2, 3, 4], (n, 5)),
                  np.full(n, 1.2))  # fmt: skip


def milliseconds(blocks, sides):
    """Made up: two for the network, and for each active block its kernel and expansion, in proportion to the pixels."""
    active = (np.arange(4) < blocks.depths[:, :, None]).reshape(-1, 20)
    return 2.0 + ((blocks.kernels + blocks.expansions) * active).sum(1) * 0.05 * (np.asarray(sides) / 224) ** 2


@pytest.fixture
def gpu_table(tmp_path):
    blocks = drawn(600)
    sides = np.random.default_rng(1).choice([128, 160, 224], 600)
    lists = {name: [" ".join(map(str, row)) for row in part.tolist()] for name, part in zip(("ks", "e", "d"), blocks)}
    path = tmp_path / "archs.csv"
    ms = milliseconds(blocks, sides)
    # One measurement that no fit would give.
    ms[np.flatnonzero(sides == 224)[0]] = 50.0
    pd.DataFrame({**lists, "r": sides, "latency_ms_v100_1": ms}).to_csv(path, index=False)
    return path, blocks, sides


def phone_table(path, resolution=160):
    """Every operator of a network: one millisecond a block, but for kernel 7, two."""
    rows = [
        {"op": op, "in_hw": 5, "in_ch": 1, "out_ch": 1, "mean_ms": 1.0}
        for op in ("Conv", "Conv_1", "AvgPool2D", "Conv_2")
    ]
    side, width = resolution // 2, 24
    block = {
        "op": "expanded_conv",
        "in_hw": side,
        "in_ch": 24,
        "out_ch": 24,
        "expand_ch": 24,
        "kernel": 3,
        "stride": 1,
        "mean_ms": 0.5,
    }
    rows.append(block)
    for out, unit_stride in zip((32, 48, 96, 136, 192), (2, 2, 2, 1, 2)):
        for stride in (unit_stride, None):
            if stride is None:
                stride, width = 1, out
            rows += [
                {**block, "in_hw": side, "in_ch": width, "out_ch": out, "expand_ch": width * e, "kernel": k,
                 "stride": stride, "mean_ms": 1.0 + (k == 7)}
                for k in (3, 5, 7) for e in (3, 4, 6)
            ]  # fmt: skip
            side = -(-side // stride)
    frame = pd.DataFrame(rows).assign(resolution=resolution).drop_duplicates()
    frame.to_csv(path, index=False)
    return frame


def test_a_phone_sums_the_operators_of_active_blocks(tmp_path):
    phone_table(tmp_path / "phone.csv")
    phone = PhoneLatency(160, tmp_path / "phone.csv")
    assert phone(uniform(3, 3, 2)) == pytest.approx(4.5 + 10)
    assert phone(uniform(7, 6, 4, n=2)) == pytest.approx([4.5 + 40] * 2)
    some = uniform(3, 3, 2)
    some.kernels[0, 2:4] = 7  # beyond the first unit's depth
    assert phone(some) == pytest.approx(14.5)
    assert np.isnan(phone(uniform(3, 3, 2, width=1.0))).all()


def test_a_phone_table_without_a_block_or_the_resolution_is_refused(tmp_path):
    frame = phone_table(tmp_path / "phone.csv")
    frame[~((frame["kernel"] == 5) & (frame["in_ch"] == 96))].to_csv(tmp_path / "torn.csv", index=False)
    with pytest.raises(UserError, match=r"'in_ch': 96.*at 160; copy it again"):
        PhoneLatency(160, tmp_path / "torn.csv")
    with pytest.raises(UserError, match=r"no resolution 128; expected one of \[160\]"):
        PhoneLatency(128, tmp_path / "phone.csv")


def test_a_gpu_gives_back_its_measurements_and_fits_the_rest(gpu_table):
    path, blocks, sides = gpu_table
    gpu = GpuLatency("v100_1", 224, path)
    first = np.flatnonzero(sides == 224)[0]
    assert gpu(Blocks(*(part[[first]] for part in blocks))) == pytest.approx(50.0)
    unseen = drawn(50, seed=9)
    assert gpu(unseen) == pytest.approx(milliseconds(unseen, 224), rel=0.1)
    assert gpu.error < 0.05
    assert gpu.rank_correlation > 0.95
    smaller = GpuLatency("v100_1", 140, path)
    assert smaller(unseen) == pytest.approx(milliseconds(unseen, 140), rel=0.1)
    assert np.isnan(gpu(uniform(3, 3, 2, width=1.0))).all()


def test_unknown_settings_devices_and_resolutions_are_refused(gpu_table):
    path, *_ = gpu_table
    with pytest.raises(UserError, match=r"depths .5."):
        active_choices(uniform(3, 3, 5))
    with pytest.raises(UserError, match="another kernel"):
        active_choices(uniform(4, 3, 2))
    with pytest.raises(UserError, match=r"kernels of shape \(1, 19\)"):
        active_choices(uniform(3, 3, 2)._replace(kernels=np.full((1, 19), 3)))
    with pytest.raises(UserError, match="lacks the columns latency_ms_v100_64"):
        GpuLatency("v100_64", 224, path)
    with pytest.raises(UserError, match="resolutions 128 to 224; got 32"):
        GpuLatency("v100_1", 32, path)
    with pytest.raises(UserError, match=r"Did you mean 'note10'"):
        block_device_latency("note_10", MadeUpSpace())


class MadeUpSpace:
    """Architectures are the rows of `drawn`."""

    def sample(self, n, generator):
        return torch.randint(1000, (n,), generator=generator).tolist()

    def blocks(self, architectures):
        return Blocks(*(np.concatenate(parts) for parts in zip(*(drawn(1, seed) for seed in architectures))))


def test_a_space_of_blocks_has_these_devices(tmp_path, monkeypatch, gpu_table):
    (tmp_path / "ofa").mkdir()
    gpu_table[0].rename(tmp_path / "ofa" / "archs5000_latency.csv.gz.csv")
    pd.read_csv(tmp_path / "ofa" / "archs5000_latency.csv.gz.csv").to_csv(
        tmp_path / "ofa" / "archs5000_latency.csv.gz", index=False
    )
    monkeypatch.setenv("POMONAG_DATA_DIR", str(tmp_path))
    source = device_latency("v100_1", MadeUpSpace())
    architectures, latency = source.timed(30)
    assert len(architectures) == len(latency) == 30
    assert source(architectures) == pytest.approx(latency)
    assert "mean relative error" in source.source


def test_the_real_tables():
    try:
        slow, quick = PhoneLatency(224), PhoneLatency(160)
        errors = {device: GpuLatency(device).error for device in BLOCK_DEVICES[1:]}
    except DataMissing as missing:
        pytest.skip(str(missing))
    # The values of the tables' own README, by the estimator they come with.
    assert quick(uniform(3, 3, 2))[0] == pytest.approx(9.8903, abs=5e-5)
    assert slow(uniform(7, 6, 4))[0] == pytest.approx(92.3980, abs=5e-5)
    assert max(errors.values()) < 0.11
    assert errors["v100_64"] < 0.03


@pytest.mark.skipif(VARIABLE not in os.environ, reason="needs the phone's operator table")
def test_the_space_is_served_by_name():
    space = search_space("mbv3")
    smallest = space.parse("w1.2|d2,2,2,2,2|k3,3,3,3,3,3,3,3,3,3|e3,3,3,3,3,3,3,3,3,3")
    largest = space.parse("w1.2|d4,4,4,4,4|k" + ",".join("7" * 20) + "|e" + ",".join("6" * 20))
    fast, slow = device_latency("note10", space)([smallest, largest])
    assert slow == pytest.approx(92.3980, abs=1e-3)
    assert fast < 0.5 * slow
