import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from pomonag.data.miniimagenet import EVALUATION_CLASSES, TRAINING_CLASSES, MiniImageNet32
from pomonag.data.splits import LITE, SPLITS
from pomonag.data.tasks import load_task, prepare_tasks, task, task_names
from pomonag.errors import UserError


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """A pool in which an image's pixels tell its class and its number."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "images").mkdir()
    y = np.tile(np.arange(100, dtype=np.int16), 10)
    x = np.zeros((1000, 32, 32, 3), np.uint8)
    x[..., 0] = y[:, None, None]
    x[..., 1] = np.repeat(np.arange(10), 100)[:, None, None]
    x[:, 0, 1, 2] = 255
    np.savez(folder / "images" / "miniimagenet32.npz", x=x, y=y, classes=np.array([f"n{i:08d}" for i in range(100)]))
    return folder


@pytest.fixture(scope="module")
def data_dir_of_measurements():
    folder = os.environ.get("POMONAG_DATA_DIR")
    if not folder or not (Path(folder) / "images" / "miniimagenet32.npz").is_file():
        pytest.skip("needs mini-ImageNet32 below POMONAG_DATA_DIR")
    return folder


def test_the_names_of_published_tasks_mean_what_they_meant():
    assert task("train-000").classes[:5] == (30, 13, 80, 51, 59)
    assert task("heldout-000").classes[:5] == (14, 95, 29, 63, 27)


def test_the_images_of_published_tasks_are_what_they_were(data_dir_of_measurements):
    for name, sha256 in (
        ("train-000", "93bdd64cd8dd972950867e2736f01f55b721a841002aa90bd3ebe092270c2e41"),
        ("heldout-003", "12e144de50988358886f84704b1beb25758c2b1d40bf553e4f53586fd156ab3e"),
        ("train-039", "7d4970870546018a8724380f3bdf922446d0f7e18961a99d4631d4f68c132be0"),
    ):
        images, digest = load_task(task(name), data_dir_of_measurements), hashlib.sha256()
        for part in (images.train_images, images.train_labels, images.test_images, images.test_labels):
            digest.update(part.numpy().tobytes())
        assert digest.hexdigest() == sha256
        assert len(images.validation_images) == len(images.validation_labels) == 0


def test_training_and_held_out_tasks_share_no_class():
    assert len(EVALUATION_CLASSES) == 25
    assert not set(EVALUATION_CLASSES) & set(TRAINING_CLASSES)
    for name in task_names(40, 10):
        drawn = task(name)
        assert len(set(drawn.classes)) == 20
        assert set(drawn.classes) <= set(EVALUATION_CLASSES if drawn.held_out else TRAINING_CLASSES)
        assert drawn.held_out == name.startswith("heldout")
    assert len({task(name).classes for name in task_names(40, 10)}) == 50


@pytest.mark.parametrize("name", ["train-1", "test-000", "train-0x0", "", "train-000 "])
def test_unknown_names_are_refused(name):
    with pytest.raises(UserError, match="train-000"):
        task(name)


def test_images_carry_their_labels_and_split_by_class(data_dir):
    drawn = task("train-007")
    images = load_task(drawn, data_dir)
    assert images.train_images.shape == (140, 3, 32, 32)
    assert images.test_images.shape == (60, 3, 32, 32)
    for pixels, labels in (
        (images.train_images, images.train_labels),
        (images.test_images, images.test_labels),
    ):
        assert torch.equal(pixels[:, 0, 0, 0].long(), torch.tensor(drawn.classes)[labels])
    assert (images.train_images[:, 2, 0, 1] == 255).all()
    assert torch.bincount(images.test_labels).tolist() == [3] * 20


def test_an_image_that_tests_one_task_trains_none(data_dir):
    training, testing = set(), set()
    for name in task_names(12, 3):
        images = load_task(task(name), data_dir)
        training |= {tuple(p) for p in images.train_images[:, :2, 0, 0].tolist()}
        testing |= {tuple(p) for p in images.test_images[:, :2, 0, 0].tolist()}
    assert not training & testing


def test_missing_or_damaged_pools_say_what_to_do(tmp_path, monkeypatch):
    monkeypatch.delenv("POMONAG_DATA_DIR", raising=False)
    with pytest.raises(UserError, match="POMONAG_DATA_DIR"):
        load_task(task("train-000"))
    with pytest.raises(UserError, match=r"miniimagenet32\.npz"):
        load_task(task("train-000"), tmp_path)
    (tmp_path / "images").mkdir()
    pool = tmp_path / "images" / "miniimagenet32.npz"
    pool.write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(UserError, match="copy it again"):
        load_task(task("train-000"), tmp_path)
    np.savez(pool, x=np.zeros((5, 8, 8, 3), np.uint8), y=np.zeros(5), classes=np.zeros(100))
    with pytest.raises(UserError, match="expected uint8"):
        load_task(task("train-000"), tmp_path)


def test_the_pool_is_checked_without_its_images(data_dir, tmp_path):
    MiniImageNet32(data_dir).prepare([], LITE)
    whole = (data_dir / "images" / "miniimagenet32.npz").read_bytes()
    pool = tmp_path / "images" / "miniimagenet32.npz"
    pool.parent.mkdir()
    for length in (0, 100, len(whole) // 2, len(whole) - 10):
        pool.write_bytes(whole[:length])
        with pytest.raises(UserError, match="not a whole mini-ImageNet32 file"):
            MiniImageNet32(tmp_path).prepare([], LITE)
    np.savez(pool, x=np.zeros(1), y=np.zeros(1))
    with pytest.raises(UserError, match="classes"):
        MiniImageNet32(tmp_path).prepare([], LITE)


def test_a_split_that_the_pool_cannot_fill_is_refused_without_reading_its_images(data_dir):
    with pytest.raises(UserError, match="has 240 images, expected at least 1,010"):
        prepare_tasks(["train-000"], MiniImageNet32(data_dir), SPLITS["paper-a3"])
    assert prepare_tasks(["train-000"], MiniImageNet32(data_dir), SPLITS["paper"]) == []


def test_the_papers_split_has_validation_images(data_dir):
    images = load_task(task("train-000"), data_dir, SPLITS["paper"])
    assert [len(part) for part in (images.train_images, images.validation_images, images.test_images)] == [160, 20, 20]
    assert torch.bincount(images.validation_labels).tolist() == [1] * 20
