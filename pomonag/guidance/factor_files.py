"""Scaling factors as files: those that ship for the fast mode, and those that a person has tuned."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from pomonag.errors import UserError, unknown_name
from pomonag.guidance.guide import ScalingFactors
from pomonag.guidance.stretching import PHASES
from pomonag.records.files import atomic_write

FACTORS = Path(__file__).resolve().parents[1] / "assets" / "factors"


def save_factors(
    path: Path, space: str, mode: str, phases: Mapping[str, ScalingFactors], about: dict[str, Any]
) -> None:
    """Writes the factors of a space's phases with `about`, how they were found."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {"space": space, "mode": mode, "phases": {name: asdict(k) for name, k in phases.items()}, **about}
    with atomic_write(path, "w") as file:
        file.write(json.dumps(document, indent=1) + "\n")


def load_factors(path: Path, space: str, mode: str) -> Mapping[str, ScalingFactors]:
    """The phases of a file of factors for that space and mode; UserError for another's, or for no such file."""
    try:
        document = json.loads(path.read_text())
        phases = {phase: _checked(**document["phases"][phase]) for phase in PHASES}
        found = (document["space"], document["mode"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path} is no file of scaling factors ({error}); expected one that `pomonag train factors` wrote"
        ) from error
    if found != (space, mode):
        raise UserError(f"{path} has factors for {found[0]} in {found[1]} mode; expected {space} in {mode} mode")
    return phases


def _checked(**fields: Any) -> ScalingFactors:
    for name, value in fields.items():
        if not isinstance(value, int | float) or not 0 <= value < math.inf:
            raise ValueError(f"{name} is {value!r}, not a number of 0 or more")
    return ScalingFactors(**fields)


@cache
def fast_factors(space: str) -> Mapping[str, ScalingFactors]:
    """The factors that ship for the fast mode of a space."""
    return load_factors(_shipped(space), space, "fast")


def shipped_tuning(space: str) -> dict[str, Any]:
    """How the shipped factors were found: the search's settings, qualities, seconds, provenance."""
    return json.loads(_shipped(space).read_text())


def _shipped(space: str) -> Path:
    known = {path.stem: path for path in FACTORS.glob("*.json")}
    if space not in known:
        raise unknown_name("space with scaling factors", space, known)
    return known[space]
