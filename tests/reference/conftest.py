"""Golden arrays, and the weights that they were made with."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

GOLDEN = Path(__file__).parent / "golden"


def golden_arrays(name: str) -> dict[str, Tensor]:
    with np.load(GOLDEN / f"{name}.npz") as file:
        return {key: torch.from_numpy(value) for key, value in file.items() if value.dtype.kind in "fi"}


def filled(shapes: Mapping[str, Sequence[int]]) -> dict[str, Tensor]:
    weights = {}
    for name, shape in shapes.items():
        generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
        weights[name] = torch.randn(tuple(shape), generator=generator) * 0.05
        if name.endswith("norm.weight") or (".norms." in name and name.endswith("weight")):
            weights[name] += 1.0
    return weights


@pytest.fixture(scope="session")
def arrays():
    return golden_arrays


@pytest.fixture(scope="session")
def shapes():
    """Official names and shapes by (space, network)."""
    table = {}
    for space in ("nb201", "mbv3"):
        for network, entry in json.loads((GOLDEN / f"{space}_state_dicts.json").read_text()).items():
            if "state_dict" in entry:
                table[space, network] = entry["state_dict"]
    wide = json.loads((GOLDEN / "nb201_state_dicts.json").read_text())["predictor_hs512"]["state_dict_differences"]
    table["nb201", "predictor_hs512"] = table["nb201", "predictor_hs32"] | wide
    return table


@pytest.fixture(scope="session")
def weights(shapes):
    """The filled weights of (space, network)."""
    return lambda space, network: filled(shapes[space, network])


@pytest.fixture(scope="session")
def relative():
    """Largest difference over the largest expected value."""
    return lambda found, expected: ((found - expected).abs().max() / expected.abs().max()).item()
