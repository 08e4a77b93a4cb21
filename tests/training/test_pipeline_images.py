"""Images are checked, brought to one size, normalised by themselves, and split by class."""

import pytest
import torch

from pomonag.errors import UserError
from pomonag.training.pipeline import TrainingPipeline
from pomonag.training.pipeline_images import IMAGENET, LabelledImages, normalisation_for, resized, split_off


def some(count=60, classes=3, shape=(3, 8, 8)):
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (count, *shape), generator=generator).byte()
    return LabelledImages(images, torch.arange(count) % classes)


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (torch.zeros(2, 3, 8, 8), torch.zeros(2, dtype=torch.int64)),
        (torch.zeros(2, 4, 8, 8, dtype=torch.uint8), torch.zeros(2, dtype=torch.int64)),
        (torch.zeros(0, 3, 8, 8, dtype=torch.uint8), torch.zeros(0, dtype=torch.int64)),
        (torch.zeros(3, 8, 8, dtype=torch.uint8), torch.zeros(3, dtype=torch.int64)),
        (torch.zeros(2, 3, 8, 8, dtype=torch.uint8), torch.zeros(3, dtype=torch.int64)),
        (torch.zeros(2, 3, 8, 8, dtype=torch.uint8), torch.zeros(2)),
        (torch.zeros(2, 3, 8, 8, dtype=torch.uint8), torch.tensor([0, -1])),
    ],
)
def test_other_tensors_are_refused(images, labels):
    with pytest.raises(UserError, match="expected"):
        LabelledImages(images, labels)


def test_resizing_keeps_flat_colours_range_and_what_fits():
    images = some().images
    assert torch.equal(resized(images, 8), images)
    flat = torch.full((2, 3, 10, 6), 77, dtype=torch.uint8)
    assert torch.equal(resized(flat, 8), torch.full((2, 3, 8, 8), 77, dtype=torch.uint8))
    checks = (torch.arange(64).reshape(1, 1, 8, 8) % 2 * 255).byte()
    grey = resized(checks, 16)
    assert grey.shape == (1, 3, 16, 16)
    assert torch.equal(grey[:, 0], grey[:, 2])
    assert grey.min() == 0
    assert grey.max() == 255


def test_normalised_training_images_have_mean_0_and_deviation_1():
    images = some(600).images
    for resolution in (8, 12):
        pipeline = TrainingPipeline(epochs=1, resolution=resolution)
        batch = normalisation_for(pipeline, images)(resized(images, resolution))
        torch.testing.assert_close(batch.mean((0, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
        torch.testing.assert_close(batch.std((0, 2, 3), correction=0), torch.ones(3), atol=1e-5, rtol=0)
    assert normalisation_for(TrainingPipeline(epochs=1, normalisation="imagenet"), images) == IMAGENET
    flat = normalisation_for(TrainingPipeline(epochs=1), torch.zeros(2, 3, 8, 8, dtype=torch.uint8))
    assert flat.sd == (1e-3,) * 3


def test_the_split_is_by_class_and_seed_and_loses_nothing():
    data = some()
    train, held = split_off(data, 0.1, seed=1)
    assert held.labels.bincount().tolist() == [2, 2, 2]
    assert len(train) == 54
    rows = sorted(image.numpy().tobytes() for part in (train, held) for image in part.images)
    assert rows == sorted(image.numpy().tobytes() for image in data.images)
    assert torch.equal(held.images, split_off(data, 0.1, seed=1)[1].images)
    assert not torch.equal(held.images, split_off(data, 0.1, seed=2)[1].images)


def test_of_few_images_one_is_held_and_one_trains():
    train, held = split_off(some(4, classes=2), 0.01, seed=0)
    assert (len(train), len(held)) == (2, 2)
    train, held = split_off(some(4, classes=2), 0.99, seed=0)
    assert (len(train), len(held)) == (2, 2)
    with pytest.raises(UserError, match="class 1 has one image"):
        split_off(some(3, classes=2), 0.1, seed=0)


def test_a_fingerprint_knows_pixels_and_labels():
    data = some()
    other = LabelledImages(data.images, data.labels.roll(1))
    assert data.fingerprint() == some().fingerprint()
    assert len({data.fingerprint(), other.fingerprint(), some(shape=(3, 8, 9)).fingerprint()}) == 3
