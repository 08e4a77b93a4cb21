"""Who works on what in a folder: claims that the kernel gives back when their owner dies, however it dies."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from pomonag.errors import UserError
from pomonag.records.seeds import seed_of

FILE = ".claims"

# A process loses all its locks on a file when it closes any descriptor of it, and its own locks do not exclude its own
# threads: so there is one descriptor a file and process, never closed, and a set of what this process holds.
_lock = threading.Lock()
_descriptors: dict[tuple[int, int], int] = {}
_held: set[tuple[int, int, int]] = set()


def _forget() -> None:
    global _lock
    _lock = threading.Lock()
    _descriptors.clear()
    _held.clear()


os.register_at_fork(after_in_child=_forget)  # Locks are not inherited.


class Claims:
    """Names in a folder that one worker at a time may hold, among all threads, processes and hosts that share it.

    A claim is a locked byte of the file `.claims`, at the place that its name's hash says. The file stays empty, and
    nothing has to be cleaned up after a kill. Raises UserError where the folder cannot be written or locked.
    """

    def __init__(self, folder: str | os.PathLike[str]):
        self.path = Path(folder) / FILE

    @contextlib.contextmanager
    def claim(self, name: str) -> Iterator[bool]:
        """Whether the name is ours for the length of the block; False where another holds it."""
        place = seed_of("claim", name) >> 1  # Well below the largest offset of a file.
        with _lock:
            descriptor, device, inode = self._open()
            mine = (device, inode, place) not in _held and self._locked(descriptor, place)
            if mine:
                _held.add((device, inode, place))
        try:
            yield mine
        finally:
            if mine:
                with _lock:
                    _held.discard((device, inode, place))
                    fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, place)

    def is_free(self, name: str) -> bool:
        """Whether nobody holds the name now."""
        with self.claim(name) as mine:
            return mine

    def _open(self) -> tuple[int, int, int]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                there = self.path.stat()
                if (known := _descriptors.get((there.st_dev, there.st_ino))) is not None:
                    return known, there.st_dev, there.st_ino
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise self._refused(error) from error
        opened = os.fstat(descriptor)
        _descriptors[opened.st_dev, opened.st_ino] = descriptor
        return descriptor, opened.st_dev, opened.st_ino

    def _locked(self, descriptor: int, place: int) -> bool:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                return False
            raise self._refused(error) from error
        return True

    def _refused(self, error: OSError) -> UserError:
        return UserError(
            f"cannot lock {self.path}: {error.strerror or error}. "
            "Give a writable folder on a file system that knows locks."
        )
