"""Files that are whole or absent: written under a temporary name in the same folder, synced, renamed; their hash."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from pomonag.errors import UserError


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str], mode: str = "wb") -> Iterator[IO[Any]]:
    """Open `path` for writing so that it appears whole at the end of the block, or stays as it was.

    Any exception inside the block, Ctrl-C included, leaves the old file and no temporary one.
    Raises UserError when the file system refuses (full disk, missing folder, no permission).
    """
    if mode not in ("wb", "w"):
        raise ValueError(f"atomic_write knows the modes 'wb' and 'w', not {mode!r}")
    path = Path(path)
    if path.is_symlink():
        path = Path(os.path.realpath(path))  # a link stays, and what it leads to is replaced
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb" if mode == "wb" else "x", encoding=None if mode == "wb" else "utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(
            f"cannot write {path}: {reason}. Give a path in an existing, writable folder with free space."
        ) from error
    finally:
        # After the rename there is nothing left under this name; on a broken disk the first error is the one to show.
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def file_sha256(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file of any size, in hexadecimal. Raises OSError for one that cannot be read."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Make renames and new names in `folder` survive a power cut, where the file system offers that."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)
