"""Training the tiny encoder, on made-up images and in a few steps."""

import functools

import numpy as np
import pytest
import torch

from pomonag.data.miniimagenet import EVALUATION_CLASSES, TRAINING_CLASSES
from pomonag.data.sampling import sample_classes
from pomonag.data.tasks import TaskImages
from pomonag.errors import UserError
from pomonag.predictors import tiny_encoder_training
from pomonag.predictors.dataset_encoder import dataset_encoder
from pomonag.predictors.tiny_encoder_training import make_tiny_encoder, trained_encoder, training_images
from pomonag.records.checkpoints import load_checkpoint
from pomonag.training.recipe import Recipe

FEW_STEPS = Recipe(epochs=1, batch_size=50, resolution=32, crop_padding=4)
PER_CLASS = 22
LABELS = np.repeat(np.arange(100), PER_CLASS)


def pool_images():
    """Each image is of one colour that is its row's number, so that it is known again."""
    rows = np.arange(len(LABELS))
    colours = np.stack([rows % 256, rows // 256, LABELS], 1).astype(np.uint8)
    return np.broadcast_to(colours[:, None, None], (len(rows), 32, 32, 3)).copy()


def rows_of(images):
    return (images[:, 0, 0, 0].long() + 256 * images[:, 1, 0, 0].long()).numpy()


def test_neither_evaluation_classes_nor_embedded_images_are_trained_on():
    images = training_images(pool_images(), LABELS)
    trained, tested = rows_of(images.train_images), rows_of(images.test_images)
    embedded = sample_classes(LABELS, 20, 0)
    assert len(trained) == 75 * (PER_CLASS - 20)
    assert not set(trained) & set(embedded.ravel())
    assert sorted(tested) == sorted(embedded[list(TRAINING_CLASSES)].ravel())
    for rows, labels in ((trained, images.train_labels), (tested, images.test_labels)):
        assert not set(LABELS[rows]) & set(EVALUATION_CLASSES)
        assert LABELS[rows].tolist() == [TRAINING_CLASSES[label] for label in labels]
    assert images.classes == 75


def stripes(count, seed):
    """Images of vertical and of horizontal stripes, in noise."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    wave = np.where(np.arange(32) % 4 < 2, 60, 190)
    plain = np.where(labels[:, None, None] == 0, wave[None, None, :], wave[None, :, None])
    noisy = plain[:, None] + random.normal(0, 20, (count, 3, 32, 32))
    return torch.from_numpy(noisy.clip(0, 255).astype(np.uint8)), torch.from_numpy(labels)


def test_it_learns_and_the_seed_settles_it_to_the_bit():
    (train, train_labels), (test, test_labels) = stripes(200, 0), stripes(100, 1)
    images = TaskImages(train, train_labels, test, test_labels, 2)
    found = []
    for seed in (0, 0, 1):
        before = torch.random.get_rng_state()
        encoder, accuracy = trained_encoder(images, FEW_STEPS, seed)
        assert torch.equal(before, torch.random.get_rng_state())
        assert accuracy > 90
        torch.testing.assert_close(encoder.mean, (train.float() / 255).mean((0, 2, 3)))
        found.append(encoder.state_dict())
    assert all(torch.equal(found[0][key], found[1][key]) for key in found[0])
    assert any(not torch.equal(found[0][key], found[2][key]) for key in found[0])


@pytest.fixture
def pool(tmp_path, monkeypatch):
    monkeypatch.setenv("POMONAG_DATA_DIR", str(tmp_path))
    (tmp_path / "images").mkdir()
    np.savez_compressed(tmp_path / "images" / "miniimagenet32.npz", x=pool_images(), y=LABELS)


def test_the_command_writes_weights_that_an_encoder_can_be_given(pool, tmp_path, monkeypatch):
    from click.testing import CliRunner

    from pomonag.commands.train import train

    quick = functools.partial(make_tiny_encoder, recipe=FEW_STEPS)
    monkeypatch.setattr(tiny_encoder_training, "make_tiny_encoder", quick)
    file = tmp_path / "own.safetensors"
    done = CliRunner().invoke(train, ["encoder", "--out", str(file), "--seed", "3"], catch_exceptions=False)
    assert done.exit_code == 0
    assert "of 1,500 images left out put into their class of 75" in done.output
    _, header = load_checkpoint(file)
    assert (header["seed"], header["recipe"]["epochs"]) == (3, 1)
    assert header["images"]["classes"] == list(TRAINING_CLASSES)
    images = np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)
    found = dataset_encoder(f"tiny:{file}").embed(images, np.arange(40) % 2)
    assert found.isfinite().all()


def test_without_images_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setenv("POMONAG_DATA_DIR", str(tmp_path))
    with pytest.raises(UserError, match=r"miniimagenet32.npz is not there"):
        make_tiny_encoder(tmp_path / "own.safetensors")
    assert not list(tmp_path.iterdir())
