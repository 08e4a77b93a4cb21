"""The encoder of our own: what ships, other weights of it, and files that are none."""

import numpy as np
import pytest
import torch

from pomonag.data.image_datasets import load_images
from pomonag.data.miniimagenet import EVALUATION_CLASSES
from pomonag.errors import UserError
from pomonag.predictors import tiny_encoder
from pomonag.predictors.dataset_encoder import dataset_encoder
from pomonag.predictors.tiny_encoder import FEATURES, FILE, TinyEncoder, load_tiny_encoder
from pomonag.records.checkpoints import load_checkpoint, save_checkpoint


def test_what_ships_is_small_and_never_saw_an_evaluation_class():
    assert FILE.stat().st_size <= 1_500_000
    _, header = load_checkpoint(FILE)
    classes = header["images"]["classes"]
    assert len(classes) == 75
    assert not set(classes) & set(EVALUATION_CLASSES)
    assert header["images"]["trained_on"] == 75 * 220  # of 240: those that tasks are embedded from are left out
    assert header["parameters"] == sum(p.numel() for p in TinyEncoder().parameters()) < 1_000_000
    assert header["accuracy"] > 100 * 10 / 75  # percent; chance is 1.3
    assert header["provenance"]["dirty"] is False


def test_features_of_digits_tell_them_apart():
    digits = load_images("digits")
    encoder = dataset_encoder("tiny", cached=False)
    embedding = encoder.embed(digits.images, digits.labels)
    assert embedding.shape == (10, 20, FEATURES)
    assert embedding.dtype == torch.float32
    assert (embedding >= 0).all()
    nearest = torch.cdist(embedding[:, 10:].flatten(0, 1), embedding[:, :10].mean(1)).argmin(1).view(10, 10)
    assert (nearest == torch.arange(10)[:, None]).float().mean() > 0.6


def test_pixels_are_normalised_by_the_weights_own_mean():
    network = load_tiny_encoder().eval()
    images = torch.rand(2, 3, 32, 32)
    with torch.inference_mode():
        features = network(images)
        plain = network.layers((images - network.mean.view(3, 1, 1)) / network.deviation.view(3, 1, 1)).mean((2, 3))
        network.mean += 0.1
        moved = network(images + 0.1)
    torch.testing.assert_close(features, plain)
    torch.testing.assert_close(features, moved, rtol=1e-3, atol=1e-4)
    assert 0.3 < float(network.mean.mean()) < 0.7


def test_other_weights_are_another_encoder(tmp_path):
    file = tmp_path / "own.safetensors"
    torch.manual_seed(0)
    save_checkpoint(file, TinyEncoder().state_dict(), {})
    shipped, own = dataset_encoder("tiny"), dataset_encoder(f"tiny:{file}")
    assert shipped.identity != own.identity
    assert own.features == FEATURES
    images = np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)
    labels = np.arange(40) % 2
    assert not torch.equal(shipped.embed(images, labels), own.embed(images, labels))


def test_files_that_cannot_be_used(tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r"no weights of encoder 'tiny' at .*make them with `pomonag train encoder`"):
        dataset_encoder(f"tiny:{tmp_path / 'none.safetensors'}")
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(FILE.read_bytes()[:100_000])
    with pytest.raises(UserError, match="not a whole checkpoint"):
        load_tiny_encoder(cut)
    save_checkpoint(tmp_path / "other.safetensors", {"x": torch.zeros(2)}, {})
    with pytest.raises(UserError, match=r"does not hold the weights of encoder .* `pomonag train encoder`"):
        load_tiny_encoder(tmp_path / "other.safetensors")
    monkeypatch.setattr(tiny_encoder, "FILE", tmp_path / "gone.safetensors")
    with pytest.raises(UserError, match="reinstall the package"):
        dataset_encoder("tiny")
    with pytest.raises(UserError, match="takes no file"):
        dataset_encoder("resnet18:own.pth")
