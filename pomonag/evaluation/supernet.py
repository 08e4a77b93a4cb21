"""Evaluation by a super-network: weights of its own that an architecture never trained."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from torch import Tensor, nn
from torch.nn import functional as F

from pomonag.data.miniimagenet import MiniImageNet32
from pomonag.data.tasks import Task, TaskImages, load_task
from pomonag.data.tasks import task as task_of
from pomonag.errors import UserError
from pomonag.evaluation.evaluator import Evaluation, task_name
from pomonag.evaluation.protocols import lite_protocol
from pomonag.records.provenance import provenance
from pomonag.records.seeds import seed_of
from pomonag.spaces import elastic_space
from pomonag.training.recalibration import recalibrated
from pomonag.training.supernet_files import (
    SHIPPED,
    TrainedSuperNetwork,
    load_super_network,
    weights_file,
)
from pomonag.training.trainer import normalised

# Of the task's training images. Measured anew for each architecture, so more would cost more than they give.
RECALIBRATION_IMAGES = 1024
_BATCH = 500


class SupernetEvaluator:
    """Tests architectures on tasks of mini-ImageNet32 with weights that they inherit: a second each, no training.

    Batch normalisation is measured anew on training images of the task, drawn by the seed. On classes that the
    super-network was trained on its logits of the task's classes decide. Of a task with other classes only the
    features are inherited: a linear discriminant with Ledoit and Wolf's shrinkage, in closed form, is fitted to those
    of the task's training images. It is surer of itself than it should be, so that its loss ranks, but means little
    else. Accuracies and losses of the two kinds of task are not to be compared.

    `folder` has a file for each super-network of the space; by default what ships.
    """

    def __init__(self, space: str = "mbv3", folder: Path | None = None, data_dir: str | os.PathLike[str] | None = None):
        self.space: Any = elastic_space(space)
        self.folder = folder or SHIPPED / space
        protocol = lite_protocol(space)
        # Whose costs evaluations carry, as the rows of meta-datasets do.
        self.full_network = {"classes": protocol.classes, "resolution": protocol.resolution}
        self._data_dir = data_dir
        # Images of a task have 20 MB; a search stays with one.
        self._images = lru_cache(maxsize=8)(self._load_images)
        self._test = lru_cache(maxsize=8)(self._load_test)
        self.super_network = lru_cache(maxsize=None)(self._load_super_network)

    def evaluate(self, architecture: Any, task: Any, seed: int = 0) -> Evaluation:
        """Accuracy and loss with inherited weights; params and MACs of the full network; no latency."""
        started = time.perf_counter()
        chosen = task_of(task_name(task), self._pool)
        labels = self._images(chosen).test_labels
        part = self.space.super_network_of(architecture)
        logits = self._logits(architecture, chosen, seed)
        costs = self.space.cost([architecture], **self.full_network)
        return Evaluation(
            accuracy=100.0 * float((logits.argmax(1) == labels).double().mean()),
            loss=float(F.cross_entropy(logits, labels)),
            params=int(costs.params[0]),
            macs=int(costs.macs[0]),
            latency_ms=None,
            seconds=time.perf_counter() - started,
            provenance={**provenance(), "evaluator": f"super-network {part}", "weights": self.super_network(part).hash},
        )

    def logits_of_all_classes(self, architecture: Any, seed: int = 0) -> tuple[Tensor, Tensor, tuple[int, ...]]:
        """On the test images of all classes that were trained on: logits [n, classes], labels [n], and class ids.

        One pass that answers for every task of such classes: `of_classes` takes a task's part of it. The batch
        normalisation is that of all classes, so it is close to `evaluate`'s answer, not the same.
        """
        classes = self.super_network(self.space.super_network_of(architecture)).classes
        chosen = Task("all training classes", classes, False, 0, self._pool.name)
        return self._logits(architecture, chosen, seed), self._images(chosen).test_labels, classes

    @torch.no_grad()
    def _logits(self, architecture: Any, task: Task, seed: int) -> Tensor:
        """Of the task's test images and classes."""
        trained = self.super_network(self.space.super_network_of(architecture))
        images = self._images(task)
        generator = torch.Generator().manual_seed(seed_of("recalibration", task.name, str(architecture), seed))
        rows = torch.randperm(len(images.train_labels), generator=generator)[:RECALIBRATION_IMAGES]
        network: Any = trained.network.sub_network(architecture)  # type: ignore[operator]
        network.to(memory_format=torch.channels_last)
        recalibrated(network, _scaled(images.train_images[rows], trained))
        head, network.classifier = network.classifier, nn.Identity()
        features = _outputs(network, self._test(task, self.space.super_network_of(architecture)))
        if set(task.classes) <= set(trained.classes):
            logits: Tensor = head(features)
            return of_classes(logits, trained.classes, task.classes)
        known = _outputs(network, _scaled(images.train_images, trained))
        return discriminant(known, images.train_labels, features)

    @cached_property
    def _pool(self) -> MiniImageNet32:
        return MiniImageNet32(self._data_dir)

    def _load_images(self, task: Task) -> TaskImages:
        return load_task(task, pool=self._pool)

    def _load_test(self, task: Task, part: str) -> Tensor:
        return _scaled(self._images(task).test_images, self.super_network(part))

    def _load_super_network(self, part: str) -> TrainedSuperNetwork:
        trained = load_super_network(weights_file(self.folder, part), self.space.name, part)
        if trained.settings["pool"] != self._pool.name:
            raise UserError(
                f"the super-network {part} in {self.folder} was trained on the pool {trained.settings['pool']}, "
                f"but its evaluation is on {self._pool.name}"
            )
        return trained


def of_classes(logits: Tensor, known: Sequence[int], classes: Sequence[int]) -> Tensor:
    """The columns of `classes`, in their order, of logits [n, known]: all other classes are ruled out."""
    return logits[:, [known.index(one) for one in classes]]


def discriminant(train: Tensor, labels: Tensor, test: Tensor) -> Tensor:
    """Log-posteriors [m, classes] of test features [m, d], up to a constant, by a linear discriminant of the train's.

    One covariance for all classes, shrunk as Ledoit and Wolf (2004) do.
    """
    fitted = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(train.double().numpy(), labels.numpy())
    found: np.ndarray = fitted.predict_log_proba(test.double().numpy())
    return torch.from_numpy(found).float()


def _scaled(images: Tensor, trained: TrainedSuperNetwork) -> Tensor:
    return normalised(images, trained.resolution, trained.mean, trained.sd)


def _outputs(network: nn.Module, images: Tensor) -> Tensor:
    return torch.cat([network(part) for part in images.split(_BATCH)])
