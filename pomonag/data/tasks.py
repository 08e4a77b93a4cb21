"""Small image-classification tasks: twenty classes of mini-ImageNet at 32x32, drawn by name, never copied to disk."""

from __future__ import annotations

import functools
import os
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pomonag.data.sources import data_path
from pomonag.errors import UserError
from pomonag.records.seeds import seed_of

CLASSES = 20
POOL = "images/miniimagenet32.npz"
# Classes that TinyImageNet has too. Training tasks never use them; held-out tasks draw from them alone.
EVALUATION_CLASSES = (
    6, 7, 10, 14, 27, 29, 37, 38, 40, 55, 60, 61, 63, 66, 67, 71, 73, 74, 75, 77, 79, 88, 95, 96, 97,
)  # fmt: skip
TRAINING_CLASSES = tuple(c for c in range(100) if c not in EVALUATION_CLASSES)
_DAMAGE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)
_NAME = re.compile(r"(train|heldout)-(\d{3,})")


@dataclass(frozen=True)
class Task:
    """Twenty class ids of the pool in label order, whether they are held out, and the seed that drew them."""

    name: str
    classes: tuple[int, ...]
    held_out: bool
    seed: int


@dataclass(frozen=True)
class TaskImages:
    """uint8 images [n, 3, 32, 32] and int64 labels [n] in 0..classes-1, split per class."""

    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor
    classes: int


def task(name: str) -> Task:
    """The task of a name: `train-000`, `train-001`, ... or `heldout-000`, ...; the same classes on every machine.

    >>> task("heldout-000").held_out, len(set(task("heldout-000").classes))
    (True, 20)
    """
    match = _NAME.fullmatch(name)
    if not match:
        raise UserError(f"unknown task {name!r}. Tasks are called train-000, train-001, ... or heldout-000, ...")
    held_out = match[1] == "heldout"
    seed = seed_of("task", name)
    pool = EVALUATION_CLASSES if held_out else TRAINING_CLASSES
    order = torch.randperm(len(pool), generator=torch.Generator().manual_seed(seed))
    return Task(name, tuple(pool[i] for i in order[:CLASSES].tolist()), held_out, seed)


def task_names(training: int, held_out: int) -> list[str]:
    """The names of the first tasks of each kind."""
    return [f"train-{i:03d}" for i in range(training)] + [f"heldout-{i:03d}" for i in range(held_out)]


def load_task(task: Task, data_dir: str | os.PathLike[str] | None = None, test_share: float = 1 / 3) -> TaskImages:
    """The task's images; within each class `test_share` of them are test images.

    A class is split the same way in every task, so an image that tests one task trains none. `data_dir` defaults to
    $POMONAG_DATA_DIR. Raises UserError when the pool is not there or damaged.
    """
    images, labels, names = _pool(data_path(POOL, data_dir))
    train, test, train_labels, test_labels = [], [], [], []
    for label, class_id in enumerate(task.classes):
        members = np.flatnonzero(labels == class_id)
        generator = torch.Generator().manual_seed(seed_of("class split", "miniimagenet32", str(names[class_id])))
        members = members[torch.randperm(len(members), generator=generator).numpy()]
        held = round(len(members) * test_share)
        test.append(members[:held])
        train.append(members[held:])
        test_labels.append(np.full(held, label))
        train_labels.append(np.full(len(members) - held, label))
    return TaskImages(
        train_images=_tensor(images[np.concatenate(train)]),
        train_labels=torch.from_numpy(np.concatenate(train_labels)).long(),
        test_images=_tensor(images[np.concatenate(test)]),
        test_labels=torch.from_numpy(np.concatenate(test_labels)).long(),
        classes=len(task.classes),
    )


def check_pool(data_dir: str | os.PathLike[str] | None = None) -> None:
    """UserError for images that are missing or cut off, without reading them all."""
    path = data_path(POOL, data_dir)
    try:
        with np.load(path, allow_pickle=False) as file:
            missing = {"x", "y", "classes"} - set(file.files)
    except _DAMAGE as error:
        raise _damaged(path, error) from error
    if missing:
        raise _damaged(path, KeyError(*sorted(missing)))


@functools.lru_cache(maxsize=1)
def _pool(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            images, labels, classes = file["x"], file["y"].astype(np.int64), file["classes"]
    except _DAMAGE as error:
        raise _damaged(path, error) from error
    if images.shape[1:] != (32, 32, 3) or images.dtype != np.uint8 or len(images) != len(labels) or len(classes) != 100:
        raise UserError(
            f"{path} holds images {images.shape} {images.dtype}, {len(classes)} classes; "
            "expected uint8 [n, 32, 32, 3] of 100 classes"
        )
    return images, labels, classes


def _damaged(path: Path, error: Exception) -> UserError:
    return UserError(f"{path} is not a whole mini-ImageNet32 file ({error}); copy it again")


def _tensor(images: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
