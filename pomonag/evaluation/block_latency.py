"""Latencies of networks made of blocks, as Once-for-All's MobileNetV3 is, measured on a phone and on GPUs by others.

All are of the network of width 1.2. An architecture is four arrays: `kernels` and `expansions` [n, 20], four slots a
unit, `depths` [n, 5] and `widths` [n]; slots beyond a unit's depth do not count.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr

from pomonag.data.sources import data_path
from pomonag.errors import UserError, unknown_name
from pomonag.evaluation.space_table import numbers, read_csv
from pomonag.spaces.mobilenetv3 import DEPTHS, EXPANSIONS, KERNELS, MobileNetV3Skeleton
from pomonag.spaces.mobilenetv3_channels import channels
from pomonag.spaces.search_space import Blocks, BlockSpace

PHONE = "note10"
PHONE_TABLE, GPU_TABLE = "ofa/latency_note10.csv.gz", "ofa/archs5000_latency.csv.gz"
BLOCK_DEVICES = (
    PHONE, "2080ti_1", "2080ti_32", "2080ti_64", "titan_xp_1", "titan_xp_32", "titan_xp_64", "titan_rtx_1",
    "titan_rtx_32", "titan_rtx_64", "v100_1", "v100_32", "v100_64",
)  # fmt: skip
TIMED_WIDTH = 1.2
_LONGEST_MS = 1e5


def active_choices(blocks: Blocks) -> np.ndarray:
    """Float64 [n, 20, 3, 3]: one at (kernel, expansion) of each active slot. Raises UserError for other settings."""
    kernels, expansions, depths = (np.asarray(part) for part in blocks[:3])
    for name, values, shape, known in (
        ("kernels", kernels, (20,), KERNELS), ("expansions", expansions, (20,), EXPANSIONS),
        ("depths", depths, (5,), DEPTHS),
    ):  # fmt: skip
        if values.ndim != 2 or values.shape[1:] != shape or len(values) != len(depths):
            raise UserError(f"got {name} of shape {values.shape}; expected [n, {shape[0]}]")
        if name == "depths" and not np.isin(values, known).all():
            raise UserError(f"got {name} {np.setdiff1d(values, known).tolist()}; expected some of {known}")
    active = (np.arange(4) < depths[:, :, None]).reshape(-1, 20)
    kernel = kernels[:, :, None] == np.array(KERNELS)
    expansion = expansions[:, :, None] == np.array(EXPANSIONS)
    if not (kernel.any(2) & expansion.any(2))[active].all():
        raise UserError(f"an active block has another kernel than {KERNELS}, or another expansion than {EXPANSIONS}")
    return (kernel[..., None] & expansion[:, :, None, :] & active[:, :, None, None]).astype(np.float64)


class PhoneLatency:
    """Samsung Note 10: the sum of its operators' mean times, for resolutions from 160 to 224 in steps of 4."""

    def __init__(self, resolution: int = 224, path: str | Path | None = None):
        path = Path(path) if path is not None else data_path(PHONE_TABLE)
        rows, digest = read_csv(path)
        needed = {"resolution", "op", "in_hw", "in_ch", "out_ch", "expand_ch", "kernel", "stride", "mean_ms"}
        if missing := sorted(needed - set(rows.columns)):
            raise UserError(f"{path} lacks the columns {', '.join(missing)} of a table of operators")
        numbers(rows, "mean_ms", str(path), 0.0, _LONGEST_MS, "milliseconds")
        at_resolution = rows[rows["resolution"] == resolution]
        if at_resolution.empty:
            known = sorted(rows["resolution"].unique().tolist())
            raise UserError(f"{path.name} has no resolution {resolution}; expected one of {known}")
        self.source = f"{path.name} at {resolution} pixels, sha256 {digest[:16]}"
        self._path = path
        self.fixed_ms, self.block_ms = self._times(at_resolution, resolution)

    def __call__(self, blocks: Blocks) -> np.ndarray:
        """Milliseconds [n]; nan for another width than 1.2."""
        total = self.fixed_ms + (active_choices(blocks) * self.block_ms).sum((1, 2, 3))
        return np.where(np.isclose(blocks.widths, TIMED_WIDTH), total, np.nan)

    def _times(self, rows: pd.DataFrame, resolution: int) -> tuple[float, np.ndarray]:
        """Of all that every network has, and of each block choice [20, 3, 3]."""
        blocks = rows[rows["op"] == "expanded_conv"]
        names = ["in_hw", "in_ch", "out_ch", "expand_ch", "kernel", "stride"]
        time_of = dict(zip(blocks[names].astype(int).itertuples(index=False, name=None), blocks["mean_ms"]))

        def time(*key: int) -> float:
            if key not in time_of:
                raise UserError(f"{self._path} has no block {dict(zip(names, key))} at {resolution}; copy it again")
            return float(time_of[key])

        skeleton = MobileNetV3Skeleton(resolution=resolution)
        timed = channels(TIMED_WIDTH, skeleton)
        side, width = -(-resolution // skeleton.strides[0]), timed.stem
        fixed = float(rows.loc[rows["op"] != "expanded_conv", "mean_ms"].sum()) + time(side, width, width, width, 3, 1)
        table = np.empty((20, len(KERNELS), len(EXPANSIONS)))
        for unit, (out, unit_stride) in enumerate(zip(timed.stages, skeleton.strides[1:])):
            for slot in range(4):
                stride = unit_stride if slot == 0 else 1
                for k, kernel in enumerate(KERNELS):
                    for e, expansion in enumerate(EXPANSIONS):
                        table[4 * unit + slot, k, e] = time(side, width, out, width * expansion, kernel, stride)
                side, width = -(-side // stride), out
        return fixed, table


class GpuLatency:
    """A GPU at a batch size: measured for 5,000 architectures at a resolution each, fitted for all others.

    The fit is additive: a time for each choice in each slot, a part of it in proportion to the pixels, least squares
    of relative errors. `error` is the mean relative error and `rank_correlation` Spearman's over 500 architectures that
    another fit had not seen. Times are of the whole batch.
    """

    def __init__(self, device: str, resolution: int = 224, path: str | Path | None = None):
        path = Path(path) if path is not None else data_path(GPU_TABLE)
        rows, digest = read_csv(path)
        column = f"latency_ms_{device}"
        if missing := sorted({"ks", "e", "d", "r", column} - set(rows.columns)):
            raise UserError(f"{path} lacks the columns {', '.join(missing)} of a table of architectures")
        numbers(rows, column, str(path), 0.0, _LONGEST_MS, "milliseconds")
        sides = rows["r"].to_numpy(np.int64)
        if not sides.min() <= resolution <= sides.max():
            raise UserError(f"{path.name} has resolutions {sides.min()} to {sides.max()}; got {resolution}")
        self.resolution = resolution
        self._sides, self._ms = sides, rows[column].to_numpy(np.float64)
        try:
            parts = [np.array([text.split() for text in rows[name]], dtype=np.int64) for name in ("ks", "e", "d")]
        except (AttributeError, ValueError) as error:
            raise UserError(f"{path}: ks, e and d are not lists of 20, 20 and 5 numbers ({error})") from error
        self._choices = active_choices(Blocks(parts[0], parts[1], parts[2], np.full(len(rows), TIMED_WIDTH))).reshape(
            len(rows), -1
        )
        self._weights = self._fit(np.arange(len(rows)))
        self.source = (
            f"{path.name} {device} at {resolution} pixels, sha256 {digest[:16]}; where not measured, a fit with a mean "
            f"relative error of {self.error:.1%}"
        )

    def __call__(self, blocks: Blocks) -> np.ndarray:
        """Milliseconds [n]; nan for another width than 1.2."""
        choices = active_choices(blocks).reshape(len(blocks.depths), -1)
        fitted = _features(choices, np.full(len(choices), self.resolution)) @ self._weights
        total = [self._measured.get(row.tobytes(), ms) for row, ms in zip(choices, fitted)]
        return np.where(np.isclose(blocks.widths, TIMED_WIDTH), total, np.nan)

    @property
    def error(self) -> float:
        predicted, measured = self._held_out
        return float(np.mean(np.abs(predicted / measured - 1)))

    @property
    def rank_correlation(self) -> float:
        return float(spearmanr(*self._held_out)[0])

    @cached_property
    def _measured(self) -> dict[bytes, float]:
        here = np.flatnonzero(self._sides == self.resolution)
        return {self._choices[i].tobytes(): float(self._ms[i]) for i in here}

    @cached_property
    def _held_out(self) -> tuple[np.ndarray, np.ndarray]:
        order = np.random.default_rng(0).permutation(len(self._ms))
        unseen, seen = np.split(order, [len(order) // 10])
        return _features(self._choices[unseen], self._sides[unseen]) @ self._fit(seen), self._ms[unseen]

    def _fit(self, rows: np.ndarray) -> np.ndarray:
        ms = self._ms[rows]
        relative = _features(self._choices[rows], self._sides[rows]) / ms[:, None]
        penalty = np.eye(relative.shape[1]) * np.mean(1 / ms**2)
        return np.linalg.solve(relative.T @ relative + penalty, relative.T @ np.ones(len(ms)))


def _features(choices: np.ndarray, sides: np.ndarray) -> np.ndarray:
    pixels = (sides[:, None] / 224.0) ** 2
    return np.concatenate([np.ones_like(pixels), pixels, choices, choices * pixels], axis=1)


@dataclass(frozen=True, eq=False)
class BlockDeviceLatency:
    """A device's latencies for a space of blocks: call it with architectures, get milliseconds [n], nan if unknown."""

    device: str
    source: str
    table: PhoneLatency | GpuLatency
    space: Any

    def __call__(self, architectures: Sequence[Any]) -> np.ndarray:
        return self.table(self.space.blocks(architectures))

    def timed(self, most: int, seed: int = 0) -> tuple[list[Any], np.ndarray]:
        """Of `most` architectures drawn from the space those the device knows, and their latencies."""
        drawn = self.space.sample(most, torch.Generator().manual_seed(seed))
        latency = self(drawn)
        known = np.flatnonzero(~np.isnan(latency))
        return [drawn[i] for i in known.tolist()], latency[known]


def block_device_latency(
    device: str, space: BlockSpace, resolution: int = 224, data_dir: str | os.PathLike[str] | None = None
) -> BlockDeviceLatency:
    """The latencies of a device by its name for a space of blocks.

    Raises UserError for a name that is not known, DataMissing when the device's table is not there.
    """
    if device not in BLOCK_DEVICES:
        raise unknown_name("device", device, BLOCK_DEVICES)
    if device == PHONE:
        table: PhoneLatency | GpuLatency = PhoneLatency(resolution, data_path(PHONE_TABLE, data_dir))
    else:
        table = GpuLatency(device, resolution, data_path(GPU_TABLE, data_dir))
    return BlockDeviceLatency(device, table.source, table, space)
