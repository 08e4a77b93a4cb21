"""How a network is trained: every setting that a label depends on, in one frozen record."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from pomonag.errors import UserError, unknown_name
from pomonag.records.hashes import json_hash

PRECISIONS = ("fp32", "bf16")
OPTIMIZERS = ("sgd", "muon", "adamw")


@dataclass(frozen=True)
class Recipe:
    """SGD with Nesterov momentum, one cosine with linear warm-up (both a step), flips and crops.

    With the optimizer `muon` Muon trains the convolution kernels at `muon_learning_rate`, and SGD all else.
    `resolution` is the side in pixels the images are reduced to; `crop_padding` the zero border in pixels, before
    normalisation's mean becomes zero, that random crops may reach into; `warmup` a share of all steps.
    """

    epochs: int = 3
    batch_size: int = 64
    resolution: int = 16
    optimizer: str = "muon"
    learning_rate: float = 0.1
    muon_learning_rate: float = 0.05
    momentum: float = 0.9
    weight_decay: float = 5e-4
    warmup: float = 0.1
    label_smoothing: float = 0.0
    flip: float = 0.5
    crop_padding: int = 2
    precision: str = "bf16"

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise unknown_name("precision", self.precision, PRECISIONS)
        if self.optimizer not in OPTIMIZERS:
            raise unknown_name("optimizer", self.optimizer, OPTIMIZERS)
        if min(self.epochs, self.batch_size, self.resolution) < 1 or self.crop_padding < 0:
            raise UserError(f"got {self}; epochs, batch_size and resolution are at least 1, crop_padding at least 0")
        if self.learning_rate <= 0 or not 0 <= self.warmup < 1 or not 0 <= self.label_smoothing < 1:
            raise UserError(f"got {self}; learning_rate is positive, warmup and label_smoothing are in [0, 1)")

    @property
    def hash(self) -> str:
        """Twelve hexadecimal digits that change with any setting."""
        return json_hash(dataclasses.asdict(self))
