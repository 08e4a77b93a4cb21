"""What a trial is judged by: the validation accuracy of a network that is trained by its pipeline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from pomonag.data.splits import Shares
from pomonag.data.tasks import CLASSES, load_task
from pomonag.data.tasks import task as task_of
from pomonag.meta_dataset.tuning.profile import Pair, TuningProfile
from pomonag.records.seeds import seed_of
from pomonag.spaces import search_space
from pomonag.training.average_pooling import with_quick_average_pooling
from pomonag.training.pipeline import TrainingPipeline
from pomonag.training.pipeline_images import LabelledImages, split_off
from pomonag.training.pipeline_training import Epoch, train

Report = Callable[[int, float], None]
"""Told after each epoch: how many are done, the validation accuracy in percent. It may raise to end the training."""
Objective = Callable[[Pair, TrainingPipeline, int, Report], float | None]
"""Of pair, pipeline and seed: the best epoch's validation accuracy in percent, or None for a training that diverged.

It must be picklable.
"""


@dataclass(frozen=True)
class TrainingObjective:
    """Trains. Of one pair and seed, weights and images are the same, so that trials differ by pipeline alone."""

    profile: TuningProfile
    data_dir: str | None = None

    def __call__(self, pair: Pair, pipeline: TrainingPipeline, seed: int, report: Report) -> float | None:
        """Raises UserError where the task's images are not to be had."""
        training, validation = _images(pair.task, self.profile, seed, self.data_dir)
        space = search_space(self.profile.space)
        network = space.build(
            space.parse(pair.architecture),
            **{**dict(self.profile.skeleton), "classes": CLASSES, "resolution": pipeline.resolution},
        )
        network = with_quick_average_pooling(network).to(memory_format=torch.channels_last)
        best = 0.0

        def tell(epoch: Epoch) -> None:
            nonlocal best
            assert epoch.validation is not None
            best = max(best, epoch.validation.accuracy)
            report(epoch.number + 1, epoch.validation.accuracy)

        # The order of threads' sums must not tell one machine's trials from another's.
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            drawn = seed_of("tuning", pair.task, pair.architecture, seed)
            outcome = train(network, training, validation, None, pipeline, drawn, progress=tell)
        finally:
            torch.set_num_threads(threads)
        return None if outcome.diverged else best


@lru_cache(maxsize=8)
def _images(
    task: str, profile: TuningProfile, seed: int, data_dir: str | None
) -> tuple[LabelledImages, LabelledImages]:
    """Training and validation images. The task's test images stay unseen."""
    loaded = load_task(task_of(task), data_dir, Shares(test=profile.test_share))
    images = LabelledImages(loaded.train_images, loaded.train_labels)
    if profile.images is not None:
        images = _first_of_each_class(images, profile.images, seed)
    return split_off(images, profile.validation_share, seed_of("tuning split", task, seed))


def _first_of_each_class(images: LabelledImages, count: int, seed: int) -> LabelledImages:
    generator = torch.Generator().manual_seed(seed_of("tuning images", seed))
    rows: list[Tensor] = []
    for label in images.labels.unique():
        members = (images.labels == label).nonzero()[:, 0]
        rows.append(members[torch.randperm(len(members), generator=generator)[:count]])
    chosen = torch.cat(rows)
    return LabelledImages(images.images[chosen], images.labels[chosen])
