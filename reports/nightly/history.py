"""Nights that were: one record each, appended to a store, and the series that the report draws from them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pomonag.errors import UserError
from pomonag.records.record_store import Entry, Follower, RecordStore
from reports.nightly.fingerprint import Fingerprint
from reports.nightly.night import Night, Status

SCHEMA = 1
HISTORY = Path("output/nightly/history")


@dataclass(frozen=True)
class NightRecord:
    """A night in short. `means` are the cells' means over the fixed seeds, `noted` what was not unchanged."""

    commit: str
    fingerprint: Fingerprint
    counts: Mapping[str, int]
    noted: tuple[Mapping[str, Any], ...]
    ratios: Mapping[str, float]
    means: Mapping[str, float]
    seconds: float
    exit_code: int
    recorded: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="microseconds"))

    def to_json(self) -> dict[str, Any]:
        """JSON types only."""
        return {"schema": SCHEMA, "kind": "night", **asdict(self)}


def record_of(
    night: Night, means: Mapping[str, float], commit: str, machine: Fingerprint, seconds: float
) -> NightRecord:
    """The night as it is kept."""
    noted = tuple(
        {
            "cell": c.watched.cell, "status": str(c.status), "note": c.note, "commits": c.commits,
            "difference": None if c.difference is None else [c.difference.value, c.difference.low, c.difference.high],
        }
        for c in night.cells
        if c.status not in (Status.UNCHANGED, Status.NEW)
    )  # fmt: skip
    ratios = {ratio.cell: ratio.best for ratio in night.ratios}
    return NightRecord(
        commit, machine, dict(night.counts), noted, ratios, dict(means), round(seconds, 1), night.exit_code
    )


def store(folder: Path) -> RecordStore:
    """The history to append to, proven writable. Raises UserError where it is not."""
    history = RecordStore(folder)
    history.prepare()
    return history


def read_history(folder: Path = HISTORY) -> tuple[list[NightRecord], list[str]]:
    """The nights in their order, and what could not be read. Raises UserError for a newer version's records."""
    entries, problems = Follower(folder).look(unfinished=True)
    nights, bad = [], [str(problem) for problem in problems]
    for entry in entries:
        night = _night(folder, entry)
        if isinstance(night, str):
            bad.append(night)
        else:
            nights.append(night)
    return sorted(nights, key=lambda night: night.recorded), bad


def _night(folder: Path, entry: Entry) -> NightRecord | str:
    data, place = dict(entry.record), f"{entry.file}:{entry.line}"
    schema = data.pop("schema", None)
    if isinstance(schema, int) and schema > SCHEMA:
        raise UserError(
            f"{folder}/{place} is a night of schema {schema}, written by a newer pomonag; this one reads schemas up to "
            f"{SCHEMA}. Update pomonag or give another folder; nothing was changed."
        )
    if data.pop("kind", None) != "night":
        return f"{place}: not a night"
    try:
        return NightRecord(**{**data, "fingerprint": Fingerprint(**data["fingerprint"]), "noted": tuple(data["noted"])})
    except (TypeError, KeyError) as error:
        return f"{place}: not a night of this version: {error}"


def series(nights: Iterable[NightRecord]) -> dict[str, list[float]]:
    """Each cell's mean over the fixed seeds, and each ratio, night by night; nan for a night without it."""
    every = list(nights)
    names = sorted({name for night in every for name in (*night.means, *night.ratios)})
    return {name: [{**night.means, **night.ratios}.get(name, math.nan) for night in every] for name in names}
