"""Latencies of real devices, measured by others or by the user, by table look-up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from pomonag.data.sources import data_path
from pomonag.errors import UserError, unknown_name
from pomonag.evaluation.block_latency import BLOCK_DEVICES, BlockDeviceLatency, block_device_latency
from pomonag.evaluation.space_table import SpaceTable, numbers, read_csv, read_space_table
from pomonag.spaces import EnumerableSpace, SearchSpace, search_space
from pomonag.spaces.search_space import BlockSpace

# The devices of HELP (Lee et al. 2021); raspi4, pixel3, fpga and eyeriss are HW-NAS-Bench's (Li et al. 2021), CIFAR-10.
# A GPU's number is the batch size; its latency is that of the whole batch.
DEVICES = (
    "1080ti_1", "1080ti_32", "1080ti_256", "2080ti_1", "2080ti_32", "2080ti_256", "titanx_1", "titanx_32",
    "titanx_256", "titanxp_1", "titanxp_32", "titanxp_256", "titan_rtx_1", "titan_rtx_32", "titan_rtx_256",
    "gold_6226", "gold_6240", "silver_4114", "silver_4210r", "raspi4", "pixel2", "pixel3", "samsung_a50",
    "samsung_s7", "essential_ph_1", "fpga", "eyeriss",
)  # fmt: skip
_LONGEST_MS = 1e7


@dataclass(frozen=True, eq=False)
class DeviceLatency:
    """One device's latencies: call it with architectures, get float64 [n] in milliseconds, nan where it was not timed.

    `by_position` [space.size] follows `space.enumerate()`; `source` says file, column and checksum.
    """

    device: str
    source: str
    by_position: np.ndarray
    space: SearchSpace

    def __call__(self, architectures: Sequence[Any]) -> np.ndarray:
        return self.by_position[cast(EnumerableSpace, self.space).positions(architectures)]

    def timed(self, most: int, seed: int = 0) -> tuple[list[Any], np.ndarray]:
        """Up to `most` architectures that were timed, drawn evenly, and their latencies [n]."""
        positions = np.flatnonzero(~np.isnan(self.by_position))
        if len(positions) > most:
            positions = np.sort(np.random.default_rng(seed).choice(positions, most, replace=False))
        everything = cast(EnumerableSpace, self.space).enumerate()
        return [everything[i] for i in positions.tolist()], self.by_position[positions]

    @property
    def range_ms(self) -> tuple[float, float]:
        """The smallest and the largest latency that were timed."""
        return float(np.nanmin(self.by_position)), float(np.nanmax(self.by_position))


def device_latency(name_or_file: str | Path, space: SearchSpace | None = None) -> DeviceLatency | BlockDeviceLatency:
    """The latencies of a device by its name, such as `pixel3`, or of a CSV with the columns `arch_str,latency_ms`.

    A space of blocks has other devices than one that can be listed, `BLOCK_DEVICES`, and none by a file.

    Raises UserError for a name that is neither (the nearest device is suggested) and for a damaged file, DataMissing
    when the devices' table is not there.
    """
    space = space or search_space("nb201")
    name = str(name_or_file)
    if isinstance(space, BlockSpace):
        return block_device_latency(name, space)
    if name in DEVICES:
        return DeviceLatencies(space=space)[name]
    path = Path(name).expanduser()
    if path.is_file():
        return _from_file(path, space)
    if path.suffix or path.parent != Path():
        raise UserError(f"{name} is no file. Give a CSV with the columns arch_str,latency_ms, or one of the devices.")
    raise unknown_name("device", name, DEVICES)


def device_latencies(space: SearchSpace) -> Mapping[str, DeviceLatency | BlockDeviceLatency]:
    """All devices that time a space, by name. Raises DataMissing when their tables are not there."""
    if isinstance(space, BlockSpace):
        return {name: block_device_latency(name, space) for name in BLOCK_DEVICES}
    table = DeviceLatencies(space=space)
    return {name: table[name] for name in DEVICES}


class DeviceLatencies:
    """All devices of one table: a CSV with the column `index` (the official one) and a column a device, milliseconds.

    A mapping from device names to `DeviceLatency`. On two devices the benchmark's compiler pruned graphs without an
    input-output path away before timing them; those near-zero values are no latencies and read nan.
    """

    def __init__(self, path: str | Path | None = None, index_path: str | Path | None = None, space: Any = None):
        """Both files default to the data folder's; `index_path` is the table that says each index's `arch_str`."""
        self.space = space if space is not None else search_space("nb201")
        path = Path(path) if path is not None else data_path("nasbench201/latency_help.csv.gz")
        index_path = Path(index_path) if index_path is not None else data_path("nasbench201/accuracies.csv.gz")
        rows, digest = read_csv(path)
        index = read_space_table(index_path, cast(EnumerableSpace, self.space))
        for table, where in ((rows, path), (index.rows, index_path)):
            if "index" not in table.columns:
                raise UserError(f"{where} has no column index, the official number of an architecture")
        position_of = dict(zip(index.rows["index"].tolist(), index.positions.tolist()))
        strangers = [number for number in rows["index"].tolist() if number not in position_of]
        if strangers or rows["index"].duplicated().any():
            raise UserError(
                f"{path}: {len(strangers)} of {len(rows)} rows have an index that {index_path.name} lacks, "
                f"{int(rows['index'].duplicated().sum())} are duplicates. The two tables must belong together, whole."
            )
        positions = np.array([position_of[number] for number in rows["index"].tolist()], dtype=np.int64)
        self._table = SpaceTable(path.name, digest, rows, positions, self.space.size)
        self._path = path
        self.devices = tuple(str(name) for name in rows.columns if name != "index")

    def __getitem__(self, device: str) -> DeviceLatency:
        if device not in self.devices:
            raise unknown_name("device", device, self.devices)
        numbers(self._table.rows, device, str(self._path), 0.0, _LONGEST_MS, "milliseconds")
        return DeviceLatency(
            device=device,
            source=f"{self._table.source} {device} sha256 {self._table.sha256[:16]}",
            by_position=_without_pruned_graphs(self._table.column(device), self.space),
            space=self.space,
        )


def _without_pruned_graphs(latency_ms: np.ndarray, space: Any) -> np.ndarray:
    # A network that computes a constant cannot be faster than every network that computes something,
    # unless nothing of it was run.
    connected = np.array([getattr(architecture, "is_connected", True) for architecture in space.enumerate()])
    pruned = ~connected & (latency_ms < np.nanmin(latency_ms[connected]))
    kept = np.where(pruned, np.nan, latency_ms)
    kept.flags.writeable = False
    return kept


def _from_file(path: Path, space: Any) -> DeviceLatency:
    table = read_space_table(path, space)
    if "latency_ms" not in table.rows.columns:
        raise UserError(
            f"{path} has no column latency_ms; its columns are {', '.join(map(str, table.rows.columns))}. "
            "Expected a CSV with the columns arch_str,latency_ms."
        )
    numbers(table.rows, "latency_ms", str(path), 0.0, _LONGEST_MS, "milliseconds")
    return DeviceLatency(
        device=path.name,
        source=f"{table.source} latency_ms sha256 {table.sha256[:16]}",
        by_position=table.column("latency_ms"),
        space=space,
    )
