"""ImageNet at 32 x 32 pixels in its official batch files as a pool: 1.28 million images that are never read whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from pomonag.data.imagenet_batches import Batch, open_batch
from pomonag.data.pools import SIDE, Track, check_sizes, draw_evaluation_classes, silently
from pomonag.data.splits import Split
from pomonag.errors import UserError

BATCHES = tuple(f"train_data_batch_{number}" for number in range(1, 11))
# 50 more images of each class; they join the others where the file is there.
VALIDATION = "val_data"
# Every so many-th image enters the pool's name, so that it can be told without reading 4 GB.
_SAMPLED = 1000


class ImageNet32:
    """A `Pool`. Class ids are the batches' labels, 1 to 1000. Opening reads the labels; pixels stay in the files."""

    kind = "imagenet32"

    def __init__(self, folder: Path, track: Track = silently):
        """Raises UserError for missing or damaged batches, named with their hash, and for fewer than 20 classes."""
        files = _batch_files(folder)
        self._batches: list[Batch] = [open_batch(path) for path in track(files, "opening ImageNet32", len(files))]
        labels = np.concatenate([batch.labels for batch in self._batches])
        # All images by class, those of a class in the order of the files.
        self._order = np.argsort(labels, kind="stable")
        self._sorted = labels[self._order]
        self._starts = np.cumsum([0, *(len(batch.labels) for batch in self._batches)])
        self._names = {int(c): str(c) for c in np.unique(self._sorted)}
        self.training_classes, self.evaluation_classes = draw_evaluation_classes(self.kind, self._names)
        self.name = f"{self.kind}-{_fingerprint(self._batches)}"

    def class_name(self, class_id: int) -> str:
        return self._names[class_id]

    def size(self, class_id: int) -> int:
        return len(self._members(class_id))

    def read(self, class_id: int, positions: np.ndarray) -> np.ndarray:
        chosen = self._members(class_id)[positions]
        batches = np.searchsorted(self._starts, chosen, side="right") - 1
        images = np.empty((len(chosen), 3, SIDE, SIDE), np.uint8)
        for number in np.unique(batches):
            here = np.flatnonzero(batches == number)
            rows = chosen[here] - self._starts[number]
            rising = np.argsort(rows)  # forwards through the file
            images[here[rising]] = self._batches[number].read(rows[rising]).reshape(-1, 3, SIDE, SIDE)
        return images

    def prepare(self, class_ids: Iterable[int], split: Split, track: Track = silently) -> list[str]:
        check_sizes(self, class_ids, split)
        return []

    def _members(self, class_id: int) -> np.ndarray:
        first, last = np.searchsorted(self._sorted, [class_id, class_id + 1])
        members: np.ndarray = self._order[first:last]
        return members


def _batch_files(folder: Path) -> list[Path]:
    """The batches in order, each as a pickle or as .npz; UserError that names the missing ones."""
    found, missing = [], []
    for name in (*BATCHES, VALIDATION):
        path = next((p for p in (folder / name, folder / f"{name}.npz") if p.is_file()), None)
        if path is not None:
            found.append(path)
        elif name != VALIDATION:
            missing.append(name)
    if missing:
        there = f"{len(found)} of its batches are there" if found else "none of its batches is there"
        below = sorted(path.parent.name for path in folder.glob(f"*/{BATCHES[0]}*"))
        hint = f" Did you mean {folder / below[0]}?" if below else ""
        raise UserError(
            f"{folder} is no whole ImageNet32: {there}, missing {', '.join(missing)} (or the same with .npz). "
            f"Unpack all of Imagenet32_train.zip from image-net.org into it.{hint}"
        )
    return found


def _fingerprint(batches: list[Batch]) -> str:
    """Twelve hexadecimal digits of all labels and of a sample of the pixels; pickles and .npz files have the same."""
    digest = hashlib.blake2b(digest_size=6)
    for batch in batches:
        digest.update(f"{len(batch.labels)}\n".encode())
        digest.update(batch.labels.astype("<i8").tobytes())
        digest.update(batch.read(slice(None, None, _SAMPLED)).tobytes())
    return digest.hexdigest()
