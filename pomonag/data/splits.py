"""How the images of each class of a task are divided: what trains, what validates, what tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from pomonag.errors import UserError, unknown_name
from pomonag.records.seeds import seed_of


@dataclass(frozen=True)
class Parts:
    """Positions among the images of one class, in a seeded order; `validation` may be empty."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


@dataclass(frozen=True)
class Shares:
    """Shares of each class's images, whatever their number; what is neither tests nor validates trains."""

    test: float = 1 / 3
    validation: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.test < 1 or not 0 <= self.validation < 1 or self.test + self.validation >= 1:
            raise UserError(f"got {self}; expected shares above 0 (validation: from 0) that leave some to train")

    def counts(self, images: int) -> tuple[int, int, int]:
        """How many of a class's images train, validate and test. Raises ValueError where a part would be empty."""
        test, validation = round(images * self.test), round(images * self.validation)
        train = images - test - validation
        if min(train, test) < 1 or (self.validation and not validation):
            raise ValueError(f"too few for {self}: a part would be empty")
        return train, validation, test

    def __str__(self) -> str:
        train = 100 * (1 - self.test - self.validation)
        return f"{train:.3g}/{100 * self.validation:.3g}/{100 * self.test:.3g} % train/validation/test"


@dataclass(frozen=True)
class Counts:
    """So many images of each class, what is left over unused; no validation."""

    train: int = 1000
    test: int = 10

    def __post_init__(self) -> None:
        if min(self.train, self.test) < 1:
            raise UserError(f"got {self}; expected at least one image of each")

    def counts(self, images: int) -> tuple[int, int, int]:
        """As `Shares.counts`."""
        if images < self.train + self.test:
            raise ValueError(f"expected at least {self.train + self.test:,}: {self}")
        return self.train, 0, self.test

    def __str__(self) -> str:
        return f"{self.train:,} train + {self.test:,} test images a class"


Split = Shares | Counts

LITE = Shares()
SPLITS: dict[str, Split] = {
    # What the rows that ship were measured with: 160 and 80 of mini-ImageNet32's 240 images a class.
    "lite": LITE,
    # The paper, Sec 3.2.
    "paper": Shares(test=0.1, validation=0.1),
    # The paper, App. A.3, says another thing than Sec 3.2.
    "paper-a3": Counts(train=1000, test=10),
}


def split_of(name: str) -> Split:
    """The split of a name; UserError with the nearest one for a name that does not exist."""
    if name not in SPLITS:
        raise unknown_name("split", name, SPLITS)
    return SPLITS[name]


def divide(images: int, split: Split, pool_kind: str, class_name: str) -> Parts:
    """The parts of a class of `images` images: in a class's own seeded order, the test images first.

    The order knows nothing of the task, so an image that tests one task trains none. Raises UserError that names the
    class where it has too few images.
    """
    try:
        train, validation, test = split.counts(images)
    except ValueError as error:
        raise UserError(
            f"class {class_name!r} has {images:,} images, {error}. Add images, leave the class out, "
            f"or choose another split: {', '.join(SPLITS)}."
        ) from None
    generator = torch.Generator().manual_seed(seed_of("class split", pool_kind, class_name))
    order = torch.randperm(images, generator=generator).numpy()
    rest = order[test + validation :]
    return Parts(train=rest[:train], validation=order[test : test + validation], test=order[:test])
