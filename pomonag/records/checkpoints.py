"""Tensors in files: safetensors with a JSON header, written whole or not at all, half precision on request."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pomonag.errors import UserError
from pomonag.records.files import atomic_write

if TYPE_CHECKING:
    from torch import Tensor

_KEY = "pomonag"


def save_checkpoint(
    path: str | os.PathLike[str], tensors: Mapping[str, Tensor], header: Mapping[str, Any], half: bool = True
) -> None:
    """Writes tensors (floating ones as float16 if `half`) and a header that JSON can hold."""
    import torch
    from safetensors.torch import save

    stored = {
        k: v.detach().to(torch.float16 if half and v.is_floating_point() else v.dtype) for k, v in tensors.items()
    }
    content = save({k: v.contiguous() for k, v in stored.items()}, metadata={_KEY: json.dumps(header)})
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as file:
        file.write(content)


def load_checkpoint(path: str | os.PathLike[str]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors, floating ones as float32, and the header. Raises UserError for a missing or damaged file."""
    import torch
    from safetensors import SafetensorError, safe_open

    if not Path(path).is_file():
        raise UserError(f"no checkpoint at {path}: reinstall the package, or make it with `pomonag train`")
    try:
        with safe_open(str(path), framework="pt") as file:
            header = json.loads((file.metadata() or {})[_KEY])
            loaded = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise UserError(
            f"{path} is not a whole checkpoint ({error}): restore it, or make it with `pomonag train`"
        ) from error
    return {k: v.to(torch.float32) if v.is_floating_point() else v for k, v in loaded.items()}, header


def file_sha256(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
