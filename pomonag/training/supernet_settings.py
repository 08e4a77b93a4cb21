"""How a super-network is trained: every setting that its weights depend on, in one frozen record."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

from pomonag.errors import UserError
from pomonag.records.hashes import json_hash
from pomonag.training.recipe import Recipe


@dataclass(frozen=True)
class SuperNetworkTraining:
    """One super-network of a space, its skeleton, and a training by the sandwich rule (Yu et al., BigNAS, 2020).

    Every step trains the largest network on the labels, and the smallest and `random` others on what the largest says
    of the same images. `reduced` are the skeleton's settings besides classes and resolution; `recipe` has epochs,
    batch, resolution, optimizer and augmentation; `pool` names the images and `classes` their class ids.
    """

    space: str
    part: str
    reduced: tuple[tuple[str, Any], ...]
    recipe: Recipe
    pool: str
    classes: tuple[int, ...]
    random: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        if self.random < 0 or not self.classes:
            raise UserError(f"got {self}; expected at least one class, and random at least 0")

    @property
    def settings(self) -> dict[str, Any]:
        """All settings as JSON types."""
        found: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return found

    @property
    def skeleton(self) -> dict[str, Any]:
        """The skeleton's settings."""
        return {"classes": len(self.classes), "resolution": self.recipe.resolution, **dict(self.reduced)}

    @property
    def hash(self) -> str:
        """Twelve hexadecimal digits that change with any setting."""
        return json_hash(self.settings)
