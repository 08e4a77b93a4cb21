"""What Once-for-All's own predictor says of a network's ImageNet accuracy: the outside check of short trainings."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from pomonag.data.sources import data_path
from pomonag.errors import UserError
from pomonag.spaces.mobilenetv3 import MobileNetV3Net, slot_settings

PREDICTOR = "ofa/acc_predictor.npz"
_LAYERS = (0, 2, 4, 6)


def predicted_imagenet_accuracy(
    architectures: Sequence[MobileNetV3Net], resolution: int = 224, data_dir: str | os.PathLike[str] | None = None
) -> np.ndarray:
    """Top-1 in percent, float64 [b], by the released predictor (a perceptron over kernels, expansions, resolution).

    It knows one width: compare networks of equal width. Raises DataMissing where its weights are not there.

    Source: Cai et al., Once-for-All, ICLR 2020; 128 inputs: one-hot kernels, one-hot expansions, one-hot resolution.
    """
    if resolution % 16 or not 112 <= resolution <= 224:
        raise UserError(f"got resolution {resolution}; the predictor knows multiples of 16 from 112 to 224")
    path = data_path(PREDICTOR, data_dir)
    kernels, expansions = slot_settings(architectures)
    n = len(architectures)
    x = np.zeros((n, 128))
    x[:, :60] = (kernels[..., None] == np.arange(3)).reshape(n, 60)
    x[:, 60:120] = (expansions[..., None] == np.arange(3)).reshape(n, 60)
    x[:, 120 + (resolution - 112) // 16] = 1.0
    try:
        with np.load(path, allow_pickle=False) as weights:
            for layer in _LAYERS:
                x = x @ weights[f"{layer}.weight"].T.astype(np.float64) + weights[f"{layer}.bias"]
                x = np.maximum(x, 0.0) if layer != _LAYERS[-1] else x
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{path} is not a whole accuracy predictor ({error}); copy it again") from error
    return 100.0 * x[:, 0]
