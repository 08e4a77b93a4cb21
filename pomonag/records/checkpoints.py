"""Tensors in files: safetensors with a JSON header in them or beside them, written whole or not at all."""

from __future__ import annotations

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
    path: str | os.PathLike[str],
    tensors: Mapping[str, Tensor],
    header: Mapping[str, Any],
    half: bool = True,
    beside: bool = False,
) -> None:
    """Writes tensors (floating ones as float16 if `half`) and a header that JSON can hold.

    The header stands in the file, or with `beside` in a .json of the same name, where people can read it.
    """
    import torch
    from safetensors.torch import save

    stored = {
        k: v.detach().to(torch.float16 if half and v.is_floating_point() else v.dtype) for k, v in tensors.items()
    }
    metadata = None if beside else {_KEY: json.dumps(header)}
    content = save({k: v.contiguous() for k, v in stored.items()}, metadata=metadata)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as file:
        file.write(content)
    if beside:
        with atomic_write(_beside(path), "w") as file:
            file.write(json.dumps(header, indent=1) + "\n")


def load_checkpoint(path: str | os.PathLike[str]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors, floating ones as float32, and the header. Raises UserError for a missing or damaged file."""
    import torch
    from safetensors import SafetensorError, safe_open

    if not Path(path).is_file():
        raise UserError(f"no checkpoint at {path}: reinstall the package, or make it with `pomonag train`")
    try:
        with safe_open(str(path), framework="pt") as file:
            own = (file.metadata() or {}).get(_KEY)
            header = json.loads(own if own is not None else _beside(path).read_text(encoding="utf-8"))
            loaded = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError, ValueError) as error:
        raise UserError(
            f"{path} is not a whole checkpoint ({error}): restore it, or make it with `pomonag train`"
        ) from error
    return {k: v.to(torch.float32) if v.is_floating_point() else v for k, v in loaded.items()}, header


def _beside(path: str | os.PathLike[str]) -> Path:
    return Path(path).with_suffix(".json")
