"""Which training pipelines the paper searched among (Table 7)."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace


@dataclass(frozen=True)
class PipelineSpace:
    """The choices for each setting of a `TrainingPipeline`, by its name; 0 and None: not used."""

    epochs: tuple[int, ...]
    warmup_epochs: tuple[int, ...]
    optimiser: tuple[str, ...]
    learning_rate: tuple[float, ...]
    scheduler: tuple[str | None, ...]
    weight_decay: tuple[float, ...]
    label_smoothing: tuple[float, ...]
    augmentation: tuple[str | None, ...]
    horizontal_flip: tuple[float, ...]
    random_erasing: tuple[float, ...]
    mixup: tuple[float, ...]
    cutmix: tuple[float, ...]

    @property
    def size(self) -> int:
        """How many pipelines there are.

        >>> PAPER_PIPELINE_SPACE.size
        207360
        """
        return math.prod(len(getattr(self, name)) for name in self.settings)

    @property
    def settings(self) -> tuple[str, ...]:
        """The names of what is searched, in the paper's order."""
        return tuple(field.name for field in fields(self))

    def shortened(self, divisor: int) -> PipelineSpace:
        """The same with epochs and warm-up divided. Raises ValueError where that leaves no whole number.

        >>> PAPER_PIPELINE_SPACE.shortened(10).epochs, PAPER_PIPELINE_SPACE.shortened(10).warmup_epochs
        ((5, 10, 20), (0, 1, 2))
        """
        if divisor < 1 or any(epochs % divisor for epochs in (*self.epochs, *self.warmup_epochs)):
            raise ValueError(f"got divisor={divisor}; expected a divisor of {self.epochs} and {self.warmup_epochs}")
        return replace(
            self,
            epochs=tuple(epochs // divisor for epochs in self.epochs),
            warmup_epochs=tuple(epochs // divisor for epochs in self.warmup_epochs),
        )


PAPER_PIPELINE_SPACE = PipelineSpace(
    epochs=(50, 100, 200),
    warmup_epochs=(0, 10, 20),
    optimiser=("sgd", "adam", "adamw"),
    learning_rate=(1e-1, 1e-2, 1e-3, 1e-4),
    scheduler=(None, "cosine", "cosine_restarts"),
    weight_decay=(0.0, 5e-3, 5e-4, 5e-5),
    label_smoothing=(0.0, 0.1),
    augmentation=(None, "auto_augment", "trivial_augment_wide", "rand_augment", "augmix"),
    horizontal_flip=(0.0, 0.5),
    random_erasing=(0.0, 0.2),
    mixup=(0.0, 0.2),
    cutmix=(0.0, 0.2),
)
"""Table 7 (App. D)."""
