"""One architecture trained in full, by a pipeline of the paper, on one task."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from pomonag.data.tasks import TaskImages
from pomonag.training.pipeline import TrainingPipeline
from pomonag.training.pipeline_images import LabelledImages
from pomonag.training.pipeline_training import train
from pomonag.training.trainer import TrainingResult


def train_in_full(
    build: Callable[[], nn.Module], images: TaskImages, pipeline: TrainingPipeline, seed: int, checkpoint: Path | None
) -> TrainingResult:
    """Build a network, train it by the pipeline and test it.

    With a `checkpoint` a training that was killed goes on after its last whole epoch; the file goes with the training's
    end. `train_loss` is that of the tested epoch, `seconds` the wall time of all epochs, `cpu_seconds` what the calling
    thread spent since it last took the training up. Raises FloatingPointError for a training that diverged.
    """
    cpu = time.thread_time()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build()
    if checkpoint is not None:
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
    outcome = train(
        network,
        LabelledImages(images.train_images, images.train_labels),
        LabelledImages(images.validation_images, images.validation_labels) if len(images.validation_labels) else None,
        LabelledImages(images.test_images, images.test_labels),
        pipeline,
        seed,
        checkpoint=checkpoint,
    )
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    if outcome.test is None or outcome.tested_epoch is None:
        raise FloatingPointError(f"the training diverged in epoch {len(outcome.history)}: its loss is not finite")
    return TrainingResult(
        accuracy=outcome.test.accuracy,
        loss=outcome.test.loss,
        true_class_probability=outcome.test.true_class_probability,
        train_loss=outcome.history[outcome.tested_epoch].train_loss,
        seconds=sum(epoch.seconds for epoch in outcome.history),
        cpu_seconds=time.thread_time() - cpu,
    )
