"""How the paper prints Tables 7 and 8: its names, its order and its words for the pipelines of `pomonag.training`."""

from __future__ import annotations

from typing import Any

from pomonag.training.pipeline import PAPER_PIPELINES, TrainingPipeline
from pomonag.training.pipeline_space import PAPER_PIPELINE_SPACE

# The paper's names, in its order. Table 7 searched the first twelve, Table 8 prints all but CutMix.
SEARCHED = {
    "epochs": "Epochs",
    "warmup_epochs": "Warm-up epochs",
    "optimiser": "Optimiser",
    "learning_rate": "Learning rate",
    "scheduler": "Learning rate scheduler",
    "weight_decay": "Weight decay",
    "label_smoothing": "Label smoothing",
    "augmentation": "Heavy augmentation",
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
    "augmentation": "Heavy augmentation",
    "horizontal_flip": "Random horizontal flip",
    "padding": "Padding (constant)",
    "random_crop": "Random crop",
    "random_erasing": "Random erasing (Gaussian)",
    "mixup": "MixUp",
}
_WORDS = {
    "he_normal": "HeNormal initialisation",
    "imagenet": "ImageNet-1k pre-training",
    "sgd": "SGD",
    "adam": "Adam",
    "adamw": "AdamW",
    "cosine": "Cosine annealing",
    "cosine_restarts": "Cosine annealing with restarts",
    "auto_augment": "AutoAugment",
    "trivial_augment_wide": "TrivialAugmentWide",
    "rand_augment": "RandAugment",
    "augmix": "AugMix",
}
_POWERS_OF_TEN = ("learning_rate", "weight_decay")
_SIDES = ("resize", "random_crop")
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def choices(name: str) -> tuple[Any, ...]:
    """What Table 7 lets a setting be, in the paper's words; None is its dash: not used."""
    return tuple(_in_the_papers_words(value) for value in getattr(PAPER_PIPELINE_SPACE, name))


def chosen(space: str) -> dict[str, Any]:
    """Table 8's settings for a space by the names of `CHOSEN`, in the paper's words; None is its dash: not used."""
    return in_the_papers_words(PAPER_PIPELINES[space])


def in_the_papers_words(pipeline: TrainingPipeline) -> dict[str, Any]:
    """A pipeline's settings by the names of `CHOSEN`, as `chosen` has them."""
    # The paper prints as two settings what is one of ours, and one of ours twice.
    printed = {
        "technique": "Fine-tuning" if pipeline.weights == "imagenet" else "Ordinary",
        "resize": pipeline.resolution,
        "random_crop": pipeline.resolution,
    }
    return {
        name: printed[name] if name in printed else _in_the_papers_words(getattr(pipeline, name)) for name in CHOSEN
    }


def _in_the_papers_words(value: Any) -> Any:
    if isinstance(value, str):
        return _WORDS[value]
    return None if value == 0 and value is not False else value


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
