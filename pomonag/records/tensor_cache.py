"""Tensors kept in the user's cache folder: what took time to compute is computed once."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from pomonag.errors import UserError
from pomonag.records.files import atomic_write

if TYPE_CHECKING:
    from torch import Tensor

_LOG = logging.getLogger(__name__)


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

    Any number of processes may share the folder; a damaged file (there is a warning) or a folder that cannot be
    written costs only time.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, made_from: str, shape: tuple[int, ...]) -> Tensor | None:
        """The tensor of that shape, or None."""
        from safetensors import SafetensorError
        from safetensors.torch import load

        file = self._file(made_from)
        try:
            stored = load(file.read_bytes())
            tensor, digest = stored["tensor"], bytes(stored["sha256"].tolist())
            if digest != _sha256(tensor) or tuple(tensor.shape) != shape:
                raise ValueError(f"a tensor of shape {tuple(tensor.shape)}, expected {shape} with the checksum beside")
        except OSError:
            return None
        except (SafetensorError, KeyError, ValueError, TypeError) as error:
            _LOG.warning("%s is damaged (%s): what it held is computed again", file, error)
            return None
        return tensor

    def write(self, made_from: str, tensor: Tensor) -> None:
        """Keeps it, if that can be done."""
        import torch
        from safetensors.torch import save

        tensor = tensor.contiguous()
        digest = torch.tensor(list(_sha256(tensor)), dtype=torch.uint8)
        with contextlib.suppress(OSError, UserError):
            self.folder.mkdir(parents=True, exist_ok=True)
            with atomic_write(self._file(made_from)) as opened:
                opened.write(save({"tensor": tensor, "sha256": digest}))

    def _file(self, made_from: str) -> Path:
        return self.folder / f"{hashlib.sha256(made_from.encode()).hexdigest()}.safetensors"


def _sha256(tensor: Tensor) -> bytes:
    import torch

    return hashlib.sha256(tensor.reshape(-1).view(torch.uint8).numpy().tobytes()).digest()
