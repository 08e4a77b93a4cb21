"""`python -m benchmarks.encoder_quality`: how well image encoders tell classes apart, and how long a data set takes.

The figures of docs/encoders.md.
"""

from __future__ import annotations

import statistics

import click
import numpy as np
import torch
from torch import Tensor

from benchmarks import timing
from pomonag.data.image_datasets import load_images
from pomonag.data.miniimagenet import EVALUATION_CLASSES, FILE
from pomonag.data.sources import data_path
from pomonag.errors import UserError
from pomonag.guarded import run_guarded
from pomonag.predictors.dataset_encoder import DatasetEncoder, dataset_encoder

KNOWN_PER_CLASS = 50
TESTED = 300


def nearest_class_mean(known: Tensor, asked: Tensor) -> float:
    """Share of `asked` [classes, m, features] nearest to their own class's mean over `known` [classes, n, features]."""
    nearest = torch.cdist(asked.flatten(0, 1), known.mean(1)).argmin(1).view(asked.shape[:2])
    return float((nearest == torch.arange(len(asked))[:, None]).float().mean())


def on_evaluation_classes(encoder: DatasetEncoder, seed: int) -> float:
    """Of mini-ImageNet32's classes that no training task uses: 50 images of each known, 12 asked."""
    pool = load_images(data_path(FILE), samples_per_class=None)
    rows = np.flatnonzero(np.isin(pool.labels, EVALUATION_CLASSES))
    labels = np.searchsorted(EVALUATION_CLASSES, pool.labels[rows])
    count = KNOWN_PER_CLASS + TESTED // len(EVALUATION_CLASSES)
    features = encoder.embed(np.asarray(pool.images)[rows], labels, samples_per_class=count, seed=seed)
    # They stand in the file's order, which may mean something.
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    return nearest_class_mean(features[:, order[:KNOWN_PER_CLASS]], features[:, order[KNOWN_PER_CLASS:]])


def on_cifar10(encoder: DatasetEncoder, seed: int) -> float:
    """50 training images of each class known, 30 test images of each asked."""
    with np.load(data_path("images/cifar10_subset.npz"), allow_pickle=False) as file:
        arrays = {name: file[name] for name in ("x_train", "y_train", "x_test", "y_test")}
    known = encoder.embed(arrays["x_train"], arrays["y_train"], samples_per_class=KNOWN_PER_CLASS, seed=seed)
    asked = encoder.embed(arrays["x_test"], arrays["y_test"], samples_per_class=TESTED // len(known), seed=seed)
    return nearest_class_mean(known, asked)


def task_seconds(encoder: DatasetEncoder, rounds: int = 3) -> timing.Seconds:
    """For 20 images at 32 x 32 of each of 20 classes, medians; a first call, which loads the network, is left out."""
    images = np.random.default_rng(0).integers(0, 256, (400, 32, 32, 3), dtype=np.uint8)
    labels = np.arange(400) % 20
    (took,) = timing.interleaved([lambda: encoder.embed(images, labels)], rounds)
    return timing.Seconds(timing.median_of(took, "wall"), timing.median_of(took, "cpu"))


@click.command()
@click.option("--encoder", "names", multiple=True, default=("efficientnet_lite0", "tiny"), show_default=True)
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(1), help="Draws of the images.")
def main(names: tuple[str, ...], seeds: int) -> None:
    """Print a table: nearest-class-mean accuracy on the evaluation classes and CIFAR-10, and seconds for 20 x 20."""
    if any(name.startswith("precomputed") for name in names):
        raise UserError("got precomputed features, expected an encoder that looks at images")
    click.echo("| encoder | 25 evaluation classes | CIFAR-10 | 20 x 20 images, CPU s | wall s |\n|---|---|---|---|---|")
    for name in names:
        encoder = dataset_encoder(name, cached=False)
        scores = [[measure(encoder, seed) for seed in range(seeds)] for measure in (on_evaluation_classes, on_cifar10)]
        took = task_seconds(encoder)
        shown = [f"{statistics.mean(s):.3f} ({min(s):.3f} to {max(s):.3f})" for s in scores]
        click.echo(f"| {name} | {shown[0]} | {shown[1]} | {took.cpu:.1f} | {took.wall:.1f} |")
    click.echo(f"Load a core while this ran: {timing.load():.1f}.")


if __name__ == "__main__":
    run_guarded(main, "interrupted; nothing was written")
