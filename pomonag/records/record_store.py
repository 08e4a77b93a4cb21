"""A folder of records that many processes append to at once and that a kill cannot corrupt."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import socket
import threading
import time
from pathlib import Path
from typing import Any

from pomonag.errors import UserError
from pomonag.records.files import sync_folder
from pomonag.records.record_lines import Entry, Problem, body_of, line_of, read_lines

__all__ = ["Entry", "Follower", "Problem", "RecordStore"]

_SPARE_BYTES = 1 << 20


class RecordStore:
    """Append-only JSON lines, each with its format, checksum and identity; one file a writer process.

    Any number of processes and threads may append and read at once. A record is on disk when `append` returns
    (one write, one fsync), and it is whole or it is reported by `read`: a line torn by a kill, a full disk or an
    editor spoils neither its neighbours nor what is appended after it. A copied line counts once. What a newer
    version wrote is refused, not guessed at.
    """

    def __init__(self, folder: str | os.PathLike[str]):
        self.folder = Path(folder)
        self._lock = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._descriptor: int | None = None
        self._owner: int | None = None
        self._path: Path | None = None
        self._token = ""
        self._written = 0

    def prepare(self) -> None:
        """Raises UserError now where appending would fail later: a read-only folder, a full disk."""
        with self._lock:
            try:
                self._open()
                if shutil.disk_usage(self.folder).free < _SPARE_BYTES:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            except OSError as error:
                raise self._refused(error) from error

    def append(self, record: dict[str, Any]) -> None:
        """Store one record of JSON types with finite numbers.

        Raises TypeError or ValueError for what JSON cannot hold, UserError when the disk refuses; then nothing of the
        record stays.
        """
        body = body_of(record)
        with self._lock:
            try:
                descriptor = self._open()
                line = line_of(body, f"{self._token}-{self._written}")
                size = os.fstat(descriptor).st_size
                if size and os.pread(descriptor, 1, size - 1) != b"\n":
                    line = b"\n" + line
                try:
                    if os.write(descriptor, line) != len(line):
                        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                    os.fsync(descriptor)
                except OSError:
                    # The caller hears that it was not stored: half a line, or a line that may vanish, must not stay.
                    with contextlib.suppress(OSError):
                        os.ftruncate(descriptor, size)
                    raise
                self._written += 1
            except OSError as error:
                raise self._refused(error) from error

    def read(self) -> tuple[list[dict[str, Any]], list[Problem]]:
        """All whole records, ordered by file name and line, and the lines that had to be set aside.

        Raises UserError when a file cannot be read, or was written by a newer version.
        """
        entries, problems = Follower(self.folder).look(unfinished=True)
        return [entry.record for entry in entries], problems

    def close(self) -> None:
        """Give the file back; a later append opens a new one. A file without a record goes."""
        with self._lock:
            if self._descriptor is not None and self._owner == os.getpid():
                if self._path is not None and os.fstat(self._descriptor).st_size == 0:
                    with contextlib.suppress(OSError):
                        self._path.unlink()
                os.close(self._descriptor)
            self._forget()

    def _open(self) -> int:
        # A forked child must not share its parent's file: the file belongs to the process that opened it.
        if self._descriptor is not None and self._owner == os.getpid():
            if os.fstat(self._descriptor).st_nlink:
                return self._descriptor
            # Deleted or replaced under us (a checkout, a clean-up): what is written to it now would be lost.
            os.close(self._descriptor)
        self.folder.mkdir(parents=True, exist_ok=True)
        host = hashlib.blake2b(socket.gethostname().encode(), digest_size=3).hexdigest()
        start = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        self._forget()
        self._token = secrets.token_hex(4)
        self._path = self.folder / f"{start}-{host}-{os.getpid()}-{self._token}.jsonl"
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        self._owner = os.getpid()
        sync_folder(self.folder)
        return self._descriptor

    def _refused(self, error: OSError) -> UserError:
        mend = "Free some space" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "Make the folder writable"
        return UserError(
            f"cannot append to the records in {self.folder}: {error.strerror or error}. "
            f"{mend} or give another folder; everything recorded before is kept."
        )


class Follower:
    """Reads a store, and later only what was added to it since the last look."""

    def __init__(self, folder: str | os.PathLike[str]):
        self.folder = Path(folder)
        self._seen: dict[bytes, str] = {}
        self._read: dict[str, tuple[int, int]] = {}  # file name -> bytes and lines that were read

    def look(self, unfinished: bool = False) -> tuple[list[Entry], list[Problem]]:
        """New records and problems, by file name and line.

        A last line without its newline may still be in the making: it is left for the next look, unless `unfinished`.
        Raises UserError when a file cannot be read, or was written by a newer version.
        """
        entries: list[Entry] = []
        problems: list[Problem] = []
        for path in record_files(self.folder):
            offset, lines = self._read.get(path.name, (0, 0))
            content = read_file(path, offset)
            if not unfinished:
                content = content[: content.rfind(b"\n") + 1]
            if content:
                new, bad = read_lines(content, path.name, self._seen, lines + 1)
                entries += new
                problems += bad
                self._read[path.name] = offset + len(content), lines + content.count(b"\n")
        return entries, problems


def record_files(folder: Path) -> list[Path]:
    """The files of a store in the order in which they are read; none where there is no folder."""
    try:
        names = [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UserError(
            f"cannot read the records in {folder}: {error.strerror}. Give a folder that can be read."
        ) from error
    return [folder / name for name in sorted(names) if name.endswith(".jsonl")]


def read_file(path: Path, offset: int = 0) -> bytes:
    """The content from `offset` on; nothing of a file that went. Raises UserError for one that cannot be read."""
    try:
        if 0 < offset >= path.stat().st_size:
            return b""
        with path.open("rb") as file:
            file.seek(offset)
            return file.read()
    except FileNotFoundError:
        return b""  # It went between the listing and now.
    except OSError as error:
        # Read as if it were empty, its results would be measured again or missed without a word.
        raise UserError(
            f"cannot read {path}: {error.strerror}. Make it readable, or move it out of the folder."
        ) from error
