"""The state of a training after an epoch in one file, for going on after whatever ended the process."""

from __future__ import annotations

import hashlib
import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pomonag.errors import UserError
from pomonag.records.files import atomic_write


def save_epoch(path: Path, of: Mapping[str, str], state: Mapping[str, Any]) -> None:
    """Writes tensors, numbers, texts and containers of them whole or not at all. `of`: which training they are of."""
    buffer = io.BytesIO()
    torch.save({"of": dict(of), "state": dict(state)}, buffer)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as file:
        file.write(buffer.getbuffer())


def load_epoch(path: Path, of: Mapping[str, str]) -> dict[str, Any] | None:
    """The state, on the CPU, or None where there is no file; runs no code from the file.

    Raises UserError for a file that is damaged or of a training other than `of`.
    """
    if not path.exists():
        return None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        found, state = content["of"], content["state"]
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, TypeError, pickle.UnpicklingError) as error:
        reason = str(error).partition("\n")[0]
        raise UserError(
            f"cannot read the checkpoint {path} ({reason}): delete it to start the training afresh"
        ) from error
    differing = sorted(key for key in of if found.get(key) != of[key])
    if differing:
        raise UserError(
            f"the checkpoint {path} is of a training with another {', '.join(differing)}: give another path, or delete "
            "it to start afresh"
        )
    return state


def fingerprint(tensors: Mapping[str, Tensor]) -> str:
    """A hash of names, shapes and values."""
    digest = hashlib.blake2b(digest_size=16)
    for name, value in tensors.items():
        digest.update(f"{name} {list(value.shape)} {value.dtype}\0".encode())
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
