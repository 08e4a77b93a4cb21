"""Tensors kept in the user's cache folder: what took time to compute is computed once."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from pomonag.errors import UserError
from pomonag.records.files import atomic_write

if TYPE_CHECKING:
    from torch import Tensor


def cache_folder() -> Path:
    """`POMONAG_CACHE_DIR`, else the platform's folder for caches (on Linux ~/.cache/pomonag)."""
    import platformdirs

    chosen = os.environ.get("POMONAG_CACHE_DIR")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("pomonag"))


def made_cache_folder(name: str) -> Path:
    """The folder `name` of the cache, made where it is not there; UserError where it cannot be."""
    folder = cache_folder() / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot write to {folder}: {error.strerror}; set POMONAG_CACHE_DIR to a writable folder"
        ) from None
    return folder


class TensorCache:
    """One file a tensor, named by what it was made from.

    Any number of processes may share the folder; a damaged file or a folder that cannot be written costs only time.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, made_from: str, shape: tuple[int, ...]) -> Tensor | None:
        """The tensor of that shape, or None."""
        from safetensors import SafetensorError
        from safetensors.torch import load

        try:
            tensor = load(self._file(made_from).read_bytes())["tensor"]
        except (OSError, SafetensorError, KeyError):
            return None
        return tensor if tuple(tensor.shape) == shape else None

    def write(self, made_from: str, tensor: Tensor) -> None:
        """Keeps it, if that can be done."""
        from safetensors.torch import save

        with contextlib.suppress(OSError, UserError):
            self.folder.mkdir(parents=True, exist_ok=True)
            with atomic_write(self._file(made_from)) as opened:
                opened.write(save({"tensor": tensor.contiguous()}))

    def _file(self, made_from: str) -> Path:
        return self.folder / f"{hashlib.sha256(made_from.encode()).hexdigest()}.safetensors"
