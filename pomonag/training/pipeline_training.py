"""Trains a network by a full pipeline, resumable after each epoch, to the same bits as if never interrupted."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from pomonag.errors import UserError
from pomonag.records.seeds import seed_of
from pomonag.training.augmentation import Augmentation, EpochBatches
from pomonag.training.epoch_checkpoint import fingerprint, load_epoch, save_epoch
from pomonag.training.initialisation import initialise
from pomonag.training.optimisation import EarlyStopping, Precision, make_optimiser, make_scheduler
from pomonag.training.pipeline import TrainingPipeline
from pomonag.training.pipeline_images import LabelledImages, normalisation_for, resized, split_off


@dataclass(frozen=True)
class Score:
    """Accuracy in percent, mean cross-entropy without smoothing and mean true-class probability."""

    accuracy: float
    loss: float
    true_class_probability: float


@dataclass(frozen=True)
class Epoch:
    """One finished epoch: mean training loss, the rate of its last update, the score on the validation images."""

    number: int
    train_loss: float
    learning_rate: float
    validation: Score | None
    seconds: float = field(compare=False)


@dataclass(frozen=True)
class TrainingOutcome:
    """How a training went. The network that was given holds the tested weights.

    `tested_epoch` counts from 0. A diverged training, one whose loss stopped being finite, has no tested epoch and no
    test score; its history ends with the last epoch that was whole.
    """

    history: tuple[Epoch, ...]
    tested_epoch: int | None
    test: Score | None
    diverged: bool
    stopped_early: bool


def train(
    network: nn.Module,
    training: LabelledImages,
    validation: LabelledImages | None,
    test: LabelledImages | None,
    pipeline: TrainingPipeline,
    seed: int,
    device: str = "cpu",
    checkpoint: str | Path | None = None,
    progress: Callable[[Epoch], None] | None = None,
    workers: int = 0,
) -> TrainingOutcome:
    """Train `network`, images [b, 3, resolution, resolution] -> logits [b, classes], in place.

    The seed settles weights, order and augmentation; on a CPU the result is the same to the bit, whatever the number of
    `workers` that augment. Where the pipeline needs validation images and `validation` is None, they are split off the
    training images. With `checkpoint` the state is written there after each epoch, and the training continues from
    what is there. Raises UserError for labels the network has no class for, for a checkpoint of another training, and
    for a device that is not there.
    """
    if torch.device(device).type == "cuda" and not torch.cuda.is_available():
        raise UserError(f"got device {device!r}, but PyTorch finds no CUDA device: train on 'cpu', or mend the driver")
    initialise(network, pipeline.weights, seed)
    classes = _classes(network, pipeline.resolution)
    for images in (training, validation, test):
        if images is not None and int(images.labels.max()) >= classes:
            raise UserError(f"got label {int(images.labels.max())}; the network has the classes 0 to {classes - 1}")
    if validation is None and pipeline.needs_validation:
        training, validation = split_off(training, pipeline.validation_share, seed)
    run = _Run(network, training, validation, classes, pipeline, seed, torch.device(device), workers)
    path = Path(checkpoint) if checkpoint is not None else None
    if path is not None and (state := load_epoch(path, run.identity)) is not None:
        run.restore(state)
    while not run.finished:
        epoch = run.train_epoch()
        if epoch is None:
            return TrainingOutcome(tuple(run.history), None, None, diverged=True, stopped_early=False)
        if path is not None:
            save_epoch(path, run.identity, run.state())
        if progress is not None:
            progress(epoch)
    tested = run.take_selected_weights()
    score = run.score(test) if test is not None else None
    if score is not None and not math.isfinite(score.loss):
        return TrainingOutcome(tuple(run.history), None, None, diverged=True, stopped_early=False)
    return TrainingOutcome(tuple(run.history), tested, score, False, len(run.history) < pipeline.epochs)


class _Run:
    """What changes from epoch to epoch."""

    def __init__(
        self,
        network: nn.Module,
        training: LabelledImages,
        validation: LabelledImages | None,
        classes: int,
        pipeline: TrainingPipeline,
        seed: int,
        device: torch.device,
        workers: int,
    ):
        self.identity = {
            "pipeline": pipeline.hash,
            "seed": str(seed),
            "training images": training.fingerprint(),
            "validation images": validation.fingerprint() if validation is not None else "",
            "network": fingerprint(network.state_dict()),
        }
        self.network = network.to(device)
        self.training, self.validation = training, validation
        self.pipeline, self.seed, self.device, self.workers = pipeline, seed, device, workers
        self.normalisation = normalisation_for(pipeline, training.images)
        self.augmentation = Augmentation(pipeline, self.normalisation, classes)
        self.optimiser = make_optimiser(network.parameters(), pipeline)
        self.scheduler = make_scheduler(self.optimiser, pipeline, -(-len(training) // pipeline.batch_size))
        self.precision = Precision(pipeline.mixed_precision, device)
        self.stopping = EarlyStopping(pipeline.early_stopping_patience)
        self.history: list[Epoch] = []
        self.best: dict[str, Tensor] | None = None

    @property
    def finished(self) -> bool:
        done = len(self.history)
        return done == self.pipeline.epochs or (done > 0 and self.stopping.stops_after(done - 1))

    def train_epoch(self) -> Epoch | None:
        """The next epoch, or None if a loss was not finite."""
        number, start = len(self.history), time.perf_counter()
        # Layers that draw, such as dropout, are seeded by the epoch, so that nothing of the generator is kept.
        with torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else []):
            torch.manual_seed(seed_of("layers", self.seed, number))
            trained = self._updates(number)
        if trained is None:
            return None
        score = self.score(self.validation) if self.validation is not None else None
        if score is not None:
            if not math.isfinite(score.loss):
                return None
            if self.stopping.note(number, score.accuracy) and self.pipeline.selection == "best":
                self.best = {k: v.detach().to("cpu", copy=True) for k, v in self.network.state_dict().items()}
        self.history.append(Epoch(number, *trained, score, time.perf_counter() - start))
        return self.history[-1]

    def _updates(self, number: int) -> tuple[float, float] | None:
        """Mean training loss and the last rate."""
        self.network.train()
        batches = EpochBatches(self.training, self.augmentation, self.pipeline.batch_size, self.seed, number)
        # Without a generator of its own the loader would draw from torch's.
        loader = DataLoader(batches, batch_size=None, num_workers=self.workers, generator=torch.Generator())
        total, rate = 0.0, 0.0
        for images, targets in loader:
            images, targets = images.to(self.device), targets.to(self.device)
            with self.precision.autocast():
                logits = self.network(images)
            loss = F.cross_entropy(logits.float(), targets, label_smoothing=self.pipeline.label_smoothing)
            value = float(loss.detach())
            if not math.isfinite(value):
                return None
            total += value * len(images)
            self.precision.update(loss, self.optimiser, self.pipeline.gradient_clip)
            rate = self.optimiser.param_groups[0]["lr"]
            if self.pipeline.schedule_unit == "step":
                self.scheduler.step()
        if self.pipeline.schedule_unit == "epoch":
            self.scheduler.step()
        return total / len(self.training), rate

    def take_selected_weights(self) -> int:
        """Puts the weights to test into the network; the number of their epoch."""
        if self.best is None or self.stopping.best_epoch is None:
            return len(self.history) - 1
        self.network.load_state_dict(self.best)
        return self.stopping.best_epoch

    @torch.inference_mode()
    def score(self, data: LabelledImages) -> Score:
        """Of all images, not augmented, in the precision that is trained in."""
        self.network.eval()
        parts = []
        for images in data.images.split(self.pipeline.batch_size):
            batch = self.normalisation(resized(images, self.pipeline.resolution)).to(self.device)
            with self.precision.autocast():
                parts.append(self.network(batch).float().cpu())
        logits = torch.cat(parts)
        of_truth = logits.double().log_softmax(1).gather(1, data.labels[:, None])[:, 0]
        accuracy = 100.0 * float((logits.argmax(1) == data.labels).double().mean())
        return Score(accuracy, float(-of_truth.mean()), float(of_truth.exp().mean()))

    def state(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(),
            "best": self.best,
            "optimiser": self.optimiser.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "scaler": self.precision.scaler.state_dict(),
            "best_epoch": self.stopping.best_epoch,
            "best_score": self.stopping.best_score,
            "history": [dataclasses.asdict(epoch) for epoch in self.history],
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self.best = state["best"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.precision.scaler.load_state_dict(state["scaler"])
        self.stopping.best_epoch, self.stopping.best_score = state["best_epoch"], state["best_score"]
        for epoch in state["history"]:
            score = epoch.pop("validation")
            self.history.append(Epoch(**epoch, validation=Score(**score) if score is not None else None))


@torch.inference_mode()
def _classes(network: nn.Module, resolution: int) -> int:
    device = next(network.parameters()).device
    return network.eval()(torch.zeros(1, 3, resolution, resolution, device=device)).shape[1]
