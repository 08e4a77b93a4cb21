"""Short hashes that name settings: twelve hexadecimal digits of BLAKE2."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def text_hash(text: str) -> str:
    """Twelve hexadecimal digits that change with the text.

    >>> text_hash("a") == text_hash("a"), text_hash("a") == text_hash("b"), len(text_hash("a"))
    (True, False, 12)
    """
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def json_hash(value: Any) -> str:
    """That of a value of JSON types, whatever the order of its keys.

    >>> json_hash({"a": 1, "b": 2}) == json_hash({"b": 2, "a": 1})
    True
    """
    return text_hash(json.dumps(value, sort_keys=True))
