"""Large files from the network: whole or absent, continued after a break, and only with the expected content."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO

from pomonag.errors import UserError
from pomonag.records.files import file_sha256, sync_folder

_TIMEOUT_SECONDS = 30.0
_CHUNK = 1 << 20


def fetch(url: str, file: Path, sha256: str) -> None:
    """Download `url` to `file`, whose SHA-256 begins with `sha256`; nothing happens if `file` is there.

    What had arrived when a download broke off lies beside `file` as `.NAME.part`, and the next call goes on from
    there. Of several processes one downloads and the others wait for it. Raises OSError when the network or the disk
    refuses, and UserError for other content, which is deleted.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    with part.open("ab") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        if file.exists():  # now, or since another process was quicker
            part.unlink(missing_ok=True)
            return
        try:
            _continue(url, opened)
        except http.client.HTTPException as error:
            raise ConnectionError(f"the connection broke: {error!r}") from error
        opened.flush()
        os.fsync(opened.fileno())
        found = file_sha256(part)
        if not found.startswith(sha256):
            opened.truncate(0)  # and not unlinked: another process may wait for this very file
            raise UserError(
                f"{url} gave other content than expected: its SHA-256 starts with {found[: len(sha256)]}, "
                f"expected {sha256}. Nothing was kept; run again, or place the right file at {file}."
            )
        part.replace(file)
        sync_folder(file.parent)


def _continue(url: str, part: IO[bytes]) -> None:
    """Append what is missing, or all of it where the server cannot start in the middle."""
    offset = part.seek(0, os.SEEK_END)  # it has grown if another process was killed at it meanwhile
    request = urllib.request.Request(url, headers={"Range": f"bytes={offset}-"} if offset else {})
    try:
        answer = urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        return  # all of it had arrived, or more: the hash tells
    with contextlib.closing(answer):
        if offset and answer.status != http.HTTPStatus.PARTIAL_CONTENT:
            part.truncate(0)
        expected = answer.headers.get("Content-Length")
        received = 0
        while chunk := answer.read(_CHUNK):
            part.write(chunk)
            received += len(chunk)
    if expected is not None and received != int(expected):
        raise ConnectionError(f"the connection broke after {received:,} of {int(expected):,} bytes")
