"""Small image-classification tasks: twenty classes of a pool of images, drawn by name, never copied to disk."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from pomonag.data.miniimagenet import MiniImageNet32
from pomonag.data.pools import CLASSES, SIDE, Pool, Track, silently
from pomonag.data.splits import LITE, Split, divide
from pomonag.errors import UserError
from pomonag.records.seeds import seed_of

_NAME = re.compile(r"(train|heldout)-(\d{3,})")


@dataclass(frozen=True)
class Task:
    """Twenty class ids of a pool in label order, whether they are held out, the seed that drew them, and the pool."""

    name: str
    classes: tuple[int, ...]
    held_out: bool
    seed: int
    pool: str = MiniImageNet32.name


@dataclass(frozen=True)
class TaskImages:
    """uint8 images [n, 3, 32, 32] and int64 labels [n] in 0..classes-1, split per class; validation may be empty."""

    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor
    classes: int
    validation_images: Tensor = field(default_factory=lambda: torch.empty(0, 3, SIDE, SIDE, dtype=torch.uint8))
    validation_labels: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.int64))


def is_held_out(name: str) -> bool:
    """Whether a task of this name draws from a pool's evaluation classes, whichever pool it is."""
    match = _NAME.fullmatch(name)
    if not match:
        raise UserError(f"unknown task {name!r}. Tasks are called train-000, train-001, ... or heldout-000, ...")
    return match[1] == "heldout"


def task(name: str, pool: Pool | None = None) -> Task:
    """The task of a name: `train-000`, `train-001`, ... or `heldout-000`, ...; the same classes on every machine.

    `pool` is mini-ImageNet32 by default, whose file is not needed for this.

    >>> task("heldout-000").held_out, len(set(task("heldout-000").classes))
    (True, 20)
    """
    held_out = is_held_out(name)
    pool = pool or MiniImageNet32()
    seed = seed_of("task", name)
    classes = pool.evaluation_classes if held_out else pool.training_classes
    if len(classes) < CLASSES:
        raise UserError(
            f"the pool {pool.name} has {len(pool.training_classes)} classes, too few for the held-out task {name}: "
            f"held-out tasks need {CLASSES} classes of their own, so {2 * CLASSES} in all. "
            "Add classes, or build with --held-out-tasks 0."
        )
    order = torch.randperm(len(classes), generator=torch.Generator().manual_seed(seed))
    return Task(name, tuple(classes[i] for i in order[:CLASSES].tolist()), held_out, seed, pool.name)


def task_names(training: int, held_out: int) -> list[str]:
    """The names of the first tasks of each kind."""
    return [f"train-{i:03d}" for i in range(training)] + [f"heldout-{i:03d}" for i in range(held_out)]


def load_task(
    task: Task, data_dir: str | os.PathLike[str] | None = None, split: Split = LITE, pool: Pool | None = None
) -> TaskImages:
    """The task's images, divided within each class by `split`.

    A class is split the same way in every task, so an image that tests one task trains none. Without a `pool` the
    images are mini-ImageNet32's, below `data_dir` or $POMONAG_DATA_DIR. Raises UserError when they are not there or
    damaged, when a class has too few, and when the task is one of another pool.
    """
    pool = pool or MiniImageNet32(data_dir)
    if task.pool != pool.name:
        raise UserError(f"task {task.name} is one of the pool {task.pool}, but the images are those of {pool.name}.")
    found: dict[str, tuple[list[np.ndarray], list[np.ndarray]]] = {
        part: ([], []) for part in ("train", "validation", "test")
    }
    for label, class_id in enumerate(task.classes):
        parts = divide(pool.size(class_id), split, pool.kind, pool.class_name(class_id))
        for part, (images, labels) in found.items():
            positions = getattr(parts, part)
            images.append(pool.read(class_id, positions))
            labels.append(np.full(len(positions), label))
    return TaskImages(
        **{f"{part}_images": _tensor(images) for part, (images, _) in found.items()},
        **{f"{part}_labels": torch.from_numpy(np.concatenate(labels)).long() for part, (_, labels) in found.items()},
        classes=len(task.classes),
    )


def prepare_tasks(names: Iterable[str], pool: Pool, split: Split, track: Track = silently) -> list[str]:
    """UserError before anything is trained where the images of these tasks are missing, damaged or too few.

    Also makes later reading quick where a pool has to be decoded first. Returns notices of what was converted.
    """
    return pool.prepare(sorted({c for name in names for c in task(name, pool).classes}), split, track)


def _tensor(images: list[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(np.concatenate(images)))
