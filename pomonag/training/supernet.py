"""Trains a super-network on one CPU thread; after any interruption to the same bits as without one."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pomonag.records.seeds import seed_of
from pomonag.spaces import elastic_space
from pomonag.training.epoch_checkpoint import fingerprint, load_epoch, save_epoch
from pomonag.training.recalibration import recalibrated
from pomonag.training.supernet_settings import SuperNetworkTraining
from pomonag.training.trainer import PreparedTask, augmented, learning_rate_factor, make_optimizers

CHECKPOINT_SECONDS = 120.0
# Points of the curve, but at most one an epoch: a look costs as much as a few steps.
CURVE_POINTS = 40
_CURVE_TEST_IMAGES, _CURVE_RECALIBRATION_IMAGES, _CURVE_RANDOM = 1500, 512, 2


@dataclass(frozen=True)
class Progress:
    """Where a training stands: steps done, of how many, CPU seconds in all, and the mean losses of the last steps."""

    step: int
    steps: int
    cpu_seconds: float
    largest_loss: float
    others_loss: float
    point: dict[str, float] | None


class SuperNetworkRun:
    """A training in the making. `checkpoint` is the file that it goes on from, and leaves behind.

    Order, augmentation and the drawn architectures of a step depend on the seed and the step alone, so nothing but
    weights, momenta and the step has to be kept. Raises UserError for the checkpoint of another training.
    """

    def __init__(self, settings: SuperNetworkTraining, images: PreparedTask, checkpoint: Path):
        self.settings, self.images, self.checkpoint = settings, images, checkpoint
        self.space = elastic_space(settings.space)
        self.smallest, self.largest = self.space.extremes(settings.part)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_of("super-network weights", settings.part, settings.seed))
            network = self.space.super_network(settings.part, **settings.skeleton)
        self.network: nn.Module = network.to(memory_format=torch.channels_last).train()
        self.optimizers = make_optimizers(self.network, settings.recipe)
        self.step, self.cpu_seconds = 0, 0.0
        self.curve: list[dict[str, float]] = []
        self._losses = torch.zeros(2)  # sums since the last point: of the largest, and of the others' mean
        self._since = 0
        self._resume()

    @property
    def steps_an_epoch(self) -> int:
        return max(1, len(self.images.train) // self.settings.recipe.batch_size)

    @property
    def steps(self) -> int:
        """How many steps the whole training has."""
        return self.settings.recipe.epochs * self.steps_an_epoch

    def run(self, report: Callable[[Progress], None] = lambda progress: None) -> None:
        """Train to the end; `report` hears of every step.

        Raises FloatingPointError when the loss stops being finite.
        """
        saved = time.monotonic()
        while self.step < self.steps:
            cpu = time.thread_time()
            self.advance()
            losses = (self._losses / self._since).tolist()
            point = self._look() if self._point_is_due() else None
            self.cpu_seconds += time.thread_time() - cpu
            if point is not None:
                point["cpu_seconds"] = self.cpu_seconds
            if time.monotonic() - saved > CHECKPOINT_SECONDS or self.step == self.steps:
                self.save()
                saved = time.monotonic()
            report(Progress(self.step, self.steps, self.cpu_seconds, losses[0], losses[1], point))

    def advance(self) -> None:
        """One step."""
        recipe, generator = self.settings.recipe, self._generator("step", self.step)
        rows = self._rows()
        batch, labels = augmented(self.images, rows, recipe, generator), self.images.train_labels[rows]
        drawn = self.space.sample_within(self.settings.part, self.settings.random, generator)
        for optimizer in self.optimizers:
            rate = optimizer.defaults["lr"] * learning_rate_factor(self.step, self.steps, recipe.warmup)
            for group in optimizer.param_groups:
                group["lr"] = rate
        for parameter in self.network.parameters():
            # Not None: torch's fused SGD refuses weights that first take part in a later step than others.
            parameter.grad = torch.zeros_like(parameter)
        # Gradients are averaged over the networks: the recipe's rates are those of a single one.
        others, share = [self.smallest, *drawn], 1 / (2 + len(drawn))
        logits = self.network(batch)
        loss = F.cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing)
        (share * loss).backward()
        said = logits.detach().softmax(1)
        self._losses[0] += loss.detach()
        for architecture in others:
            loss = F.cross_entropy(self.network(batch, architecture), said)
            (share * loss).backward()
            self._losses[1] += loss.detach() / len(others)
        for optimizer in self.optimizers:
            optimizer.step()
        self.step += 1
        self._since += 1

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        state = {
            "step": self.step,
            "cpu_seconds": self.cpu_seconds,
            "curve": self.curve,
            "losses": self._losses,
            "since": self._since,
            "network": self.network.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
        }
        save_epoch(self.checkpoint, self._of, state)

    def _resume(self) -> None:
        state = load_epoch(self.checkpoint, self._of)
        if state is None:
            return
        self.step, self.cpu_seconds, self.curve = state["step"], state["cpu_seconds"], state["curve"]
        self._losses, self._since = state["losses"], state["since"]
        self.network.load_state_dict(state["network"])
        for optimizer, kept in zip(self.optimizers, state["optimizers"]):
            optimizer.load_state_dict(kept)

    @cached_property
    def _of(self) -> dict[str, str]:
        images = {"train": self.images.train, "labels": self.images.train_labels}
        return {"settings": self.settings.hash, "images": fingerprint(images)}

    def _rows(self) -> Tensor:
        epoch, place = divmod(self.step, self.steps_an_epoch)
        order = torch.randperm(len(self.images.train), generator=self._generator("order", epoch))
        size = self.settings.recipe.batch_size
        return order[place * size : (place + 1) * size]

    def _generator(self, purpose: str, number: int) -> torch.Generator:
        seed = seed_of("super-network", purpose, self.settings.part, self.settings.seed, number)
        return torch.Generator().manual_seed(seed)

    def _point_is_due(self) -> bool:
        points = min(CURVE_POINTS, self.settings.recipe.epochs)
        return self.step * points // self.steps > (self.step - 1) * points // self.steps

    def _look(self) -> dict[str, float]:
        """A point of the curve: mean losses since the last one, and accuracies on images held out."""
        losses = (self._losses / self._since).tolist()
        if not all(map(math.isfinite, losses)):
            raise FloatingPointError("the training loss is not finite: lower the learning rate")
        drawn = self.space.sample_within(self.settings.part, _CURVE_RANDOM, self._generator("curve", 0))
        random = [self._accuracy(architecture) for architecture in drawn]
        point = {
            "step": self.step,
            "largest_loss": losses[0],
            "others_loss": losses[1],
            "largest_accuracy": self._accuracy(self.largest),
            "smallest_accuracy": self._accuracy(self.smallest),
            "random_accuracy": sum(random) / len(random),
        }
        self.curve.append(point)
        self._losses, self._since = torch.zeros(2), 0
        return point

    @torch.no_grad()
    def _accuracy(self, architecture: Any) -> float:
        """In percent, on held-out images of all classes, with batch normalisation measured on training images."""
        images, rows = self.images, self._some(len(self.images.test), _CURVE_TEST_IMAGES)
        network = self.network.sub_network(architecture)  # type: ignore[operator]
        recalibrated(network, images.plain(self._some(len(images.train), _CURVE_RECALIBRATION_IMAGES)))
        found = network(images.test[rows]).argmax(1)
        return 100.0 * float((found == images.test_labels[rows]).double().mean())

    def _some(self, count: int, of_them: int) -> Tensor:
        """The same rows of so many images in every look."""
        return torch.randperm(count, generator=self._generator("look", count))[:of_them]
