"""What a tuning found, as a file, and those that ship. Reading them imports nothing heavy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pomonag.errors import UserError
from pomonag.records.files import atomic_write

ASSETS = Path(__file__).resolve().parents[2] / "assets" / "tuning"
Outcome = dict[str, Any]
"""JSON types; its keys are those of `summary` and what the run adds (recipes, cost, provenance)."""


def write_outcome(outcome: Outcome, path: Path) -> None:
    """One line a key, one a pair's trial."""
    pairs = []
    for pair in outcome["pairs"]:
        trials = ",\n    ".join(json.dumps(trial) for trial in pair["trials"])
        head = json.dumps({name: value for name, value in pair.items() if name != "trials"})
        pairs.append(f'  {head[:-1]}, "trials": [\n    {trials}\n  ]}}')
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in outcome.items() if name != "pairs"]
    body = ",\n ".join([*lines, '"pairs": [\n' + ",\n".join(pairs) + "\n ]"])
    with atomic_write(path, "w") as file:
        file.write(f"{{{body}\n}}\n")


def shipped_outcome(space: str) -> Outcome | None:
    """What a tuning found that ships for a space; None where none does. Raises UserError for a damaged file."""
    path = ASSETS / f"{space}.json"
    if not path.is_file():
        return None
    try:
        outcome: Outcome = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path} is no outcome of a tuning ({error}): install the package again") from error
    return outcome
