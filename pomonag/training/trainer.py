"""Trains a small network on a small task, quickly on one CPU thread and to the same bits for the same seed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pomonag.data.tasks import TaskImages
from pomonag.training.average_pooling import with_quick_average_pooling
from pomonag.training.muon import Muon, is_muon_kernel
from pomonag.training.recipe import Recipe


@dataclass(frozen=True)
class TrainingResult:
    """Test accuracy in percent, mean test cross-entropy and true-class probability, and what the training cost.

    `seconds` is wall time, `cpu_seconds` the time of the calling thread.
    """

    accuracy: float
    loss: float
    true_class_probability: float
    train_loss: float
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class PreparedTask:
    """Normalised images, ready to be trained on at one resolution.

    `train` is float32 [n, side + 2 padding, side + 2 padding, 3], `test` float32 [m, 3, side, side] channels-last.
    `mean` and `sd` [3] are what both were normalised by, of pixels in [0, 1].
    """

    train: Tensor
    train_labels: Tensor
    test: Tensor
    test_labels: Tensor
    mean: Tensor
    sd: Tensor
    side: int
    padding: int

    def plain(self, rows: Tensor) -> Tensor:
        """Training images [b, 3, side, side] as they are, neither moved nor flipped; channels-last."""
        inner = slice(self.padding, self.padding + self.side)
        return self.train[rows, inner, inner].permute(0, 3, 1, 2)


def prepare(images: TaskImages, recipe: Recipe) -> PreparedTask:
    """Resize by averaging areas, normalise by the training images' mean and sd a channel, add the border."""
    train = _resized(images.train_images, recipe.resolution)
    mean = train.mean((0, 2, 3))
    sd = train.std((0, 2, 3)).clamp_min(1e-3)
    padding = recipe.crop_padding
    padded = F.pad(_scaled(train, mean, sd), (padding,) * 4)
    return PreparedTask(
        train=padded.permute(0, 2, 3, 1).contiguous(),
        train_labels=images.train_labels,
        test=normalised(images.test_images, recipe.resolution, mean, sd),
        test_labels=images.test_labels,
        mean=mean,
        sd=sd,
        side=recipe.resolution,
        padding=padding,
    )


def normalised(images: Tensor, side: int, mean: Tensor, sd: Tensor) -> Tensor:
    """uint8 [n, 3, h, h] -> float32 [n, 3, side, side] channels-last, resized and normalised by mean and sd [3]."""
    return _scaled(_resized(images, side), mean, sd).contiguous(memory_format=torch.channels_last)


def train(build: Callable[[], nn.Module], task: PreparedTask, recipe: Recipe, seed: int) -> TrainingResult:
    """Build a network, train it on the task and test it.

    `build` draws its initial weights from torch's global generator, which is seeded for it and restored afterwards.
    The seed settles weights, order and augmentation, so that one machine gives one result to the bit.
    Raises FloatingPointError when the loss stops being finite.
    """
    wall, cpu = time.perf_counter(), time.thread_time()
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build()
    network = with_quick_average_pooling(network).to(memory_format=torch.channels_last).train()
    train_loss = _optimise(network, task, recipe, generator)
    loss, probability, accuracy = _test(network, task, recipe)
    if not math.isfinite(loss):
        raise FloatingPointError("the test loss is not finite: lower the learning rate")
    return TrainingResult(
        accuracy=accuracy,
        loss=loss,
        true_class_probability=probability,
        train_loss=train_loss,
        seconds=time.perf_counter() - wall,
        cpu_seconds=time.thread_time() - cpu,
    )


def _optimise(network: nn.Module, task: PreparedTask, recipe: Recipe, generator: torch.Generator) -> float:
    """Returns the mean training loss of the last epoch."""
    count = len(task.train)
    steps_an_epoch = max(1, count // recipe.batch_size)
    steps = recipe.epochs * steps_an_epoch
    optimizers = make_optimizers(network, recipe)
    schedulers = [
        torch.optim.lr_scheduler.LambdaLR(o, lambda step: learning_rate_factor(step, steps, recipe.warmup))
        for o in optimizers
    ]
    epoch_loss = torch.zeros(())
    for _ in range(recipe.epochs):
        order = torch.randperm(count, generator=generator)
        epoch_loss = torch.zeros(())
        for step in range(steps_an_epoch):
            rows = order[step * recipe.batch_size : (step + 1) * recipe.batch_size]
            batch = augmented(task, rows, recipe, generator)
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=recipe.precision == "bf16"):
                logits = network(batch)
            loss = F.cross_entropy(logits.float(), task.train_labels[rows], label_smoothing=recipe.label_smoothing)
            network.zero_grad(set_to_none=True)
            loss.backward()
            for optimizer, scheduler in zip(optimizers, schedulers):
                optimizer.step()
                scheduler.step()
            epoch_loss += loss.detach()
        if not math.isfinite(float(epoch_loss)):
            raise FloatingPointError("the training loss is not finite: lower the learning rate")
    return float(epoch_loss) / steps_an_epoch


def make_optimizers(network: nn.Module, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """The recipe's optimizers, which share the network's parameters among them, at their peak rates."""
    if recipe.optimizer == "adamw":
        return [torch.optim.AdamW(network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay)]
    kernels = [p for p in network.parameters() if recipe.optimizer == "muon" and is_muon_kernel(p)]
    by_muon = {id(p) for p in kernels}
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.SGD(
            [p for p in network.parameters() if id(p) not in by_muon],
            lr=recipe.learning_rate,
            momentum=recipe.momentum,
            weight_decay=recipe.weight_decay,
            nesterov=recipe.momentum > 0,
            fused=True,
        )
    ]
    if kernels:
        optimizers.append(Muon(kernels, lr=recipe.muon_learning_rate))
    return optimizers


def learning_rate_factor(step: int, steps: int, warmup: float) -> float:
    """Share of the peak rate at `step`: linear from above 0 during the warm-up, then half a cosine down to 0."""
    rising = warmup * steps
    if step < rising:
        return (step + 1) / (rising + 1)
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / (steps - rising)))


def augmented(task: PreparedTask, rows: Tensor, recipe: Recipe, generator: torch.Generator) -> Tensor:
    """Randomly cropped and flipped training images [b, 3, side, side], channels-last, gathered by index."""
    count, side = len(rows), task.side
    offsets = torch.randint(2 * task.padding + 1, (2, count, 1), generator=generator)
    flips = torch.rand(count, 1, generator=generator) < recipe.flip
    along = torch.arange(side)
    columns = offsets[1] + torch.where(flips, side - 1 - along, along)
    lines = offsets[0] + along
    return task.train[rows[:, None, None], lines[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


@torch.inference_mode()
def _test(network: nn.Module, task: PreparedTask, recipe: Recipe) -> tuple[float, float, float]:
    network.eval()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=recipe.precision == "bf16"):
        logits = torch.cat([network(part).float() for part in task.test.split(480)])
    log_probabilities = logits.log_softmax(1)
    of_truth = log_probabilities.gather(1, task.test_labels[:, None])[:, 0]
    accuracy = 100.0 * float((logits.argmax(1) == task.test_labels).double().mean())
    return float(-of_truth.mean()), float(of_truth.exp().mean()), accuracy


def _scaled(images: Tensor, mean: Tensor, sd: Tensor) -> Tensor:
    return (images - mean[:, None, None]) / sd[:, None, None]


def _resized(images: Tensor, side: int) -> Tensor:
    floats = images.float() / 255
    return floats if floats.shape[-1] == side else F.interpolate(floats, size=(side, side), mode="area")
