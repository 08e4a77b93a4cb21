"""Where the images of tasks come from: one interface, three sources, each found by a short text."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from pomonag.data.splits import Split, divide
from pomonag.errors import UserError, unknown_name
from pomonag.records.seeds import seed_of

CLASSES = 20  # of a task
SIDE = 32  # pixels
SOURCES = {
    "miniimagenet32": "miniimagenet32",
    "imagenet32": "imagenet32:FOLDER with train_data_batch_1 to _10 as published",
    "folder": "folder:FOLDER with a sub-folder of images for each class",
}


class Track(Protocol):
    """Goes through `steps` and shows how far it is, as `rich.progress.track` does."""

    def __call__(self, steps: Iterable[Any], description: str, total: int) -> Iterable[Any]: ...


def silently(steps: Iterable[Any], description: str, total: int) -> Iterable[Any]:
    """A Track that shows nothing."""
    return steps


class Pool(Protocol):
    """Classes of 32 x 32 images. Training tasks draw from some classes, held-out tasks from the others.

    `kind` is the source's word and seeds the splits; `name` also tells the content and goes into records: pools with
    the same name give the same tasks with the same images, wherever they lie.
    """

    @property
    def kind(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def training_classes(self) -> tuple[int, ...]: ...

    @property
    def evaluation_classes(self) -> tuple[int, ...]: ...

    def class_name(self, class_id: int) -> str:
        """The name that a person knows the class by."""
        ...

    def size(self, class_id: int) -> int:
        """How many images the class has."""
        ...

    def read(self, class_id: int, positions: np.ndarray) -> np.ndarray:
        """The class's images at `positions` [n], as uint8 [n, 3, 32, 32]."""
        ...

    def prepare(self, class_ids: Iterable[int], split: Split, track: Track = silently) -> list[str]:
        """UserError now for what would fail later; what takes long to read becomes quick. Returns notices."""
        ...


def open_pool(source: str, data_dir: str | os.PathLike[str] | None = None, track: Track = silently) -> Pool:
    """The pool `miniimagenet32` (below `data_dir`, else POMONAG_DATA_DIR), `imagenet32:FOLDER` or `folder:FOLDER`.

    Raises UserError for a source that does not exist, for missing or damaged files and for fewer than 20 classes.
    """
    kind, colon, folder = source.partition(":")
    if kind not in SOURCES:
        known = f" Pools are: {'; '.join(SOURCES.values())}."
        raise UserError(f"{unknown_name('pool of images', kind, SOURCES)}{known}")
    if kind == "miniimagenet32":
        from pomonag.data.miniimagenet import MiniImageNet32

        if colon:
            raise UserError(f"got {source!r}; miniimagenet32 takes no folder here, but --data-dir or POMONAG_DATA_DIR.")
        return MiniImageNet32(data_dir)
    path = Path(folder).expanduser()
    if not folder or not path.is_dir():
        raise UserError(f"got the pool {source!r}, but {folder or 'nothing'} is no folder; expected {SOURCES[kind]}.")
    if kind == "imagenet32":
        from pomonag.data.imagenet32 import ImageNet32

        return ImageNet32(path, track)
    from pomonag.data.folder_pool import FolderPool

    return FolderPool(path)


def absolute(source: str) -> str:
    """The same source for a process that works in another folder."""
    kind, _, folder = source.partition(":")
    return f"{kind}:{Path(folder).expanduser().resolve()}" if folder else source


def draw_evaluation_classes(kind: str, names: dict[int, str]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Training and evaluation classes of a pool, in rising order; `names` are the classes' names by id.

    A quarter of the classes, at least 20, is for held-out tasks; none where fewer than 20 would be left to train.
    Which ones is drawn by their names, so that a new class moves few others. Raises UserError below 20 classes.
    """
    if len(names) < CLASSES:
        raise UserError(f"the pool of images has {len(names)} classes, expected at least {CLASSES}. Add classes.")
    held = max(len(names) // 4, CLASSES)
    if len(names) - held < CLASSES:
        held = 0
    by_lot = sorted(names, key=lambda class_id: seed_of("evaluation class", kind, names[class_id]))
    return tuple(sorted(by_lot[held:])), tuple(sorted(by_lot[:held]))


def check_sizes(pool: Pool, class_ids: Iterable[int], split: Split) -> None:
    """UserError that names the class for one with too few images for the split."""
    for class_id in class_ids:
        divide(pool.size(class_id), split, pool.kind, pool.class_name(class_id))
