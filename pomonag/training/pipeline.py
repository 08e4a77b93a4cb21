"""How a network is trained in full: every option of the paper's Tables 7 and 8 in one frozen record, and its pipelines.

The reduced trainings behind shipped rows have a record of their own, `recipe.Recipe`.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass

from pomonag.errors import UserError, unknown_name
from pomonag.records.hashes import text_hash
from pomonag.training.pipeline_settings import BELOW_ONE, NAMES, NUMBERS


@dataclass(frozen=True)
class TrainingPipeline:
    """One way to train a network. 0 and None: not used. Settings the paper leaves open are in docs/training.md.

    `weights`: `he_normal` draws convolutions from N(0, 2 / fan_out) and all else as `pytorch` does, which draws every
    layer anew by PyTorch's default; `imagenet` trains the network's own weights on, which the caller has loaded.
    `momentum` and `nesterov` are SGD's, `betas` Adam's and AdamW's; `gradient_clip` bounds the norm of all gradients.
    `warmup_epochs` are the first of `epochs`. `cycles`: how often `cosine_restarts` falls to 0, in equal lengths.
    `mixup` and `cutmix` are the alphas of Beta distributions; with both, each batch gets one of them by a fair coin.
    `horizontal_flip` and `random_erasing` are probabilities. `padding`, `cutout` and `resolution` are in pixels.
    `selection`: which epoch's weights are tested. It is by accuracy on the validation images, which are
    `validation_share` of the training images of each class where there are no others; so is early stopping.
    """

    epochs: int
    batch_size: int = 256
    weights: str = "he_normal"
    optimiser: str = "sgd"
    learning_rate: float = 0.1
    momentum: float = 0.9
    nesterov: bool = True
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.0
    gradient_clip: float | None = None
    warmup_epochs: int = 0
    scheduler: str | None = None
    schedule_unit: str = "step"
    cycles: int = 4
    label_smoothing: float = 0.0
    resolution: int = 32
    padding: int = 0
    horizontal_flip: float = 0.0
    augmentation: str | None = None
    auto_augment_policy: str = "imagenet"
    normalisation: str = "dataset"
    random_erasing: float = 0.0
    cutout: int = 0
    mixup: float = 0.0
    cutmix: float = 0.0
    mixed_precision: bool = False
    early_stopping_patience: int | None = None
    selection: str = "best"
    validation_share: float = 0.1

    def __post_init__(self) -> None:
        for name, known in NAMES.items():
            value = getattr(self, name)
            if value not in known:
                raise unknown_name(name.replace("_", " "), str(value), [str(n) for n in known])
        for name, numbers in NUMBERS.items():
            value = getattr(self, name)
            if not numbers.hold(value):
                raise UserError(f"got {name}={value!r}; expected {numbers}")
            # 1 and 1.0 are one setting, so they must have one hash.
            if value is not None and not numbers.whole:
                object.__setattr__(self, name, float(value))
        for name in ("nesterov", "mixed_precision"):
            if not isinstance(getattr(self, name), bool):
                raise UserError(f"got {name}={getattr(self, name)!r}; expected true or false")
        if not isinstance(self.betas, list | tuple) or len(self.betas) != 2 or not all(map(BELOW_ONE.hold, self.betas)):
            raise UserError(f"got betas={self.betas!r}; expected two numbers, each {BELOW_ONE}")
        object.__setattr__(self, "betas", tuple(map(float, self.betas)))
        self._check_together()

    def _check_together(self) -> None:
        falling = self.epochs - self.warmup_epochs
        if falling < 1:
            raise UserError(f"got warmup_epochs={self.warmup_epochs}; expected fewer than the {self.epochs} epochs")
        if self.scheduler == "cosine_restarts" and self.cycles > falling:
            raise UserError(
                f"got cycles={self.cycles}; expected at most one for each of {falling} epochs after warm-up"
            )
        if self.optimiser == "sgd" and self.nesterov and self.momentum == 0:
            raise UserError("got nesterov=True with momentum=0; expected a momentum above 0, or nesterov=False")
        if self.cutout > self.resolution:
            raise UserError(f"got cutout={self.cutout}; expected at most the resolution, {self.resolution}")

    @property
    def needs_validation(self) -> bool:
        """Whether some decision of the training depends on validation images."""
        return self.selection == "best" or self.early_stopping_patience is not None

    @property
    def hash(self) -> str:
        """Twelve hexadecimal digits that change with any setting."""
        return text_hash(self.to_json())

    def to_json(self) -> str:
        """All settings as a JSON object with sorted keys; `from_json` undoes it."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> TrainingPipeline:
        """The pipeline of a JSON object; what it leaves out has its default. Raises UserError."""
        try:
            settings = json.loads(text)
        except ValueError as error:
            raise UserError(f"a training pipeline that is no JSON ({error}); expected an object of settings") from error
        if not isinstance(settings, Mapping):
            raise UserError(f"got {type(settings).__name__} for a training pipeline; expected an object of settings")
        known = [field.name for field in dataclasses.fields(cls)]
        for name in settings:
            if name not in known:
                raise unknown_name("setting of a training pipeline", name, known)
        if "epochs" not in settings:
            raise UserError("a training pipeline without epochs; expected at least that setting")
        return cls(**settings)


PAPER_PIPELINES = {
    "nb201": TrainingPipeline(
        epochs=200,
        batch_size=256,
        weights="he_normal",
        optimiser="sgd",
        learning_rate=1e-1,
        weight_decay=5e-4,
        warmup_epochs=20,
        scheduler="cosine",
        resolution=32,
        padding=4,
        horizontal_flip=0.5,
        augmentation="trivial_augment_wide",
        random_erasing=0.2,
        mixed_precision=True,
        early_stopping_patience=120,
    ),
    "mbv3": TrainingPipeline(
        epochs=50,
        batch_size=96,
        weights="imagenet",
        optimiser="adamw",
        learning_rate=1e-3,
        weight_decay=5e-5,
        label_smoothing=0.1,
        resolution=224,
        padding=21,
        horizontal_flip=0.5,
        augmentation="augmix",
        normalisation="imagenet",
        mixup=0.2,
        mixed_precision=True,
        early_stopping_patience=30,
    ),
}
"""Table 8 (App. D), the chosen pipeline of each space."""

DIFFUSIONNAG_PIPELINES = {
    "nb201": TrainingPipeline(
        epochs=200,
        batch_size=256,
        weights="pytorch",
        learning_rate=1e-1,
        weight_decay=5e-4,
        scheduler="cosine",
        schedule_unit="epoch",
        normalisation="imagenet",
        selection="last",
    ),
    "mbv3": TrainingPipeline(
        epochs=20,
        batch_size=96,
        weights="imagenet",
        learning_rate=1e-2,
        nesterov=False,
        weight_decay=4e-5,
        gradient_clip=5.0,
        resolution=224,
        horizontal_flip=0.5,
        augmentation="auto_augment",
        auto_augment_policy="cifar10",
        cutout=16,
        selection="last",
    ),
}
"""What the release of DiffusionNAG trains with. It makes a cosine for mbv3 and never steps it: the rate is constant."""
