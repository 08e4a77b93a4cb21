"""The list of all runs as a file, so that the report can say what is missing without starting anything."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.runs import Run
from pomonag.records.files import atomic_write


def catalogue(runs: Iterable[Run]) -> list[dict[str, Any]]:
    """One entry a run: its key, cells, configuration, what is missing, its most seeds, seconds a seed, its command."""
    return [
        {
            "id": run.key.id,
            "key": {name: getattr(run.key, name) for name in ("table", "method", "configuration", "space", "dataset")},
            "cells": [cell.id for cell in run.cells],
            "config_hash": run.config_hash,
            "missing": run.missing(),
            "needs": [need.name for need in run.needs],
            "repeats": run.repeats,
            "estimated_seconds": run.estimated_seconds,
            "smoke": run.smoke,
            "command": command(run),
        }
        for run in runs
    ]


def write_catalogue(runs: Iterable[Run], path: Path) -> None:
    """The catalogue as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path, "w") as file:
        json.dump(catalogue(runs), file, indent=1)


def command(run: Run) -> str:
    """The command that computes this run anew."""
    k = run.key
    return (
        f"python -m benchmarks run --table {k.table} --method {k.method} --configuration {k.configuration} "
        f"--dataset {k.dataset} --fresh"
    )
