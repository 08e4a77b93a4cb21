"""A folder of pictures with a sub-folder a class as a pool: decoded to 32 x 32 pixels once, class by class."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from pomonag.data.image_files import class_files, decode_picture, read_bytes
from pomonag.data.pools import SIDE, Track, check_sizes, draw_evaluation_classes, silently
from pomonag.data.splits import Split
from pomonag.errors import UserError
from pomonag.records.files import atomic_write
from pomonag.records.tensor_cache import made_cache_folder

# Part of the cache's key: another way to decode is another file.
_DECODING = "central square, 32 pixels, area average, 1"
_THREADS = 4


class FolderPool:
    """A `Pool`. Class ids count the sub-folders in the order of their names.

    Pictures become RGB, their central square 32 pixels wide: larger ones by averaging areas, smaller ones enlarged
    bicubically. The name of the pool tells the classes, and names and sizes in bytes of their files. Decoded classes
    lie in the user's cache, 3 KB an image.
    """

    kind = "folder"

    def __init__(self, folder: Path):
        """Raises UserError for fewer than 20 classes and for a class without images."""
        found = class_files(folder)
        self._files = list(found.values())
        self._class_names = [os.fsencode(name).decode(errors="replace") for name in found]
        self.training_classes, self.evaluation_classes = draw_evaluation_classes(
            self.kind, dict(enumerate(self._class_names))
        )
        digest = hashlib.blake2b(digest_size=6)
        for path in (path for files in self._files for path in files):
            digest.update(os.fsencode(path.relative_to(folder).as_posix()) + f"\0{_status(path).st_size}\0".encode())
        self.name = f"{self.kind}-{digest.hexdigest()}"

    def class_name(self, class_id: int) -> str:
        return self._class_names[class_id]

    def size(self, class_id: int) -> int:
        return len(self._files[class_id])

    def read(self, class_id: int, positions: np.ndarray) -> np.ndarray:
        chosen: np.ndarray = self._decoded(class_id, Counter())[positions]
        return chosen

    def prepare(self, class_ids: Iterable[int], split: Split, track: Track = silently) -> list[str]:
        """Decodes what is not in the cache, so that a damaged picture is found now."""
        ids = list(class_ids)
        check_sizes(self, ids, split)
        conversions: Counter[str] = Counter()
        for class_id in track(ids, "reading classes", len(ids)):
            self._decoded(class_id, conversions)
        return [f"{what} ({count:,} images)" for what, count in conversions.items()]

    def _decoded(self, class_id: int, conversions: Counter[str]) -> np.ndarray:
        """The class's images uint8 [n, 3, 32, 32], mapped from the cache."""
        files = self._files[class_id]
        digest = hashlib.sha256(_DECODING.encode())
        for path in files:
            status = _status(path)
            digest.update(os.fsencode(path.resolve()) + f"\0{status.st_size} {status.st_mtime_ns}\0".encode())
        cached = made_cache_folder("image_folders") / f"{digest.hexdigest()[:32]}.npy"
        if (images := _mapped(cached, len(files))) is not None:
            return images
        with ThreadPoolExecutor(_THREADS) as threads:
            pictures = list(threads.map(_decode, files))
        conversions.update(what for _, converted in pictures for what in converted)
        images = np.stack([image for image, _ in pictures])
        with atomic_write(cached) as file:
            np.save(file, images)
        return images


def _mapped(cached: Path, count: int) -> np.ndarray | None:
    try:
        images: np.ndarray = np.load(cached, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return images if images.shape == (count, 3, SIDE, SIDE) and images.dtype == np.uint8 else None


def _decode(path: Path) -> tuple[np.ndarray, list[str]]:
    image, converted = decode_picture(read_bytes(path), path, SIDE, Image.Resampling.BOX)
    if len(image) < SIDE:
        image = np.asarray(Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BICUBIC))
        converted = [*converted, f"images of less than {SIDE} pixels enlarged"]
    return image.transpose(2, 0, 1), converted


def _status(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}. Check the file and its permissions.") from None
