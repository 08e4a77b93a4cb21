"""The reference networks that ship with the package: weights in half precision, and how they came about."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from pomonag.errors import UserError
from pomonag.records.files import atomic_write
from pomonag.reference.label_scaling import LabelScaling
from pomonag.reference.predictors import NoisyPredictor
from pomonag.reference.score_network import ScoreNetwork

SHIPPED = Path(__file__).resolve().parents[1] / "assets" / "checkpoints"


@dataclass(frozen=True)
class TrainedPredictor:
    """A noisy predictor with the scale and the unit of its labels, and the direction that is wanted of them."""

    objective: str
    network: NoisyPredictor
    scaling: LabelScaling
    maximise: bool


def save_weights(file: Path, network: nn.Module, origin: dict[str, Any]) -> None:
    """Write the weights in half precision to `file` (.safetensors) and `origin` as JSON beside it."""
    tensors = {name: value.half().contiguous() for name, value in network.state_dict().items()}
    file.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(file) as opened:
        opened.write(save(tensors))
    with atomic_write(file.with_suffix(".json"), "w") as opened:
        opened.write(json.dumps(origin, indent=1) + "\n")


def load_score_network(space: str, folder: Path = SHIPPED) -> ScoreNetwork:
    """The score network of a space in evaluation mode; a missing or damaged file is a `UserError`."""
    return ScoreNetwork.from_official_state_dict(_weights(folder / space / "reference_score.safetensors"), space).eval()


def load_predictor(space: str, objective: str, folder: Path = SHIPPED) -> TrainedPredictor:
    """The noisy predictor of an objective (`accuracy`, `params`, `macs` or `latency_ms`) in evaluation mode."""
    file = folder / space / f"reference_{objective}.safetensors"
    network = NoisyPredictor.from_official_state_dict(_weights(file), space).eval()
    try:
        origin = json.loads(file.with_suffix(".json").read_text())
        scaling = LabelScaling(**origin["label_scaling"])
        maximise = bool(origin["maximise"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unreadable(file.with_suffix(".json"), error) from error
    return TrainedPredictor(objective, network, scaling, maximise)


def _weights(file: Path) -> dict[str, Tensor]:
    try:
        return {name: value.to(torch.float32) for name, value in load(file.read_bytes()).items()}
    except (OSError, safetensors.SafetensorError) as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: Exception) -> UserError:
    return UserError(
        f"cannot read the checkpoint {file}: {error}. Install the package again, or make the file with `pomonag train`."
    )
