"""What Once-for-All's own predictor says of a network's ImageNet accuracy: an outside check, and an evaluator."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from typing import Any

import numpy as np

from pomonag.data.sources import data_path
from pomonag.errors import UserError, unknown_name
from pomonag.evaluation.block_latency import TIMED_WIDTH, BlockDeviceLatency
from pomonag.evaluation.evaluator import Evaluation, task_name
from pomonag.records.files import file_sha256
from pomonag.spaces.mobilenetv3 import MobileNetV3Net, slot_settings
from pomonag.spaces.search_space import SearchSpace

PREDICTOR = "ofa/acc_predictor.npz"
TASK, CLASSES = "imagenet", 1000
_LAYERS = {0: (400, 128), 2: (400, 400), 4: (400, 400), 6: (1, 400)}
_CAVEATS = (
    "predicted, not measured: ImageNet top-1, four to five points above what networks found with it were measured at",
    "of networks with weights of Once-for-All's super-network (the package pairs the predictor with width 1.2)",
)
_OTHER_WIDTH = "the network has another width than 1.2, of which the predictor knows nothing: the value is that of 1.2"


class OfaAccuracyPredictor:
    """The released predictor: a perceptron over kernels, expansions and resolution; call it with networks.

    It knows one width: compare networks of equal width.

    Source: Cai et al., Once-for-All, ICLR 2020; 128 inputs: one-hot kernels, one-hot expansions, one-hot resolution.
    """

    def __init__(self, data_dir: str | os.PathLike[str] | None = None):
        """Raises DataMissing where its weights are not there, UserError where they are damaged."""
        path = data_path(PREDICTOR, data_dir)
        try:
            with np.load(path, allow_pickle=False) as file:
                self._layers = [
                    (_shaped(file[f"{i}.weight"], shape), _shaped(file[f"{i}.bias"], shape[:1]))
                    for i, shape in _LAYERS.items()
                ]
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise UserError(f"{path} is not a whole accuracy predictor ({error}); copy it again") from error
        self.source = f"{path.name} sha256 {file_sha256(path)[:16]}"

    def __call__(self, architectures: Sequence[MobileNetV3Net], resolution: int = 224) -> np.ndarray:
        """Top-1 in percent, float64 [b]. Raises UserError for a resolution that it does not know."""
        check_resolution(resolution)
        kernels, expansions = slot_settings(architectures)
        n = len(architectures)
        x = np.zeros((n, 128))
        x[:, :60] = (kernels[..., None] == np.arange(3)).reshape(n, 60)
        x[:, 60:120] = (expansions[..., None] == np.arange(3)).reshape(n, 60)
        x[:, 120 + (resolution - 112) // 16] = 1.0
        for weight, bias in self._layers[:-1]:
            x = np.maximum(x @ weight.T + bias, 0.0)
        weight, bias = self._layers[-1]
        return 100.0 * (x @ weight.T + bias)[:, 0]


def predicted_imagenet_accuracy(
    architectures: Sequence[MobileNetV3Net], resolution: int = 224, data_dir: str | os.PathLike[str] | None = None
) -> np.ndarray:
    """`OfaAccuracyPredictor`'s answer, once: percent, float64 [b]."""
    check_resolution(resolution)
    return OfaAccuracyPredictor(data_dir)(architectures, resolution)


def check_resolution(resolution: int) -> None:
    """UserError for a resolution that the predictor does not know."""
    if resolution % 16 or not 112 <= resolution <= 224:
        raise UserError(f"got resolution {resolution}; the predictor knows multiples of 16 from 112 to 224")


class OfaPredictorEvaluator:
    """Evaluations at paper scale without any training: the full network on ImageNet, by Once-for-All's predictor.

    Params and MACs are exact, for 1,000 classes at `resolution`; latency is the device's, None where it has none (all
    devices were measured at width 1.2). The accuracy is a prediction with caveats that every answer repeats in its
    provenance: ImageNet alone, multiples of 16 pixels from 112 to 224, and one width: of two networks that differ in
    nothing else, both get the value of width 1.2. `seed` changes nothing.
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        resolution: int = 224,
        latency: BlockDeviceLatency | None = None,
        data_dir: str | os.PathLike[str] | None = None,
    ):
        """Raises DataMissing without the predictor's weights, UserError for a resolution that it does not know."""
        check_resolution(resolution)
        self.space, self.resolution, self.latency = space, resolution, latency
        self._predictor = OfaAccuracyPredictor(data_dir)

    def evaluate(self, architecture: Any, task: Any, seed: int = 0) -> Evaluation:
        """Predicted top-1 in percent. Raises UserError for other tasks than `imagenet`, or another space's networks."""
        if task_name(task) != TASK:
            raise unknown_name("task of Once-for-All's accuracy predictor", task_name(task), [TASK])
        if not isinstance(architecture, MobileNetV3Net):
            raise UserError(f"got {architecture}; Once-for-All's accuracy predictor knows networks of mbv3 alone")
        costs = self.space.cost([architecture], classes=CLASSES, resolution=self.resolution)
        latency = np.nan if self.latency is None else float(self.latency([architecture])[0])
        return Evaluation(
            accuracy=float(self._predictor([architecture], self.resolution)[0]),
            loss=None,
            params=int(costs.params[0]),
            macs=int(costs.macs[0]),
            latency_ms=None if np.isnan(latency) else latency,
            seconds=0.0,
            provenance={
                "evaluator": "ofa_predictor",
                "predictor": self._predictor.source,
                "resolution": self.resolution,
                "classes": CLASSES,
                "latency": None if self.latency is None else self.latency.source,
                "caveats": [*_CAVEATS, *([_OTHER_WIDTH] if architecture.width != TIMED_WIDTH else [])],
            },
        )


def _shaped(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if values.shape != shape:
        raise ValueError(f"an array has the shape {values.shape}, expected {shape}")
    return values.astype(np.float64)
