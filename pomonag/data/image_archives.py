"""Images and labels from an .npz file, without unpickling and without more memory than there is."""

from __future__ import annotations

import math
import zipfile
import zlib
from pathlib import Path

import numpy as np
import psutil

from pomonag.errors import UserError
from pomonag.records.files import file_sha256

# Tried in this order.
_KEYS = (("images", "labels"), ("x", "y"), ("x_train", "y_train"))


def read_npz(path: Path) -> tuple[np.ndarray, np.ndarray, tuple[str, ...] | None, str]:
    """Images, labels, class names (None if the file has none) and the file's SHA-256, as they stand in `path`.

    Raises UserError for a damaged file, missing arrays, pickled objects, and arrays larger than the free memory.
    """
    expected = "; ".join(f"`{images}` and `{labels}`" for images, labels in _KEYS)
    try:
        digest = file_sha256(path)
        if not zipfile.is_zipfile(path):
            raise zipfile.BadZipFile("it has no table of contents")
        with np.load(path, allow_pickle=False) as archive:
            pair = next((pair for pair in _KEYS if set(pair) <= set(archive.files)), None)
            if pair is None:
                found = ", ".join(archive.files) or "nothing"
                raise UserError(
                    f"{path} holds {found}; expected {expected}, and `classes` with names if there are any."
                )
            _check_memory(path, pair[0])
            classes = tuple(str(name) for name in archive["classes"].ravel()) if "classes" in archive.files else None
            return archive[pair[0]], archive[pair[1]], classes, digest
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, KeyError, SyntaxError) as error:
        raise UserError(
            f"{path} cannot be read as an .npz file: {error}. It is damaged, cut off or holds pickled objects; "
            "write it again with numpy.savez_compressed."
        ) from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}. Check the file and its permissions.") from None


def _check_memory(path: Path, key: str) -> None:
    """Refuse before reading: a few kilobytes of zip can unfold to more than the machine has."""
    with zipfile.ZipFile(path) as archive, archive.open(f"{key}.npy") as entry:
        version = np.lib.format.read_magic(entry)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read_header(entry)
    size = math.prod(shape) * dtype.itemsize
    free = psutil.virtual_memory().available
    if size > 0.5 * free:
        raise UserError(
            f"`{key}` of {path} has the shape {shape} and needs {size / 1e9:.1f} GB, "
            f"but {free / 1e9:.1f} GB are free. Save fewer images; 20 a class are enough."
        )
