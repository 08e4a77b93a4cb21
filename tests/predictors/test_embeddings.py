import json

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from pomonag.data.image_datasets import load_images
from pomonag.data.tasks import task
from pomonag.errors import UserError
from pomonag.meta_dataset.plan import Plan
from pomonag.predictors import embeddings
from pomonag.predictors.dataset_encoder import dataset_encoder
from pomonag.predictors.embeddings import (
    embed_task,
    embedding_sha256,
    load_embedding,
    shipped_embeddings,
    write_embedding,
)

FEATURES = {"efficientnet_lite0": 1280, "tiny": 176}
CLASSES = {"cifar10": 10, "cifar100": 100, "digits": 10, "miniimagenet32": 100}


def nearest_class_mean(embedding: torch.Tensor) -> float:
    """Leave-one-out accuracy in [0, 1] of the class mean nearest to each image."""
    classes, samples, _ = embedding.shape
    sums = embedding.sum(1)
    right = 0
    for label in range(classes):
        for image in embedding[label]:
            means = sums / samples
            means[label] = (sums[label] - image) / (samples - 1)
            right += int((means - image).square().sum(1).argmin()) == label
    return right / (classes * samples)


def origin_of(name, encoder):
    return json.loads((embeddings._shipped_folder() / f"{name}_{encoder}.json").read_text())


@pytest.mark.parametrize("encoder", FEATURES)
@pytest.mark.parametrize("name", CLASSES)
def test_shipped_embeddings(name, encoder):
    embedding = load_embedding(name, encoder)
    assert embedding.shape == (CLASSES[name], 20, FEATURES[encoder])
    assert embedding.dtype == torch.float32
    assert embedding.isfinite().all()
    origin = origin_of(name, encoder)
    assert len(origin["images"]["classes"]) == CLASSES[name]
    assert origin["encoder"] == dataset_encoder(encoder).identity
    assert origin["images"] == origin_of(name, "efficientnet_lite0")["images"]


def test_all_that_ships_is_listed():
    assert shipped_embeddings() == sorted(CLASSES)
    assert set(embeddings.SHIPPED_ENCODERS) == set(FEATURES)
    assert len(list(embeddings._shipped_folder().iterdir())) == 2 * len(CLASSES) * len(FEATURES)
    with pytest.raises(UserError, match="Did you mean 'cifar10'"):
        load_embedding("cifar1O")
    with pytest.raises(UserError, match="unknown encoder with shipped embeddings 'resnet18'"):
        load_embedding("cifar10", "resnet18")


# The tasks of both spaces' shipped rows, the second with 22 and 8 tasks of the same names.
PLANS = (Plan(), Plan(training_tasks=22, held_out_tasks=8))


@pytest.mark.parametrize("encoder", FEATURES)
def test_every_planned_task_is_embedded_from_its_classes_without_data(encoder, monkeypatch):
    monkeypatch.delenv("POMONAG_DATA_DIR", raising=False)
    pool, seen = load_embedding("miniimagenet32", encoder), set()
    names = sorted({name for plan in PLANS for name in plan.tasks})
    assert len(names) == 50
    for name in names:
        drawn = task(name)
        embedding = embed_task(drawn, encoder)
        assert embedding.shape == (20, 20, FEATURES[encoder])
        assert torch.equal(embedding, torch.stack([pool[c] for c in drawn.classes]))
        seen.add(embedding_sha256(embedding))
    assert len(seen) == len(names)


def test_many_tasks_cost_one_reading_and_share_no_memory(monkeypatch):
    read = []
    monkeypatch.setattr(embeddings, "load_embedding", lambda *names: read.append(names) or load_embedding(*names))
    embeddings._miniimagenet32.cache_clear()
    first = embed_task(task("train-000"))
    kept = first.clone()
    first.zero_()
    assert torch.equal(embed_task(task("train-000")), kept)
    assert not torch.equal(embed_task(task("train-001")), kept)
    assert read == [("miniimagenet32", "efficientnet_lite0")]


