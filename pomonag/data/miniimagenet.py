"""The pool that our own rows were measured on: mini-ImageNet at 32 x 32 pixels, 240 images of each of 100 classes."""

from __future__ import annotations

import functools
import os
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from pomonag.data.pools import Track, silently
from pomonag.data.sources import data_path
from pomonag.data.splits import Split
from pomonag.errors import UserError

FILE = "images/miniimagenet32.npz"
# Classes that TinyImageNet has too. Training tasks never use them; held-out tasks draw from them alone.
EVALUATION_CLASSES = (
    6, 7, 10, 14, 27, 29, 37, 38, 40, 55, 60, 61, 63, 66, 67, 71, 73, 74, 75, 77, 79, 88, 95, 96, 97,
)  # fmt: skip
TRAINING_CLASSES = tuple(c for c in range(100) if c not in EVALUATION_CLASSES)
IMAGES_PER_CLASS = 240
_DAMAGE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)


class MiniImageNet32:
    """A `Pool`; its file is first read when images are asked for, since its tasks are known without it."""

    kind = name = "miniimagenet32"
    training_classes = TRAINING_CLASSES
    evaluation_classes = EVALUATION_CLASSES

    def __init__(self, data_dir: str | os.PathLike[str] | None = None):
        self._data_dir = data_dir

    def class_name(self, class_id: int) -> str:
        return str(self._arrays[2][class_id])

    def size(self, class_id: int) -> int:
        return int((self._arrays[1] == class_id).sum())

    def read(self, class_id: int, positions: np.ndarray) -> np.ndarray:
        images, labels, _ = self._arrays
        chosen: np.ndarray = images[np.flatnonzero(labels == class_id)[positions]].transpose(0, 3, 1, 2)
        return chosen

    def prepare(self, class_ids: Iterable[int], split: Split, track: Track = silently) -> list[str]:
        """Finds a missing or cut off file, and a split that its classes cannot fill, without reading the images."""
        path = data_path(FILE, self._data_dir)
        try:
            with np.load(path, allow_pickle=False) as file:
                missing = {"x", "y", "classes"} - set(file.files)
        except _DAMAGE as error:
            raise _damaged(path, error) from error
        if missing:
            raise _damaged(path, KeyError(*sorted(missing)))
        try:
            split.counts(IMAGES_PER_CLASS)
        except ValueError as error:
            raise UserError(f"each class of mini-ImageNet32 has {IMAGES_PER_CLASS} images, {error}") from None
        return []

    @functools.cached_property
    def _arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return _read(data_path(FILE, self._data_dir))


@functools.lru_cache(maxsize=1)
def _read(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
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
