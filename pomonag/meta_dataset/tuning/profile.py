"""How large a tuning of training pipelines is: the paper's, or one that a laptop does in minutes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import torch

from pomonag.data.splits import LITE
from pomonag.data.tasks import task_names
from pomonag.errors import unknown_name
from pomonag.evaluation.protocols import PROFILES, lite_protocol
from pomonag.records.seeds import seed_of
from pomonag.spaces import SearchSpace
from pomonag.training.pipeline import PAPER_PIPELINES, TrainingPipeline
from pomonag.training.pipeline_space import PAPER_PIPELINE_SPACE, PipelineSpace

TASKS = 40
"""The training tasks among which the pairs' are drawn."""

LITE_DIVISOR = 10
_LITE_BATCH = 32
# Of 5 epochs, 2 of them warm-up, no more cycles are left.
_LITE_CYCLES = 3
# Of each class. From eight training images a class MobileNetV3 learns nothing in these epochs, by no pipeline.
_LITE_IMAGES = {"nb201": 16, "mbv3": 64}


@dataclass(frozen=True)
class Pair:
    """What one study tunes for: an architecture, as a string, and the name of a task."""

    task: str
    architecture: str


@dataclass(frozen=True)
class TuningProfile:
    """What is trained in a trial.

    `base` is Table 8's pipeline at this size; a trial replaces what Table 7 searches, `choices`. `divisor` is by what
    the paper's epochs are divided. `skeleton` are the settings of the network, `classes` apart. Of each class of a task
    `images` are taken (None: all of the paper's share), half of them to train on, or nine tenths where all are.
    """

    space: str
    name: str
    choices: PipelineSpace
    base: TrainingPipeline
    divisor: int
    skeleton: tuple[tuple[str, int], ...]
    images: int | None
    test_share: float
    validation_share: float

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that a trial depends on besides its pair and pipeline, as JSON types."""
        return dataclasses.asdict(self)

    def pipeline(self, chosen: dict[str, Any]) -> TrainingPipeline:
        """The pipeline of choices from Table 7's space."""
        return dataclasses.replace(self.base, **chosen)

    @property
    def table_8(self) -> dict[str, Any]:
        """What Table 8 chose of what is searched, at this size."""
        return {name: getattr(self.base, name) for name in self.choices.settings}


def tuning_profile(space: SearchSpace, name: str) -> TuningProfile:
    """The profile of that name. Raises UserError for an unknown one.

    Both draw weights by HeNormal where Table 8 fine-tunes: no ImageNet weights come with a space here.
    """
    base = dataclasses.replace(PAPER_PIPELINES[space.name], weights="he_normal")
    if name == "paper":
        # 80/10/10: a tenth to test on, which no trial sees, and a ninth of the rest to validate with.
        return TuningProfile(space.name, name, PAPER_PIPELINE_SPACE, base, 1, (), None, 0.1, 1 / 9)
    if name != "lite":
        raise unknown_name("profile", name, PROFILES)
    patience = base.early_stopping_patience
    protocol = lite_protocol(space.name)
    resolution = protocol.recipe.resolution
    small = dataclasses.replace(
        base,
        epochs=base.epochs // LITE_DIVISOR,
        warmup_epochs=base.warmup_epochs // LITE_DIVISOR,
        early_stopping_patience=patience // LITE_DIVISOR if patience else None,
        resolution=resolution,
        padding=round(base.padding * resolution / base.resolution),
        batch_size=_LITE_BATCH,
        cycles=_LITE_CYCLES,
    )
    return TuningProfile(
        space.name, name, PAPER_PIPELINE_SPACE.shortened(LITE_DIVISOR), small, LITE_DIVISOR, protocol.reduced,
        _LITE_IMAGES[space.name], LITE.test, 0.5,
    )  # fmt: skip


def drawn_pairs(space: SearchSpace, count: int, seed: int) -> list[Pair]:
    """Distinct tasks, each with an architecture of a class of its own; the first ones are the same for any count."""
    names = task_names(TASKS, 0)
    order = torch.randperm(TASKS, generator=torch.Generator().manual_seed(seed_of("tuning tasks", seed)))
    generator = torch.Generator().manual_seed(seed_of("tuning architectures", space.name, seed))
    seen: dict[str, str] = {}
    while len(seen) < count:
        (architecture,) = space.sample(1, generator)
        seen.setdefault(space.equivalence_key(architecture), str(architecture))
    return [Pair(names[place], architecture) for place, architecture in zip(order.tolist(), seen.values())]
