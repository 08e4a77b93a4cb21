"""The reference networks that ship with the package: weights in half precision, and how they came about."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from pomonag.errors import UserError
from pomonag.records.checkpoints import load_checkpoint, save_checkpoint
from pomonag.reference.label_scaling import LabelScaling
from pomonag.reference.predictors import NoisyPredictor
from pomonag.reference.score_network import ScoreNetwork
from pomonag.reference.spaces import ReferenceSpace

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


def load_score_network(space: ReferenceSpace, folder: Path = SHIPPED) -> ScoreNetwork:
    """The score network of a space in evaluation mode; a missing, damaged or foreign file is a `UserError`."""
    weights, _ = _load(space, "score", folder)
    return ScoreNetwork.from_official_state_dict(weights, space).eval()


def load_predictor(space: ReferenceSpace, objective: str, folder: Path = SHIPPED) -> TrainedPredictor:
    """The noisy predictor of an objective (`accuracy`, `params`, `macs` or `latency_ms`) in evaluation mode."""
    weights, origin = _load(space, objective, folder)
    network = NoisyPredictor.from_official_state_dict(weights, space).eval()
    try:
        return TrainedPredictor(objective, network, LabelScaling(**origin["label_scaling"]), bool(origin["maximise"]))
    except (KeyError, TypeError) as error:
        file = space.checkpoint(folder, objective)
        raise UserError(
            f"{file} does not fit this version ({error}): train it again with `pomonag train reference`"
        ) from error


def _load(space: ReferenceSpace, part: str, folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Weights and origin; the matrices that a network was trained on cannot be told from its weights alone."""
    file = space.checkpoint(folder, part)
    weights, origin = load_checkpoint(file)
    if origin.get("encoding") != space.encoding:
        raise UserError(
            f"{file} is of the encoding {origin.get('encoding')}; expected {space.encoding}. Give the folder that has "
            f"it, or train it with `pomonag train reference --space {space.name} --encoding {space.encoding}`."
        )
    return weights, origin
