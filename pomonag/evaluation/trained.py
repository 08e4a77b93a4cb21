"""Evaluation by training: a reduced network for the accuracy, the full one for costs and latency."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any

import torch

from pomonag.data.tasks import load_task
from pomonag.data.tasks import task as task_of
from pomonag.evaluation.evaluator import Evaluation, task_name
from pomonag.evaluation.latency import Latency, measure_latency
from pomonag.records.provenance import provenance
from pomonag.records.seeds import seed_of
from pomonag.spaces import search_space
from pomonag.training.recipe import Recipe
from pomonag.training.trainer import PreparedTask, TrainingResult, prepare, train


@dataclass(frozen=True)
class TrainingProtocol:
    """Everything that a trained label depends on besides the machine.

    `reduced` are the skeleton settings of the network that is trained (its resolution is the recipe's);
    costs and latency are those of the space's full network for `classes` classes at `resolution` pixels.
    With `latency_runs` 0 no latency is measured.
    """

    space: str = "nb201"
    recipe: Recipe = field(default_factory=Recipe)
    reduced: tuple[tuple[str, Any], ...] = (("channels", 16), ("cells", 1))
    test_share: float = 1 / 3
    classes: int = 20
    resolution: int = 32
    latency_warmup: int = 10
    latency_runs: int = 100

    @property
    def settings(self) -> dict[str, Any]:
        """All settings as JSON types."""
        return json.loads(json.dumps(dataclasses.asdict(self)))

    @property
    def hash(self) -> str:
        """Twelve hexadecimal digits that change with any setting."""
        text = json.dumps(self.settings, sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


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
    """Trains and tests an architecture on a task of `pomonag.data.tasks`, whose images it needs."""

    def __init__(
        self,
        protocol: TrainingProtocol | None = None,
        data_dir: str | os.PathLike[str] | None = None,
    ):
        self.protocol = protocol or TrainingProtocol()
        self.data_dir = data_dir
        self._space = search_space(self.protocol.space)
        self._prepared = functools.lru_cache(maxsize=50)(self._prepare)

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
        prepared = self._prepared(task)
        protocol = self.protocol
        training = train(
            lambda: self._space.build(
                architecture,
                classes=protocol.classes,
                resolution=protocol.recipe.resolution,
                **dict(protocol.reduced),
            ),
            prepared,
            protocol.recipe,
            seed_of("training", task, str(architecture), seed, protocol.hash),
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
            train_images=len(prepared.train_labels),
            test_images=len(prepared.test_labels),
        )

    def _prepare(self, task: str) -> PreparedTask:
        return prepare(load_task(task_of(task), self.data_dir, self.protocol.test_share), self.protocol.recipe)
