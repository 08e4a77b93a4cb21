"""What somebody accepted and why: a folder of records, in which nothing is ever taken back, only accepted anew."""

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

SCHEMA = 1
ACCEPTANCES = Path(__file__).parents[1] / "accepted"


@dataclass(frozen=True)
class Acceptance:
    """The values by seed of one cell under one configuration, which count as right from `recorded` on.

    `commit` is that of the code that gave them. Who accepted is not kept.
    """

    cell: str
    config_hash: str
    values: Mapping[int, float]
    fingerprint: Fingerprint
    commit: str | None
    why: str
    recorded: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"))

    def to_json(self) -> dict[str, Any]:
        """JSON types only."""
        values = {str(seed): value for seed, value in self.values.items()}
        return {"schema": SCHEMA, "kind": "acceptance", **asdict(self), "values": values}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Acceptance:
        """Raises ValueError, TypeError or KeyError for what is no acceptance."""
        if data["kind"] != "acceptance":
            raise ValueError(f"a record of kind {data['kind']!r}")
        values = {int(seed): float(value) for seed, value in data["values"].items()}
        if not values or not all(map(math.isfinite, values.values())):
            raise ValueError(f"values {data['values']!r}; expected finite numbers by seed")
        if not isinstance(data["why"], str) or not data["why"].strip():
            raise ValueError("no reason")
        return cls(
            str(data["cell"]), str(data["config_hash"]), values, Fingerprint(**data["fingerprint"]),
            data["commit"], data["why"], str(data["recorded"]),
        )  # fmt: skip


def read_acceptances(folder: Path = ACCEPTANCES) -> dict[tuple[str, str], Acceptance]:
    """The last acceptance of each cell and configuration.

    Raises UserError that names file and line for a damaged or foreign one: an acceptance that is lost without a word
    would bring back a failure, or, worse, keep one away.
    """
    entries, problems = Follower(folder).look(unfinished=True)
    if problems:
        raise UserError(
            f"{folder}/{problems[0]}. Restore the file from version control, or remove the line and accept again: "
            "python -m reports accept CELLS --why ..."
        )
    accepted = sorted((_acceptance(folder, entry) for entry in entries), key=lambda a: a.recorded)
    return {(a.cell, a.config_hash): a for a in accepted}


def _acceptance(folder: Path, entry: Entry) -> Acceptance:
    place = f"{folder}/{entry.file}:{entry.line}"
    schema = entry.record.get("schema")
    if isinstance(schema, int) and schema > SCHEMA:
        raise UserError(
            f"{place} is an acceptance of schema {schema}, written by a newer pomonag; this one reads schemas up to "
            f"{SCHEMA}. Update pomonag; nothing was changed."
        )
    try:
        return Acceptance.from_json(entry.record)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UserError(
            f"{place} is no acceptance ({type(error).__name__}: {error}). Expected what `python -m reports accept` "
            "writes: restore the file from version control, or remove the line."
        ) from error


def write_acceptances(acceptances: Iterable[Acceptance], folder: Path = ACCEPTANCES) -> None:
    """Adds them. Raises UserError where the folder cannot be written."""
    store = RecordStore(folder)
    try:
        store.prepare()
        for acceptance in acceptances:
            store.append(acceptance.to_json())
    finally:
        store.close()