def test_images_of_a_class_lie_together():
    assert nearest_class_mean(load_embedding("digits")) > 0.7
    assert nearest_class_mean(load_embedding("cifar10")) > 0.5


@pytest.mark.parametrize("encoder", FEATURES)
def test_the_shipped_digits_are_what_the_encoder_gives(encoder):
    digits = load_images("digits")
    few = digits.labels < 2
    # Sampling depends on the class, so two classes alone are the first two of ten.
    found = dataset_encoder(encoder, cached=False).embed(digits.images[few], digits.labels[few])
    torch.testing.assert_close(load_embedding("digits", encoder)[:2], found, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("encoder", FEATURES)
def test_the_shipped_cifar10_is_that_of_the_data(data_dir, encoder):
    images = load_images(data_dir / "images" / "cifar10_subset.npz")
    assert origin_of("cifar10", encoder)["images"]["sha256"] == images.sha256
    few = images.labels < 2
    found = dataset_encoder(encoder, cached=False).embed(images.images[few], images.labels[few])
    torch.testing.assert_close(load_embedding("cifar10", encoder)[:2], found, rtol=2e-3, atol=2e-3)


def test_what_is_written_can_be_given_as_precomputed(tmp_path):
    class Constant:
        name, features, resolution, identity = "constant", 2, 8, "constant 1"

        def embed(self, images, labels, samples_per_class=20, seed=0):
            return torch.arange(10 * 20 * 2).reshape(10, 20, 2).float()

    digits = load_images("digits")
    file = tmp_path / "features.safetensors"
    written = write_embedding(digits, Constant(), file)
    encoder = dataset_encoder(f"precomputed:{file}")
    assert encoder.features == 2
    assert torch.equal(encoder.embed(digits.images, digits.labels), written.float())
    assert encoder.embed(digits.images, digits.labels, samples_per_class=30).shape == (10, 30, 2)
    assert json.loads((tmp_path / "features.json").read_text())["images"]["sha256"] == digits.sha256


def test_precomputed_npz(tmp_path):
    np.savez(tmp_path / "x.npz", embedding=np.ones((10, 20, 4), np.float16))
    digits = load_images("digits")
    found = dataset_encoder(f"precomputed:{tmp_path / 'x.npz'}").embed(digits.images, digits.labels)
    assert found.dtype == torch.float32
    few = digits.labels < 2
    with pytest.raises(UserError, match="10 classes, but the images have 2"):
        dataset_encoder(f"precomputed:{tmp_path / 'x.npz'}").embed(digits.images[few], digits.labels[few])


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("x.npz", b"cut", "damaged"),
        ("x.safetensors", b"cut", "damaged"),
        ("x.txt", b"", "no .npz or .safetensors"),
        ("x.npz", np.ones((2, 3)), "shape \\(2, 3\\)"),
        ("x.safetensors", np.full((2, 3, 4), np.nan, np.float32), "finite"),
        ("x.npz", None, "cannot read"),
    ],
)
def test_precomputed_files_that_cannot_be_used(tmp_path, name, content, word):
    file = tmp_path / name
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content is not None and name.endswith(".npz"):
        np.savez(file, embedding=content)
    elif content is not None:
        save_file({"embedding": content}, file)
    with pytest.raises(UserError, match=word):
        dataset_encoder(f"precomputed:{file}")


def test_a_file_without_the_array(tmp_path):
    np.savez(tmp_path / "x.npz", features=np.ones((2, 3, 4)))
    with pytest.raises(UserError, match="holds features, expected an array `embedding`"):
        dataset_encoder(f"precomputed:{tmp_path / 'x.npz'}")


def test_a_shipped_embedding_that_is_cut_off_is_refused(tmp_path, monkeypatch):
    content = (embeddings._shipped_folder() / "digits_efficientnet_lite0.safetensors").read_bytes()
    (tmp_path / "digits_efficientnet_lite0.safetensors").write_bytes(content[:10_000])
    monkeypatch.setattr(embeddings, "_shipped_folder", lambda: tmp_path)
    with pytest.raises(UserError, match="is damaged"):
        load_embedding("digits")
