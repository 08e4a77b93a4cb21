"""Tables 7 and 8 of the paper as data: the training pipelines it searched among, and the one chosen for each space."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, ClassVar

# The paper's names, in its order. Table 7 searched the first twelve, Table 8 prints all but CutMix.
SEARCHED = {
    "epochs": "Epochs",
    "warmup_epochs": "Warm-up epochs",
    "optimiser": "Optimiser",
    "learning_rate": "Learning rate",
    "scheduler": "Learning rate scheduler",
    "weight_decay": "Weight decay",
    "label_smoothing": "Label smoothing",
    "heavy_augmentation": "Heavy augmentation",
    "horizontal_flip": "Random horizontal flip",
    "random_erasing": "Random erasing (Gaussian)",
    "mixup": "MixUp",
    "cutmix": "CutMix",
}
CHOSEN = {
    "weights": "Weights initialisation",
    "mixed_precision": "Mixed precision",
    "technique": "Training technique",
    "epochs": "Epochs",
    "warmup_epochs": "Warm-up epochs",
    "early_stopping_patience": "Early stopping patience",
    "optimiser": "Optimiser",
    "learning_rate": "Learning rate",
    "scheduler": "Learning rate scheduler",
    "weight_decay": "Weight decay",
    "label_smoothing": "Label smoothing",
    "resize": "Resizing",
    "heavy_augmentation": "Heavy augmentation",
    "horizontal_flip": "Random horizontal flip",
    "padding": "Padding (constant)",
    "random_crop": "Random crop",
    "random_erasing": "Random erasing (Gaussian)",
    "mixup": "MixUp",
}
_POWERS_OF_TEN = ("learning_rate", "weight_decay")
_SIDES = ("resize", "random_crop")
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class PipelineSpace:
    """The choices for each hyperparameter; None is the paper's dash: not used."""

    place: ClassVar[str] = "Table 7 (App. D)"

    epochs: tuple[int, ...]
    warmup_epochs: tuple[int | None, ...]
    optimiser: tuple[str, ...]
    learning_rate: tuple[float, ...]
    scheduler: tuple[str | None, ...]
    weight_decay: tuple[float | None, ...]
    label_smoothing: tuple[float | None, ...]
    heavy_augmentation: tuple[str | None, ...]
    horizontal_flip: tuple[float | None, ...]
    random_erasing: tuple[float | None, ...]
    mixup: tuple[float | None, ...]
    cutmix: tuple[float | None, ...]

    @property
    def size(self) -> int:
        """How many pipelines there are.

        >>> PAPER_PIPELINE_SPACE.size
        207360
        """
        return math.prod(len(getattr(self, field.name)) for field in fields(self))


@dataclass(frozen=True)
class Pipeline:
    """How the architectures of one space are trained; None is the paper's dash: not used.

    `padding` and the sides of `resize` and `random_crop` are in pixels; `horizontal_flip`, `random_erasing` and `mixup`
    are printed without saying what they are (probabilities, or MixUp's alpha). Batch size, momentum and CutMix are not
    printed.
    """

    place: ClassVar[str] = "Table 8 (App. D)"

    weights: str
    mixed_precision: bool
    technique: str
    epochs: int
    warmup_epochs: int | None
    early_stopping_patience: int
    optimiser: str
    learning_rate: float
    scheduler: str | None
    weight_decay: float
    label_smoothing: float | None
    resize: int
    heavy_augmentation: str | None
    horizontal_flip: float | None
    padding: int
    random_crop: int
    random_erasing: float | None
    mixup: float | None


PAPER_PIPELINE_SPACE = PipelineSpace(
    epochs=(50, 100, 200),
    warmup_epochs=(None, 10, 20),
    optimiser=("SGD", "Adam", "AdamW"),
    learning_rate=(1e-1, 1e-2, 1e-3, 1e-4),
    scheduler=(None, "Cosine annealing", "Cosine annealing with restarts"),
    weight_decay=(None, 5e-3, 5e-4, 5e-5),
    label_smoothing=(None, 0.1),
    heavy_augmentation=(None, "AutoAugment", "TrivialAugmentWide", "RandAugment", "AugMix"),
    horizontal_flip=(None, 0.5),
    random_erasing=(None, 0.2),
    mixup=(None, 0.2),
    cutmix=(None, 0.2),
)
PAPER_PIPELINES = {
    "nb201": Pipeline(
        weights="HeNormal initialisation",
        mixed_precision=True,
        technique="Ordinary",
        epochs=200,
        warmup_epochs=20,
        early_stopping_patience=120,
        optimiser="SGD",
        learning_rate=1e-1,
        scheduler="Cosine annealing",
        weight_decay=5e-4,
        label_smoothing=None,
        resize=32,
        heavy_augmentation="TrivialAugmentWide",
        horizontal_flip=0.5,
        padding=4,
        random_crop=32,
        random_erasing=0.2,
        mixup=None,
    ),
    "mbv3": Pipeline(
        weights="ImageNet-1k pre-training",
        mixed_precision=True,
        technique="Fine-tuning",
        epochs=50,
        warmup_epochs=None,
        early_stopping_patience=30,
        optimiser="AdamW",
        learning_rate=1e-3,
        scheduler=None,
        weight_decay=5e-5,
        label_smoothing=0.1,
        resize=224,
        heavy_augmentation="AugMix",
        horizontal_flip=0.5,
        padding=21,
        random_crop=224,
        random_erasing=None,
        mixup=0.2,
    ),
}


def setting_text(name: str, value: Any) -> str:
    """A setting as the paper prints it.

    >>> setting_text("learning_rate", 0.1), setting_text("resize", 32), setting_text("mixup", None)
    ('1 × 10⁻¹', '32×32', '–')
    """
    if value is None:
        return "–"
    if name in _POWERS_OF_TEN:
        mantissa, exponent = f"{value:e}".split("e")
        return f"{float(mantissa):g} × 10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
    return f"{value}×{value}" if name in _SIDES else str(value)


def choices_text(name: str, values: tuple[Any, ...]) -> str:
    """Choices as the paper prints them.

    >>> choices_text("warmup_epochs", (None, 10, 20))
    '{–, 10, 20}'
    """
    return "{" + ", ".join(setting_text(name, value) for value in values) + "}"
