"""How far the runs of a folder are: what is done, what is being computed now, and how long the rest will take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pomonag.errors import UserError
from pomonag.records.claims import FILE, Claims
from reports.measurements import RunKey, RunRecord


def claim_name(key: RunKey, config_hash: str, seed: int) -> str:
    """Under which a worker claims a run with one seed in the folder of its results."""
    return f"{key.id}/{config_hash}/{seed}"


@dataclass(frozen=True)
class Progress:
    """Runs with their seeds: `done` of the `total` that can run here; the names of those `running`; seconds left.

    What lacks its inputs is not counted. `seconds_left` are those of one worker after another.
    """

    done: int
    total: int
    running: tuple[str, ...]
    seconds_left: float


def progress(catalogue: Iterable[Mapping[str, Any]], runs: Iterable[RunRecord], folder: Path, seeds: int) -> Progress:
    """From the catalogue's entries, the runs that the folder holds, and who works in it."""
    there = {(run.key, run.config_hash, run.seed) for run in runs}
    done = total = 0
    left = 0.0
    running = []
    claims = Claims(folder) if (folder / FILE).exists() else None  # Looking must not write into a folder at rest.
    for entry in catalogue:
        key = RunKey(**entry["key"])
        for seed in range(min(seeds, entry.get("repeats") or seeds)):
            finished = (key, entry["config_hash"], seed) in there
            if claims and _is_held(claims, claim_name(key, entry["config_hash"], seed)):
                running.append(f"{key.id} seed {seed}")
            if finished or not entry["missing"]:
                total += 1
                done += finished
                left += 0.0 if finished else entry["estimated_seconds"]
    return Progress(done, total, tuple(running), left)


def _is_held(claims: Claims, name: str) -> bool:
    try:
        return not claims.is_free(name)
    except UserError:
        return False  # A folder that cannot be written has no worker.
