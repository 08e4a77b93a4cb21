"""A checkpoint set: everything that predicts, trained on the same labels, saved and loaded as two files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pomonag.errors import UserError, unknown_name
from pomonag.predictors.accuracy_scale import AccuracyScale
from pomonag.predictors.dataset_code import DatasetCode, check_embedding, separability
from pomonag.predictors.embeddings import SHIPPED_ENCODER
from pomonag.predictors.latency_model import LatencyModel
from pomonag.predictors.performance_predictor import (
    PROTOCOLS,
    AccuracyEnsemble,
    EnsembleConfig,
    GuideConfig,
    NoisyPredictor,
    condition,
)
from pomonag.records.checkpoints import load_checkpoint, save_checkpoint
from pomonag.spaces.search_space import SearchSpace

CHECKPOINTS = Path(__file__).resolve().parents[1] / "assets" / "checkpoints"


@dataclass(frozen=True, eq=False)
class PredictorSet:
    """Predictors of one space; `header` says on what, when and how they were trained."""

    space: SearchSpace
    code: DatasetCode
    ensemble: AccuracyEnsemble
    noisy: NoisyPredictor
    latency: LatencyModel
    scales: dict[str, AccuracyScale]
    header: dict[str, Any]

    @property
    def protocols(self) -> tuple[str, ...]:
        """The protocols whose labels the set has seen."""
        return tuple(self.header["protocols"])

    @property
    def encoder(self) -> str:
        """The image encoder whose features the set was trained on."""
        return str(self.header.get("encoder", SHIPPED_ENCODER))

    def check(self, features: int, protocol: str) -> None:
        """UserError for another encoder's number of features, and for a protocol that the set has not seen."""
        if protocol not in self.protocols:
            raise unknown_name(f"protocol of the checkpoint set {self.header['name']!r}", protocol, self.protocols)
        expected = len(self.code.mean) // 2
        if features != expected:
            raise UserError(
                f"got {features} features an image, expected {expected}, those of {self.encoder}, which the checkpoint "
                f"set {self.header['name']!r} was trained with. Use the encoder {self.encoder}, or precomputed:FILE "
                "with its features (`pomonag data embed` writes such a file)."
            )

    def condition(self, embedding: Tensor, protocol: str) -> Tensor:
        """The question for a data set's embedding [classes, samples, features] and a protocol the set has seen."""
        check_embedding(embedding)
        self.check(embedding.shape[-1], protocol)
        return condition(self.code(embedding.float()), protocol)

    @torch.inference_mode()
    def scores(self, architectures: Sequence[Any], given: Tensor) -> np.ndarray:
        """Denoised-accuracy scores (standard normal quantiles of the rank), [n]."""
        if not architectures:
            return np.zeros(0)
        features = torch.from_numpy(self.space.features(architectures))
        return self.ensemble(features, given).double().numpy()

    def accuracy(self, architectures: Sequence[Any], embedding: Tensor, protocol: str) -> np.ndarray:
        """Predicted accuracy in percent, [n]; for the `proxy` protocol, which knows no accuracies, 50 + 10 * score."""
        scores = self.scores(architectures, self.condition(embedding, protocol))
        if protocol not in self.scales:
            return np.clip(50 + 10 * scores, 0, 100)
        return self.scales[protocol](scores, separability(embedding.float()))

    @torch.inference_mode()
    def latency_ms(self, architectures: Sequence[Any]) -> np.ndarray:
        """Latency on the machine that measured the meta-dataset, predicted, [n]."""
        if not architectures:
            return np.zeros(0)
        return self.latency(torch.from_numpy(self.space.features(architectures))).double().numpy()


def save_predictor_set(predictors: PredictorSet, folder: Path) -> None:
    """Writes `predictors.safetensors` to the folder: weights in half precision, the rest in its header."""
    parts = {
        "code": predictors.code,
        "ensemble": predictors.ensemble,
        "noisy": predictors.noisy,
        "latency": predictors.latency,
    }
    tensors = {f"{name}.{key}": value for name, part in parts.items() for key, value in part.state_dict().items()}
    # Costs in the millions do not fit half precision.
    exact = {key: tensors.pop(key) for key in ("noisy.label_mean", "noisy.label_scale")}
    header = {
        **predictors.header,
        "heads": list(predictors.noisy.heads),
        "ensemble": vars(predictors.ensemble.config),
        "noisy": vars(predictors.noisy.config),
        "scales": {protocol: vars(scale) for protocol, scale in predictors.scales.items()},
        "label_mean": exact["noisy.label_mean"].tolist(),
        "label_scale": exact["noisy.label_scale"].tolist(),
    }
    save_checkpoint(folder / "predictors.safetensors", tensors, header)


def load_predictor_set(space: SearchSpace, name: str = "shipped", folder: Path = CHECKPOINTS) -> PredictorSet:
    """A set that ships with the package (or lies in `folder`/<space>/<name>)."""
    home = folder / space.name
    known = sorted(path.parent.name for path in home.glob("*/predictors.safetensors"))
    if name not in known:
        raise unknown_name(f"checkpoint set of {space.name}", name, known)
    path = home / name / "predictors.safetensors"
    tensors, header = load_checkpoint(path)

    def part(prefix: str) -> dict[str, Tensor]:
        return {k.removeprefix(prefix + "."): v for k, v in tensors.items() if k.startswith(prefix + ".")}

    try:
        code = DatasetCode(len(tensors["code.mean"]) // 2)
        ensemble = AccuracyEnsemble(len(tensors["ensemble.mean"]), EnsembleConfig(**header["ensemble"]))
        noisy = NoisyPredictor(space.encoding, tuple(header["heads"]), GuideConfig(**header["noisy"]))
        latency = LatencyModel(len(tensors["latency.weight"]))
        labels = {"label_mean": torch.tensor(header["label_mean"]), "label_scale": torch.tensor(header["label_scale"])}
        for module, state in (
            (code, part("code")),
            (ensemble, part("ensemble")),
            (noisy, part("noisy") | labels),
            (latency, part("latency")),
        ):
            module.load_state_dict(state)
            module.eval().requires_grad_(False)
        scales = {
            protocol: AccuracyScale(
                tuple(fields["curve"]), tuple(fields["median"]), tuple(fields["best"]), fields["datasets"]
            )
            for protocol, fields in header["scales"].items()
        }
        if not isinstance(header["name"], str) or not set(header["protocols"]) <= set(PROTOCOLS):
            raise TypeError(f"name {header['name']!r}, protocols {header['protocols']}")
    except (KeyError, RuntimeError, TypeError) as error:
        raise UserError(f"{path} does not fit this version ({error}): train it again with `pomonag train`") from error
    return PredictorSet(space, code, ensemble, noisy, latency, scales, header)
