"""Images and trainings small enough for a test: a pool like mini-ImageNet32, a lite protocol for a few channels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pomonag.evaluation.protocols import LITE_PROTOCOLS

TINY_SKELETON: tuple[tuple[str, Any], ...] = (("width_scale", 0.125), ("divisor", 4), ("strides", (1, 2, 1, 2, 1, 1)))
"""Of MobileNetV3's networks."""


def write_pool(
    folder: Path, a_class: int, draw: Callable[[np.random.Generator, np.ndarray], np.ndarray] | None = None
) -> Path:
    """A data folder whose mini-ImageNet32 has `a_class` images of each of 100 classes: noise, or what `draw` makes.

    `draw` gets a generator and the labels [n]; it returns pixels [n, 32, 32, 3].
    """
    generator = np.random.default_rng(0)
    labels = np.tile(np.arange(100, dtype=np.int16), a_class)
    if draw is None:
        pixels = generator.integers(0, 255, (len(labels), 32, 32, 3), dtype=np.uint8)
    else:
        pixels = draw(generator, labels).astype(np.uint8)
    (folder / "images").mkdir()
    np.savez(folder / "images" / "miniimagenet32.npz", x=pixels, y=labels, classes=np.arange(100).astype(str))
    return folder


def shrink_lite_protocol(monkeypatch: Any, batch_size: int) -> None:
    """MobileNetV3's reduced training on 8 pixels, an epoch of `batch_size`."""
    protocol = LITE_PROTOCOLS["mbv3"]
    recipe = replace(protocol.recipe, epochs=1, batch_size=batch_size, resolution=8, crop_padding=1)
    monkeypatch.setitem(LITE_PROTOCOLS, "mbv3", replace(protocol, recipe=recipe, reduced=TINY_SKELETON))
