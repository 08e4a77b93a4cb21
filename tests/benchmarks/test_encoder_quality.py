"""The figures of docs/encoders.md: of features that are known to tell classes apart, or not to."""

import numpy as np
import torch

from benchmarks import encoder_quality
from benchmarks.encoder_quality import nearest_class_mean, on_cifar10, on_evaluation_classes
from pomonag.data.image_datasets import as_image_dataset
from pomonag.data.miniimagenet import EVALUATION_CLASSES


def test_the_share_is_counted_by_hand():
    known = torch.tensor([[[0.0], [2.0]], [[10.0], [10.0]]])  # means 1 and 10
    asked = torch.tensor([[[0.0], [9.0]], [[6.0], [5.0]]])  # right, wrong, right, wrong
    assert nearest_class_mean(known, asked) == 0.5
    assert nearest_class_mean(known, known) == 1.0


class Mean:
    """Features are the mean colour."""

    def __init__(self):
        self.asked = []

    def embed(self, images, labels, samples_per_class=20, seed=0):
        self.asked.append((sorted(set(labels.tolist())), samples_per_class))
        colours = torch.from_numpy(images.astype(np.float32)).mean((1, 2))
        return torch.stack([colours[labels == c][:samples_per_class] for c in range(labels.max() + 1)])


def coloured(labels, informative=True):
    """Images whose colour is their class, or nothing."""
    values = labels if informative else np.random.default_rng(0).integers(0, 255, len(labels))
    return (values[:, None, None, None] * np.ones((1, 32, 32, 3))).astype(np.uint8)


def test_cifar10_knows_training_images_and_asks_test_images(tmp_path, monkeypatch):
    monkeypatch.setenv("POMONAG_DATA_DIR", str(tmp_path))
    (tmp_path / "images").mkdir()
    y_train, y_test = np.repeat(np.arange(10), 50), np.repeat(np.arange(10), 30)
    scores = []
    for informative in (True, False):
        np.savez(
            tmp_path / "images" / "cifar10_subset.npz", x_train=coloured(y_train), y_train=y_train,
            x_test=coloured(y_test, informative), y_test=y_test,
        )  # fmt: skip
        encoder = Mean()
        scores.append(on_cifar10(encoder, 0))
        assert encoder.asked == [(list(range(10)), 50), (list(range(10)), 30)]
    assert scores[0] == 1.0
    assert scores[1] < 0.3


def test_only_evaluation_classes_are_shown_to_the_encoder(tmp_path, monkeypatch):
    monkeypatch.setenv("POMONAG_DATA_DIR", str(tmp_path))
    (tmp_path / "images").mkdir()
    labels = np.repeat(np.arange(100), 62)
    np.savez_compressed(tmp_path / "images" / "miniimagenet32.npz", x=coloured(labels), y=labels)
    encoder = Mean()
    shown = []
    embed = encoder.embed
    encoder.embed = lambda images, *a, **k: shown.append(set(images[:, 0, 0, 0].tolist())) or embed(images, *a, **k)
    assert on_evaluation_classes(encoder, 0) == 1.0
    assert shown == [set(EVALUATION_CLASSES)]
    assert encoder.asked == [(list(range(25)), 62)]


def test_the_clock_is_asked_about_twenty_by_twenty(monkeypatch):
    asked = []

    class Slow:
        def embed(self, images, labels, samples_per_class=20, seed=0):
            data = as_image_dataset(images, labels, samples_per_class=samples_per_class, seed=seed)
            asked.append((data.images.shape, len(data.classes), samples_per_class))

    assert encoder_quality.task_seconds(Slow(), rounds=2).wall > 0
    assert asked == [((400, 32, 32, 3), 20, 20)] * 3
