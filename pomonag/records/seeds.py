"""A seed is a hash of what it is for: adding a run changes the seed of no other run."""

from __future__ import annotations

import hashlib
import json


def seed_of(*parts: str | int | float | bool | None) -> int:
    """A seed in [0, 2**63) that depends on the parts alone, on every machine and in every process.

    >>> seed_of("task", 3) == seed_of("task", 3), seed_of("task", 3) == seed_of("task", "3")
    (True, False)
    """
    if not parts:
        raise ValueError("a seed needs at least one part that says what it is for")
    for part in parts:
        if not isinstance(part, str | int | float | bool | None):
            raise TypeError(f"seed parts are strings, numbers or None, not {type(part).__name__}: {part!r}")
    text = json.dumps(parts, ensure_ascii=True, separators=(",", ":"))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1
