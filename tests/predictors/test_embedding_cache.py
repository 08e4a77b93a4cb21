"""Embeddings kept on disk: where, under which key, and that a kept one is worth what was computed.

That a damaged cache, or one that cannot be written, costs only time is tested beside the encoders.
"""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import platformdirs
import pytest
import torch
from safetensors.torch import load_file, save_file

from pomonag.data.image_datasets import load_images
from pomonag.errors import UserError
from pomonag.predictors.embedding_cache import CachedEncoder
from pomonag.records.tensor_cache import cache_folder

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (12, 4, 4, 3), dtype=np.uint8)
LABELS = np.arange(12) % 2


class Mean:
    """A stand-in for an encoder, that counts its calls; features are the channels' means."""

    name, features, resolution = "mean", 3, 4

    def __init__(self, identity="mean 1"):
        self.identity, self.calls = identity, 0

    def embed(self, images, labels, samples_per_class=20, seed=0):
        self.calls += 1
        pixels = torch.from_numpy(np.asarray(images)).float().mean((1, 2))
        classes = [pixels[np.flatnonzero(labels == c)][:samples_per_class] for c in range(2)]
        return torch.stack(classes, dim=2).permute(2, 0, 1)  # not contiguous, which safetensors would refuse


def embed(encoder, folder, images=IMAGES, labels=LABELS, **settings):
    return CachedEncoder(encoder, folder).embed(images, labels, **{"samples_per_class": 5, **settings})


def test_the_folder_is_the_variables_else_the_platforms(monkeypatch, tmp_path):
    monkeypatch.setenv("POMONAG_CACHE_DIR", str(tmp_path))
    assert cache_folder() == tmp_path
    assert CachedEncoder(Mean()).cache.folder == tmp_path / "embeddings"
    monkeypatch.setenv("POMONAG_CACHE_DIR", "")
    assert str(cache_folder()) == platformdirs.user_cache_dir("pomonag")
    monkeypatch.delenv("POMONAG_CACHE_DIR")
    assert str(cache_folder()) == platformdirs.user_cache_dir("pomonag")


def test_it_looks_like_the_encoder_it_keeps_for(tmp_path):
    encoder = Mean("mean 2")
    cached = CachedEncoder(encoder, tmp_path)
    assert (cached.name, cached.features, cached.resolution, cached.identity) == ("mean", 3, 4, "mean 2")


def test_what_is_kept_is_what_was_computed(tmp_path):
    encoder = Mean()
    direct = Mean().embed(IMAGES, LABELS, 5)
    first, kept = embed(encoder, tmp_path), embed(encoder, tmp_path)
    assert encoder.calls == 1
    assert first.shape == (2, 5, 3)
    assert torch.equal(first, kept)
    assert kept.dtype == direct.dtype == torch.float32
    (file,) = tmp_path.iterdir()  # one whole file, nothing temporary beside it
    assert file.suffix == ".safetensors"
    assert torch.equal(load_file(file)["tensor"], first)


def test_the_key_covers_encoder_pixels_labels_count_and_seed(tmp_path):
    encoder = Mean()
    embed(encoder, tmp_path)
    one_pixel = IMAGES.copy()
    one_pixel[0, 0, 0, 0] ^= 1
    embed(encoder, tmp_path, samples_per_class=6)
    embed(encoder, tmp_path, samples_per_class=6, images=one_pixel)
    embed(encoder, tmp_path, seed=1)
    embed(encoder, tmp_path, labels=1 - LABELS)
    embed(Mean("mean 2"), tmp_path)
    assert encoder.calls == 5
    assert len(list(tmp_path.iterdir())) == 6


def test_the_same_images_in_another_file_are_found(tmp_path):
    """By what they show, not by path, file format of the archive, or classes' names."""
    encoder = Mean()
    np.savez(tmp_path / "a.npz", images=IMAGES, labels=LABELS)
    (tmp_path / "other").mkdir()
    np.savez_compressed(tmp_path / "other" / "b.npz", x=IMAGES, y=LABELS, classes=np.array(["cat", "dog"]))
    found = []
    for file in (tmp_path / "a.npz", tmp_path / "other" / "b.npz"):
        data = load_images(file)
        found.append(CachedEncoder(encoder, tmp_path / "cache").embed(data.images, data.labels, 5))
    assert torch.equal(*found)
    assert encoder.calls == 1


def test_seeds_that_draw_the_same_images_are_kept_apart(tmp_path):
    """What an encoder does with the seed beyond drawing is its own affair."""
    encoder = Mean()
    embed(encoder, tmp_path, IMAGES[:10], LABELS[:10])
    embed(encoder, tmp_path, IMAGES[:10], LABELS[:10], seed=1)
    assert encoder.calls == 2


def test_images_that_are_not_used_do_not_count(tmp_path):
    """The key is of the images that are drawn: one that is not may change."""
    encoder = Mean()
    embed(encoder, tmp_path)
    calls = []
    for i in range(len(IMAGES)):
        changed = IMAGES.copy()
        changed[i] ^= 255
        before = encoder.calls
        embed(encoder, tmp_path, images=changed)
        calls.append(encoder.calls - before)
    assert sum(calls) == 10  # five of the six images of each class


@pytest.mark.parametrize(
    "content",
    [{"embedding": torch.zeros(2, 4, 3)}, {"embedding": torch.zeros(2, 5, 4)}, {"other": torch.zeros(2, 5, 3)}],
)
def test_a_file_that_holds_something_else_is_computed_again_with_a_warning(tmp_path, caplog, content):
    encoder = Mean()
    first = embed(encoder, tmp_path)
    (file,) = tmp_path.iterdir()
    save_file(content, file)
    assert torch.equal(embed(encoder, tmp_path), first)
    assert encoder.calls == 2
    assert torch.equal(load_file(file)["tensor"], first)  # and mended
    (message,) = caplog.messages
    assert f"{file} is damaged" in message


def test_many_at_once_share_a_folder(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda i: embed(Mean(), tmp_path / "new"), range(24)))
    assert all(torch.equal(one, found[0]) for one in found)
    assert len(list((tmp_path / "new").iterdir())) == 1


_PROCESS = """
import sys, time
from pathlib import Path
import numpy as np, torch
from pomonag.predictors.embedding_cache import CachedEncoder

folder, own, other = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])

class Slow:
    name, features, resolution, identity = "slow", 3, 4, "slow 1"
    def embed(self, images, labels, samples_per_class=20, seed=0):
        own.touch()  # both found nothing in the cache before either writes
        while not other.exists():
            time.sleep(0.01)
        return torch.full((2, samples_per_class, 3), 7.0)

images = np.zeros((10, 4, 4, 3), np.uint8)
print(CachedEncoder(Slow(), folder).embed(images, np.arange(10) % 2, 5).sum().item())
"""


def test_two_processes_that_embed_the_same_at_once(tmp_path):
    signs = [tmp_path / "first", tmp_path / "second"]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _PROCESS, tmp_path / "cache", *order], stdout=subprocess.PIPE, text=True
        )
        for order in (signs, signs[::-1])
    ]
    said = [process.communicate(timeout=120)[0] for process in running]
    assert said == ["210.0\n"] * 2
    (file,) = (tmp_path / "cache").iterdir()
    assert load_file(file)["tensor"].sum() == 210


def test_bad_images_are_refused_before_the_cache_is_asked(tmp_path):
    encoder = Mean()
    with pytest.raises(UserError, match="only one class"):
        embed(encoder, tmp_path, labels=np.zeros(12, dtype=int))
    assert encoder.calls == 0
    assert list(tmp_path.iterdir()) == []
