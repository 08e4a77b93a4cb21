"""Where generation is computed."""

from __future__ import annotations

import os

DEVICE_VARIABLE = "POMONAG_BENCHMARKS_DEVICE"
"""Set by `pytest benchmarks/ --gpu` and seen by its worker processes; without it `cpu`."""


def computing_device() -> str:
    """PyTorch's name of the device that runs of this process compute on."""
    return os.environ.get(DEVICE_VARIABLE, "cpu")
