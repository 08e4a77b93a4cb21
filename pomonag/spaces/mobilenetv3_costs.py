"""Exact params and MACs of MobileNetV3 networks: a table of what each setting of each slot costs, summed by index."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from pomonag.spaces.mobilenetv3 import (
    EXPANSIONS,
    KERNELS,
    SLOTS,
    STAGE_SLOTS,
    WIDTHS,
    MobileNetV3Net,
    MobileNetV3Skeleton,
    slot_settings,
    width_indices,
)
from pomonag.spaces.mobilenetv3_channels import SQUEEZED, channels, middle, squeezed
from pomonag.spaces.search_space import Costs

INACTIVE = len(KERNELS) * len(EXPANSIONS)


def costs(architectures: Sequence[MobileNetV3Net], skeleton: MobileNetV3Skeleton) -> Costs:
    """Params and MACs, int64 [b] each."""
    fixed, of_slot = cost_table(skeleton)
    width = width_indices(architectures)
    kernels, expansions = slot_settings(architectures)
    setting = np.where(kernels < 0, INACTIVE, 3 * expansions + kernels)
    total = fixed[width] + of_slot[width[:, None], np.arange(SLOTS), setting].sum(1)
    return Costs(params=total[:, 0], macs=total[:, 1])


@lru_cache(maxsize=64)
def cost_table(skeleton: MobileNetV3Skeleton) -> tuple[np.ndarray, np.ndarray]:
    """(params, MACs) of what all networks of a width share, int64 [2, 2], and of each slot's settings, [2, 20, 10, 2].

    Settings are 3 * expansion index + kernel index, and the last one an inactive slot (no cost).
    """
    fixed = np.zeros((len(WIDTHS), 2), dtype=np.int64)
    of_slot = np.zeros((len(WIDTHS), SLOTS, INACTIVE + 1, 2), dtype=np.int64)
    for w, width in enumerate(WIDTHS):
        c = channels(width, skeleton)
        side = _halved(skeleton.resolution, skeleton.strides[0])
        fixed[w] += _conv_bn(27 * c.stem, c.stem, side)
        fixed[w] += _conv_bn(9 * c.stem, c.stem, side) + _conv_bn(c.stem * c.first, c.first, side)
        before = c.first
        for stage, outputs in enumerate(c.stages):
            after = _halved(side, skeleton.strides[1 + stage])
            for place in range(STAGE_SLOTS):
                inputs, from_side = (before, side) if place == 0 else (outputs, after)
                for e, expansion in enumerate(EXPANSIONS):
                    m = middle(inputs, expansion, skeleton)
                    for k, kernel in enumerate(KERNELS):
                        block = _conv_bn(inputs * m, m, from_side) + _conv_bn(kernel**2 * m, m, after)
                        block += _conv_bn(m * outputs, outputs, after)
                        if SQUEEZED[stage]:
                            q = squeezed(m, skeleton)
                            block += np.array([2 * m * q + q + m, 2 * m * q])
                        of_slot[w, STAGE_SLOTS * stage + place, 3 * e + k] = block
            before, side = outputs, after
        fixed[w] += _conv_bn(before * c.expanded, c.expanded, side)
        head = c.expanded * c.mixed + c.mixed * skeleton.classes
        fixed[w] += (head + skeleton.classes, head)
    return fixed, of_slot


def _conv_bn(weights: int, outputs: int, side: int) -> np.ndarray:
    """A convolution without bias, with batch normalisation; the latter has parameters and no MACs."""
    return np.array([weights + 2 * outputs, weights * side * side], dtype=np.int64)


def _halved(side: int, stride: int) -> int:
    return -(-side // stride)
