"""What each setting of a training pipeline may be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

NAMES: dict[str, tuple[str | None, ...]] = {
    "weights": ("he_normal", "pytorch", "imagenet"),
    "optimiser": ("sgd", "adam", "adamw"),
    "scheduler": (None, "cosine", "cosine_restarts"),
    "schedule_unit": ("step", "epoch"),
    "augmentation": (None, "auto_augment", "trivial_augment_wide", "rand_augment", "augmix"),
    "auto_augment_policy": ("imagenet", "cifar10", "svhn"),
    "normalisation": ("dataset", "imagenet"),
    "selection": ("best", "last"),
}


@dataclass(frozen=True)
class Numbers:
    """What a setting may be: numbers from `low` to `high`, the ends included unless `open_low`, `open_high`."""

    low: float
    high: float = math.inf
    whole: bool = False
    open_low: bool = False
    open_high: bool = False
    optional: bool = False

    def hold(self, value: Any) -> bool:
        if value is None:
            return self.optional
        if isinstance(value, bool) or not isinstance(value, int if self.whole else int | float):
            return False
        if not math.isfinite(value):
            return False
        above = value > self.low if self.open_low else value >= self.low
        return above and (value < self.high if self.open_high else value <= self.high)

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        ends = ("(" if self.open_low else "[", ")" if self.open_high or self.high == math.inf else "]")
        return f"{kind} in {ends[0]}{self.low:g}, {self.high:g}{ends[1]}" + (" or None" if self.optional else "")


_COUNT = Numbers(1, whole=True)
_FROM_ZERO = Numbers(0, whole=True)
_SHARE = Numbers(0, 1)
BELOW_ONE = Numbers(0, 1, open_high=True)
_NOT_NEGATIVE = Numbers(0)
NUMBERS = {
    "epochs": _COUNT,
    "batch_size": _COUNT,
    "resolution": _COUNT,
    "cycles": _COUNT,
    "warmup_epochs": _FROM_ZERO,
    "padding": _FROM_ZERO,
    "cutout": _FROM_ZERO,
    "learning_rate": Numbers(0, open_low=True),
    "momentum": BELOW_ONE,
    "label_smoothing": BELOW_ONE,
    "weight_decay": _NOT_NEGATIVE,
    "mixup": _NOT_NEGATIVE,
    "cutmix": _NOT_NEGATIVE,
    "horizontal_flip": _SHARE,
    "random_erasing": _SHARE,
    "validation_share": Numbers(0, 1, open_low=True, open_high=True),
    "gradient_clip": Numbers(0, open_low=True, optional=True),
    "early_stopping_patience": Numbers(1, whole=True, optional=True),
}
