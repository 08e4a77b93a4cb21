"""Errors a person can act on: what was got, what was expected, how to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Input or environment that the caller can mend. The command line prints the message and exits with code 2."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UserError:
    """The error for a name that does not exist, listing what does and suggesting the nearest.

    >>> str(unknown_name("search space", "nb2O1", ["nb201", "mbv3"]))
    "unknown search space 'nb2O1'. Known: mbv3, nb201. Did you mean 'nb201'?"
    """
    names = sorted(known)
    message = f"unknown {kind} {name!r}. Known: {', '.join(names) or 'none'}."
    # An abbreviation is nearer than what merely shares letters.
    longer = [known for known in names if name and known.startswith(name.lower())]
    near = longer or difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.4)
    if near:
        message += f" Did you mean {near[0]!r}?"
    return UserError(message)
