"""The lines of a record store: a format, a checksum, an identity and the record; whole, healed, or refused by name."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pomonag.errors import UserError

FORMAT = 2
# Whatever a later format puts behind it, its lines begin so and the checksum covers its number and all that follows:
# a line of a newer version can be told from a damaged one.
_HEAD = re.compile(rb'\{"format":([1-9][0-9]{0,8}),"checksum":"([0-9a-f]{16})",')
# The first format had no number, and its checksum covered the record alone.
_FIRST_HEAD = re.compile(rb'\{"checksum":"([0-9a-f]{16})","record":')
_ANY_HEAD = re.compile(rb'(?=\{"(?:format|checksum)":)')


@dataclass(frozen=True)
class Problem:
    """A line that could not be read: file name, line number from 1, and why."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


@dataclass(frozen=True)
class Entry:
    """A record and where it stands."""

    file: str
    line: int
    record: dict[str, Any]


def body_of(record: dict[str, Any]) -> str:
    """The record as JSON in ASCII. Raises TypeError or ValueError for what JSON cannot hold, like infinity."""
    return json.dumps(record, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def line_of(body: str, identity: str) -> bytes:
    """The line of a record, with its newline. `identity` is another one for each record ever stored."""
    covered = f'"id":"{identity}","record":{body}}}'.encode()
    return b'{"format":%d,"checksum":"%s",%s\n' % (FORMAT, _checksum(b"%d," % FORMAT + covered), covered)


def read_lines(
    content: bytes, file: str, seen: dict[bytes, str], first_line: int = 1
) -> tuple[list[Entry], list[Problem]]:
    """The whole records of a file's content, and what is wrong with the other lines.

    Whole records inside of a damaged line are kept. `seen` holds the checksums of earlier lines and is added to: lines
    differ by their identity, so that an equal one is a copy, which must not count twice. Raises UserError for a line
    of a newer format.
    """
    entries: list[Entry] = []
    problems: list[Problem] = []
    # splitlines would also split at separators inside a damaged line: only a newline ends a record.
    for number, line in enumerate(content.split(b"\n"), start=first_line):
        if not line:
            continue
        place = f"{file}:{number}"
        try:
            found = [_whole(line, place)]
        except ValueError as error:
            found = list(_inside(line, place))
            kept = f"; kept {len(found)} whole record{'s' * (len(found) > 1)} inside of it" if found else ""
            problems.append(Problem(file, number, f"{error}{kept}"))
        for checksum, record in found:
            if checksum in seen:
                problems.append(Problem(file, number, f"a copy of {seen[checksum]}"))
            else:
                seen[checksum] = place
                entries.append(Entry(file, number, record))
    return entries, problems


def _whole(line: bytes, place: str) -> tuple[bytes, dict[str, Any]]:
    """Checksum and record of an undamaged line. Raises ValueError that says what is wrong with it."""
    if head := _HEAD.match(line):
        format_number, checksum = int(head[1]), head[2]
        covered = b"%d," % format_number + line[head.end() :]
    elif head := _FIRST_HEAD.match(line):
        format_number, checksum = 1, head[1]
        covered = line[head.end() : -1]
    else:
        raise ValueError("foreign line, or the end of a torn one")
    if not line.endswith(b"}"):
        raise ValueError("truncated line")
    if _checksum(covered) != checksum:
        raise ValueError("checksum does not match")
    if format_number > FORMAT:
        raise UserError(
            f"{place} is a record of format {format_number}, written by a newer pomonag; this one reads formats up to "
            f"{FORMAT}. Update pomonag or give another folder; nothing was changed."
        )
    try:
        record = json.loads(line)["record"]
    except (KeyError, RecursionError) as error:
        raise ValueError(f"not a record: {error}") from None
    if not isinstance(record, dict):
        raise ValueError("the record is not an object")
    return checksum, record


def _inside(line: bytes, place: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Whole records in a damaged line: behind a torn one, or with something between its end and the newline."""
    for piece in _ANY_HEAD.split(line):
        try:
            yield _whole(piece[: piece.rfind(b"}") + 1], place)
        except ValueError:
            continue


def _checksum(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=8).hexdigest().encode()
