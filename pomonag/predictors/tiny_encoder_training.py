"""Trains the encoder that ships from nothing: minutes on one thread, too short to be worth resuming."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pomonag.data.image_datasets import load_images
from pomonag.data.miniimagenet import FILE, TRAINING_CLASSES
from pomonag.data.sampling import SAMPLES_PER_CLASS, sample_classes
from pomonag.data.sources import data_path
from pomonag.data.tasks import TaskImages
from pomonag.predictors.tiny_encoder import FEATURES, TinyEncoder
from pomonag.records.checkpoints import save_checkpoint
from pomonag.records.files import file_sha256
from pomonag.records.provenance import provenance
from pomonag.training.recipe import Recipe
from pomonag.training.trainer import prepare, train

# No label smoothing: it draws the images of a class together, but worsens the features for classes never seen.
RECIPE = Recipe(epochs=12, batch_size=128, resolution=32, crop_padding=4)


def make_tiny_encoder(file: Path, *, recipe: Recipe = RECIPE, seed: int = 0) -> dict[str, Any]:
    """Train on the pool below POMONAG_DATA_DIR, write the weights to `file` in half precision; returns its header.

    UserError for a pool that is missing or damaged, and for a file that cannot be written.
    """
    started, cpu, about = time.perf_counter(), time.process_time(), provenance()
    path = data_path(FILE)
    pool = load_images(path, samples_per_class=None)
    images = training_images(np.asarray(pool.images), pool.labels)
    network, accuracy = trained_encoder(images, recipe, seed)
    header = {
        "features": FEATURES,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "images": {
            "source": FILE,
            "sha256": file_sha256(path),
            "classes": list(TRAINING_CLASSES),
            "trained_on": len(images.train_images),
            "tested_on": len(images.test_images),
        },
        "recipe": dataclasses.asdict(recipe),
        "seed": seed,
        "accuracy": accuracy,
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - cpu,
        "provenance": about,
    }
    save_checkpoint(file, network.state_dict(), header)
    return header


def training_images(images: np.ndarray, labels: np.ndarray, classes: tuple[int, ...] = TRAINING_CLASSES) -> TaskImages:
    """The pool's images [n, h, h, 3] of `classes`, apart from the 20 a class that tasks are embedded from.

    Those test the classifier. An encoder that had learnt them by heart would tell the classes of training tasks apart
    better than those of any other data set, and predictors would learn to rely on that.
    """
    embedded = sample_classes(labels, SAMPLES_PER_CLASS, seed=0)
    train, test = [], []
    for label in classes:
        train.append(np.setdiff1d(np.flatnonzero(labels == label), embedded[label]))
        test.append(embedded[label])

    def numbered(rows: list[np.ndarray]) -> Tensor:
        return torch.from_numpy(np.repeat(np.arange(len(rows)), [len(one) for one in rows]))

    def pixels(rows: list[np.ndarray]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(images[np.concatenate(rows)].transpose(0, 3, 1, 2)))

    return TaskImages(pixels(train), numbered(train), pixels(test), numbered(test), len(classes))


def trained_encoder(images: TaskImages, recipe: Recipe, seed: int) -> tuple[TinyEncoder, float]:
    """An encoder trained with a linear classifier on it, and the percent of the test images put into their class.

    Raises FloatingPointError when the loss stops being finite.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder = TinyEncoder()
        classifier = nn.Sequential(encoder, nn.Linear(FEATURES, images.classes))
    # The trainer's images are normalised already; from here on the encoder does that itself.
    result = train(lambda: classifier, prepare(images, recipe), recipe, seed)
    pixels = images.train_images.float() / 255
    encoder.mean.copy_(pixels.mean((0, 2, 3)))
    encoder.deviation.copy_(pixels.std((0, 2, 3)).clamp_min(1e-3))
    return encoder, result.accuracy
