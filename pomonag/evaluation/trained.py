"""Evaluation by training: a reduced network for the accuracy, the full one for costs and latency."""

from __future__ import annotations

import dataclasses
import json
import os
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import nn

from pomonag.data.miniimagenet import MiniImageNet32
from pomonag.data.pools import Pool, open_pool
from pomonag.data.splits import LITE, Shares, Split
from pomonag.data.tasks import TaskImages, load_task
from pomonag.data.tasks import task as task_of
from pomonag.errors import UserError
from pomonag.evaluation.evaluator import Evaluation, task_name
from pomonag.evaluation.latency import Latency, measure_latency
from pomonag.records.hashes import json_hash
from pomonag.records.provenance import provenance
from pomonag.records.seeds import seed_of
from pomonag.spaces import search_space
from pomonag.training.pipeline import TrainingPipeline
from pomonag.training.recipe import Recipe
from pomonag.training.trainer import PreparedTask, TrainingResult, prepare, train

# Prepared tasks that are kept. Rows come in rounds over all tasks, so those of a plan must fit, or none is ever used
# twice: fifty of mini-ImageNet32 at 16 pixels have 1.0 GB, thirty at 24 pixels 1.4 GB.
_KEPT_BYTES = 1_800_000_000


@dataclass(frozen=True)
class TrainingProtocol:
    """Everything that a trained label depends on besides the machine.

    `reduced` are the skeleton settings of the network that is trained (its resolution is the recipe's);
    costs and latency are those of the space's full network for `classes` classes at `resolution` pixels.
    `pool` is the name of the pool of images (`Pool.name`, not where it lies), `split` how a class of it is divided.
    With `latency_runs` 0 no latency is measured. With a `pipeline` that is how networks are trained, at the pipeline's
    resolution, and `recipe` has no say.
    """

    space: str = "nb201"
    recipe: Recipe = field(default_factory=Recipe)
    reduced: tuple[tuple[str, Any], ...] = (("channels", 16), ("cells", 1))
    split: Split = LITE
    classes: int = 20
    resolution: int = 32
    latency_warmup: int = 10
    latency_runs: int = 100
    pool: str = MiniImageNet32.name
    pipeline: TrainingPipeline | None = None

    @property
    def trained_by(self) -> Recipe | TrainingPipeline:
        """The pipeline where there is one, else the recipe."""
        return self.pipeline or self.recipe

    @property
    def settings(self) -> dict[str, Any]:
        """All settings that have a say, as JSON types.

        A split without validation is its `test_share`, and mini-ImageNet32 and no pipeline go without saying: so the
        settings of rows that were measured when there was nothing else stay as they were, and so does their hash.
        """
        settings = json.loads(json.dumps(dataclasses.asdict(self)))
        del settings["recipe" if self.pipeline else "pipeline"]
        if isinstance(self.split, Shares) and not self.split.validation:
            settings["test_share"] = settings.pop("split")["test"]
        if self.pool == MiniImageNet32.name:
            del settings["pool"]
        return settings

    @property
    def hash(self) -> str:
        """Twelve hexadecimal digits that change with any setting."""
        return json_hash(self.settings)


@dataclass(frozen=True)
class Measurement:
    """One training and what belongs to it; costs of the full network."""

    training: TrainingResult
    latency: Latency | None
    params: int
    macs: int
    train_images: int
    test_images: int


class TrainedEvaluator:
    """Trains and tests an architecture on a task of `pomonag.data.tasks`, whose images it needs.

    `pool` says where they lie, as `open_pool` does; they must be those of the protocol.
    A training by a pipeline takes hours: with a folder `checkpoints` it goes on after its last whole epoch.
    """

    def __init__(
        self,
        protocol: TrainingProtocol | None = None,
        data_dir: str | os.PathLike[str] | None = None,
        pool: str = MiniImageNet32.name,
        checkpoints: Path | None = None,
    ):
        self.protocol = protocol or TrainingProtocol()
        self.data_dir = data_dir
        self.pool = pool
        self.checkpoints = checkpoints
        self._space = search_space(self.protocol.space)
        self._kept: OrderedDict[str, PreparedTask] = OrderedDict()

    def evaluate(self, architecture: Any, task: Any, seed: int = 0) -> Evaluation:
        """Accuracy and loss of a reduced training; params, MACs and latency of the full network."""
        measured = self.measure(architecture, task_name(task), seed)
        return Evaluation(
            accuracy=measured.training.accuracy,
            loss=measured.training.loss,
            params=measured.params,
            macs=measured.macs,
            latency_ms=measured.latency.latency_ms if measured.latency else None,
            seconds=measured.training.seconds,
            provenance={**provenance(), "protocol": self.protocol.hash},
        )

    def measure(self, architecture: Any, task: str, seed: int = 0) -> Measurement:
        """The same with all that was observed. The training's seed depends on task, architecture, seed and protocol."""
        protocol = self.protocol
        training, train_images, test_images = self._train(
            architecture, task, seed_of("training", task, str(architecture), seed, protocol.hash)
        )
        full = {"classes": protocol.classes, "resolution": protocol.resolution}
        costs = self._space.cost([architecture], **full)
        latency = None
        if protocol.latency_runs:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)
                network = self._space.build(architecture, **full)
            latency = measure_latency(
                network, protocol.resolution, warmup=protocol.latency_warmup, runs=protocol.latency_runs
            )
        return Measurement(
            training=training,
            latency=latency,
            params=int(costs.params[0]),
            macs=int(costs.macs[0]),
            train_images=train_images,
            test_images=test_images,
        )

    def _train(self, architecture: Any, task: str, seed: int) -> tuple[TrainingResult, int, int]:
        """The result, and how many images trained (or chose the epoch) and tested."""
        protocol = self.protocol

        def build() -> nn.Module:
            settings = {"classes": protocol.classes, "resolution": protocol.trained_by.resolution}
            return self._space.build(architecture, **settings, **dict(protocol.reduced))

        if protocol.pipeline is None:
            prepared = self._prepared(task)
            result = train(build, prepared, protocol.recipe, seed)
            return result, len(prepared.train_labels), len(prepared.test_labels)
        # torchvision's transforms: seconds to import, which only trainings of hours are worth.
        from pomonag.evaluation.full_training import train_in_full

        images = self._images(task)
        checkpoint = self.checkpoints / f"{seed:x}.pt" if self.checkpoints else None
        result = train_in_full(build, images, protocol.pipeline, seed, checkpoint)
        return result, len(images.train_labels), len(images.test_labels)

    @cached_property
    def _pool(self) -> Pool:
        pool = open_pool(self.pool, self.data_dir)
        if pool.name != self.protocol.pool:
            raise UserError(
                f"{self.pool} is the pool {pool.name}, but the protocol's rows are of {self.protocol.pool}: its images "
                "have changed or are others. Build into another folder."
            )
        return pool

    def _images(self, task: str) -> TaskImages:
        return load_task(task_of(task, self._pool), split=self.protocol.split, pool=self._pool)

    def _prepared(self, task: str) -> PreparedTask:
        """The task's images ready for training; the last ones used are kept, as far as memory is set aside for them."""
        if task not in self._kept:
            self._kept[task] = prepare(self._images(task), self.protocol.recipe)
            while len(self._kept) > 1 and sum(map(_bytes, self._kept.values())) > _KEPT_BYTES:
                self._kept.popitem(last=False)
        self._kept.move_to_end(task)
        return self._kept[task]


def _bytes(task: PreparedTask) -> int:
    return sum(tensor.nbytes for tensor in (task.train, task.train_labels, task.test, task.test_labels))
