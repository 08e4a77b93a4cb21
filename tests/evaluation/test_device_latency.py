from __future__ import annotations

import gzip
import random

import numpy as np
import pytest

from pomonag import search_space
from pomonag.errors import UserError
from pomonag.evaluation.device_latency import DEVICES, DeviceLatencies, device_latency
from pomonag.evaluation.tabular import AccuracyTable, TabularEvaluator
from pomonag.spaces.encoding import generator_of

SPACE = search_space("nb201")
DISCONNECTED = next(cell for cell in SPACE.enumerate() if not cell.is_connected)


@pytest.fixture
def tables(tmp_path):
    """Two small tables that belong together: devices by index, and the architecture of each index."""
    cells = [DISCONNECTED, *(cell for cell in SPACE.enumerate()[::800] if cell.is_connected)]
    numbers = list(range(len(cells)))
    random.Random(0).shuffle(numbers)
    index = "index,arch_str\n" + "".join(f"{number},{cell}\n" for number, cell in zip(numbers, cells))
    (tmp_path / "index.csv").write_text(index)
    ms = {number: 0.01 if cell is DISCONNECTED else 1.0 + cell.index for number, cell in zip(numbers, cells)}
    text = "index,phone,board\n" + "".join(f"{number},{ms[number]},{number + 5}\n" for number in sorted(numbers))
    with gzip.open(tmp_path / "devices.csv.gz", "wt") as file:
        file.write(text)
    return tmp_path / "devices.csv.gz", tmp_path / "index.csv", cells


def test_the_index_joins_latencies_to_architectures(tables):
    devices = DeviceLatencies(tables[0], tables[1])
    assert devices.devices == ("phone", "board")
    cells = tables[2][1:]
    assert devices["phone"](cells).tolist() == [1.0 + cell.index for cell in cells]
    assert devices["phone"].range_ms == (1.0 + cells[0].index, 1.0 + cells[-1].index)


def test_graphs_pruned_before_timing_have_no_latency(tables):
    devices = DeviceLatencies(tables[0], tables[1])
    assert np.isnan(devices["phone"]([DISCONNECTED])).all()
    absent = next(cell for cell in SPACE.enumerate() if cell not in tables[2])
    assert np.isnan(devices["board"]([absent])).all()


def test_tables_that_do_not_belong_together(tables, tmp_path):
    lines = tables[1].read_text().splitlines()
    tables[1].write_text("\n".join(lines[:-2]) + "\n")
    with pytest.raises(UserError, match=r"2 of \d+ rows have an index that index.csv lacks"):
        DeviceLatencies(tables[0], tables[1])
    tables[1].write_text("arch_str\n" + str(DISCONNECTED) + "\n")
    with pytest.raises(UserError, match="no column index"):
        DeviceLatencies(tables[0], tables[1])


def test_a_file_of_ones_own(tmp_path):
    cells = SPACE.sample(10, generator_of(0))
    path = tmp_path / "mine.csv"
    path.write_text("arch_str,latency_ms\n" + "".join(f"{cell},{i + 0.5}\n" for i, cell in enumerate(cells)))
    latency = device_latency(path)
    assert latency.device == "mine.csv"
    assert latency(cells).tolist() == [i + 0.5 for i in range(10)]
    path.write_text("arch_str,ms\n" + f"{cells[0]},1\n")
    with pytest.raises(UserError, match="no column latency_ms"):
        device_latency(path)
    path.write_text("arch_str,latency_ms\n" + f"{cells[0]},-1\n")
    with pytest.raises(UserError, match=r"line 2: .* milliseconds"):
        device_latency(path)


@pytest.mark.parametrize(
    ("name", "message"),
    [("pixel4", "Did you mean 'pixel[23]'"), ("raspberry", "unknown device"), ("no/such.csv", "is no file")],
)
def test_a_name_that_is_neither_device_nor_file(name, message):
    with pytest.raises(UserError, match=message):
        device_latency(name)


def test_a_device_without_the_data_folder(monkeypatch):
    monkeypatch.delenv("POMONAG_DATA_DIR", raising=False)
    with pytest.raises(UserError, match="POMONAG_DATA_DIR is not set"):
        device_latency("pixel3")


def test_the_27_published_devices(latencies_path):
    devices = DeviceLatencies()
    assert devices.devices == DEVICES
    assert len(DEVICES) == 27
    connected = [cell for cell in SPACE.enumerate() if cell.is_connected]
    for name in DEVICES:
        assert np.isfinite(devices[name](connected)).all()
    # 276 of raspi4 and pixel3 are near zero, a few more below every network that computes something.
    for name in ("raspi4", "pixel3"):
        assert 276 <= np.isnan(devices[name].by_position).sum() <= 300
    first = SPACE.parse(
        "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
    )
    assert device_latency("pixel3")([first])[0] == pytest.approx(3.60585)
    evaluator = TabularEvaluator(AccuracyTable(), latency=devices["raspi4"])
    assert evaluator.evaluate(first, "cifar10").latency_ms == pytest.approx(10.481977)
    assert evaluator.evaluate(SPACE.enumerate()[0], "cifar10").latency_ms is None


def test_devices_rank_like_macs_as_described(latencies_path):
    from scipy.stats import spearmanr

    devices = DeviceLatencies()
    macs = SPACE.cost(SPACE.enumerate()).macs
    assert spearmanr(devices["eyeriss"].by_position, macs).statistic == pytest.approx(0.54, abs=0.01)
    assert spearmanr(devices["silver_4210r"].by_position, macs).statistic == pytest.approx(0.98, abs=0.01)
