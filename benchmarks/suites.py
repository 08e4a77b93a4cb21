"""Every module of this folder with a function `runs()` is a suite; adding a suite is adding a file."""

from __future__ import annotations

import importlib
import itertools
import pkgutil
import random
from collections.abc import Sequence

import benchmarks
from benchmarks.runs import Run
from pomonag.errors import UserError, unknown_name


def all_runs() -> list[Run]:
    """The runs of every suite, ordered by id. Raises UserError when two share a key."""
    runs: list[Run] = []
    for module in sorted(info.name for info in pkgutil.iter_modules(benchmarks.__path__)):
        if module.startswith(("_", "test_")):
            continue
        make = getattr(importlib.import_module(f"benchmarks.{module}"), "runs", None)
        if callable(make):
            runs.extend(make())
    runs.sort(key=lambda run: run.key.id)
    twice = [a.key.id for a, b in itertools.pairwise(runs) if a.key == b.key]
    if twice:
        raise UserError(f"two suites define the run {', '.join(twice)}; give one of them another configuration")
    return runs


def select(runs: Sequence[Run], **wanted: Sequence[str]) -> list[Run]:
    """The runs whose key has one of the wanted values in each field; no value means any.

    Raises UserError for a value that no run has.
    """
    chosen = list(runs)
    for field, values in wanted.items():
        known = {getattr(run.key, field) for run in runs}
        for value in values:
            if value.lower() not in known:
                raise unknown_name(field, value, known)
        if values:
            lowered = {value.lower() for value in values}
            chosen = [run for run in chosen if getattr(run.key, field) in lowered]
    return chosen


AFFORDABLE_SECONDS = 60.0


def recomputed(runs: Sequence[Run], share: float, draws: random.Random | None = None) -> list[Run]:
    """The smoke set and a random `share` of the other runs that can run here and take at most a minute a seed."""
    others = [
        run for run in runs if not run.smoke and run.estimated_seconds <= AFFORDABLE_SECONDS and not run.missing()
    ]
    drawn = (draws or random.Random()).sample(others, round(share * len(others)))
    return [run for run in runs if run.smoke or run in drawn]
