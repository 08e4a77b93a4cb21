"""The reference networks that ship with the package: weights in half precision, and how they came about."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from pomonag.errors import UserError
from pomonag.records.checkpoints import load_checkpoint, save_checkpoint
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
    save_checkpoint(file, network.state_dict(), origin, beside=True)


def load_score_network(space: str, folder: Path = SHIPPED) -> ScoreNetwork:
    """The score network of a space in evaluation mode; a missing, damaged or foreign file is a `UserError`."""
    weights, _ = load_checkpoint(folder / space / "reference_score.safetensors")
    return ScoreNetwork.from_official_state_dict(weights, space).eval()


def load_predictor(space: str, objective: str, folder: Path = SHIPPED) -> TrainedPredictor:
    """The noisy predictor of an objective (`accuracy`, `params`, `macs` or `latency_ms`) in evaluation mode."""
    file = folder / space / f"reference_{objective}.safetensors"
    weights, origin = load_checkpoint(file)
    network = NoisyPredictor.from_official_state_dict(weights, space).eval()
    try:
        return TrainedPredictor(objective, network, LabelScaling(**origin["label_scaling"]), bool(origin["maximise"]))
    except (KeyError, TypeError) as error:
        raise UserError(
            f"{file} does not fit this version ({error}): train it again with `pomonag train reference`"
        ) from error
