"""A folder of records that many processes append to at once and that a kill cannot corrupt."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pomonag.errors import UserError
from pomonag.records.files import sync_folder

_HEAD = '{"checksum":"'
_MIDDLE = '","record":'
_DIGITS = 16


@dataclass(frozen=True)
class Problem:
    """A line that could not be read: file name, line number from 1, and why."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class RecordStore:
    """Append-only JSON lines, `{"checksum": ..., "record": {...}}`, one file a writer process.

    Any number of processes and threads may append and read at once. A record is on disk when `append` returns
    (one write, one fsync), and it is whole or it is reported by `read`: a line torn by a kill, a full disk or an
    editor spoils neither its neighbours nor what is appended after it.
    """

    def __init__(self, folder: str | os.PathLike[str]):
        self.folder = Path(folder)
        self._lock = threading.Lock()
        self._descriptor: int | None = None
        self._owner: int | None = None

    def append(self, record: dict[str, Any]) -> None:
        """Store one record of JSON types with finite numbers.

        Raises TypeError or ValueError for what JSON cannot hold, UserError when the disk refuses.
        """
        body = json.dumps(record, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
        line = f"{_HEAD}{_checksum(body)}{_MIDDLE}{body}}}\n".encode()
        with self._lock:
            try:
                descriptor = self._open()
                size = os.fstat(descriptor).st_size
                if size and os.pread(descriptor, 1, size - 1) != b"\n":
                    line = b"\n" + line
                written = os.write(descriptor, line)
                if written != len(line):
                    raise OSError(28, "no space left on device (short write)")
                os.fsync(descriptor)
            except OSError as error:
                raise UserError(
                    f"cannot append to the records in {self.folder}: {error.strerror or error}. "
                    "Free some space or give another folder; everything recorded before is kept."
                ) from error

    def read(self) -> tuple[list[dict[str, Any]], list[Problem]]:
        """All whole records, ordered by file name and line, and the lines that had to be set aside."""
        records: list[dict[str, Any]] = []
        problems: list[Problem] = []
        for path in sorted(self.folder.glob("*.jsonl")):
            # splitlines would also split at separators inside a damaged line: only a newline ends a record.
            for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
                if not line:
                    continue
                try:
                    records.append(_parse(line))
                except ValueError as error:
                    problems.append(Problem(path.name, number, str(error)))
        return records, problems

    def close(self) -> None:
        """Give the file back; a later append opens a new one."""
        with self._lock:
            if self._descriptor is not None and self._owner == os.getpid():
                os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> int:
        # A forked child must not share its parent's file: the file belongs to the process that opened it.
        if self._descriptor is None or self._owner != os.getpid():
            self.folder.mkdir(parents=True, exist_ok=True)
            host = hashlib.blake2b(socket.gethostname().encode(), digest_size=3).hexdigest()
            start = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
            name = f"{start}-{host}-{os.getpid()}-{secrets.token_hex(3)}.jsonl"
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND
            self._descriptor = os.open(self.folder / name, flags, 0o644)
            self._owner = os.getpid()
            sync_folder(self.folder)
        return self._descriptor


def _checksum(body: str) -> str:
    return hashlib.blake2b(body.encode(), digest_size=_DIGITS // 2).hexdigest()


def _parse(line: bytes) -> dict[str, Any]:
    try:
        text = line.decode("ascii")
    except UnicodeDecodeError:
        raise ValueError("not a text line") from None
    start = len(_HEAD) + _DIGITS + len(_MIDDLE)
    if not text.startswith(_HEAD) or text[start - len(_MIDDLE) : start] != _MIDDLE or not text.endswith("}"):
        raise ValueError("truncated or foreign line")
    body = text[start:-1]
    if _checksum(body) != text[len(_HEAD) : len(_HEAD) + _DIGITS]:
        raise ValueError("checksum does not match")
    record = json.loads(body)
    if not isinstance(record, dict):
        raise ValueError("the record is not an object")
    return record
