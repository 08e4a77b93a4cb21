"""Measured values and where they came from: one record a run, read back as one row a value."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pomonag.errors import UserError
from pomonag.records.hashes import json_hash, text_hash
from pomonag.records.record_store import Entry, Follower, Problem
from reports.cells import Cell, slug, table_name

SCHEMA = 1
SHIPPED = Path(__file__).parent / "results"


@dataclass(frozen=True)
class RunKey:
    """What was run; several cells may come from one run."""

    table: str
    method: str
    configuration: str
    space: str
    dataset: str

    @property
    def id(self) -> str:
        """The common head of the ids of its cells."""
        return "-".join(slug(part) for part in (table_name(self.table), *list(asdict(self).values())[1:]))


@dataclass(frozen=True)
class Value:
    """One number of a run. `protocol` says in words what was measured on which data: it decides comparability."""

    metric: str
    value: float
    unit: str
    protocol: str
    statistic: str = "mean"
    evaluation: str = "generated"


@dataclass(frozen=True)
class RunRecord:
    """One run of one seed, whole: a single line of the store, so that a kill leaves all of its values or none.

    `seed` counts the repetitions from 0, `seed_value` is the number the random generators got. `settings` and
    `version` (raised by hand when a method changes) make `config_hash`. `inputs` are short SHA-256 digests of the
    data and checkpoints that were read, `details` what the figures draw.
    """

    key: RunKey
    seed: int
    seed_value: int
    settings: dict[str, Any]
    version: int
    values: tuple[Value, ...]
    wall_seconds: float
    cpu_seconds: float
    profile: str = "lite"
    details: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    recorded: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="microseconds"))

    @property
    def config_hash(self) -> str:
        """Equal for runs that were asked the same."""
        return config_hash(self.settings, self.version)

    def to_json(self) -> dict[str, Any]:
        """JSON types only."""
        return {
            "schema": SCHEMA,
            "kind": "run",
            "id": self.key.id,
            "config_hash": self.config_hash,
            **asdict(self),
            "values": [{**asdict(value), "protocol_hash": text_hash(value.protocol)} for value in self.values],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> RunRecord:
        """Raises ValueError for a record of a newer schema or another kind, TypeError or KeyError for a broken one."""
        if data.get("kind") != "run" or data.get("schema", 0) > SCHEMA:
            raise ValueError(f"record of kind {data.get('kind')!r}, schema {data.get('schema')!r}")
        known = {f.name for f in fields(cls)}
        plain = {name: value for name, value in data.items() if name in known}
        value_fields = {f.name for f in fields(Value)}
        plain["key"] = RunKey(**data["key"])
        plain["values"] = tuple(Value(**{k: v for k, v in row.items() if k in value_fields}) for row in data["values"])
        return cls(**plain)


@dataclass(frozen=True)
class Measurement:
    """One value of one seed, with the run that gave it."""

    cell: Cell
    value: float
    unit: str
    protocol: str
    run: RunRecord

    @property
    def protocol_hash(self) -> str:
        """Equal where the same quantity was measured on the same data."""
        return text_hash(self.protocol)


def config_hash(settings: dict[str, Any], version: int) -> str:
    """The hash of a run's settings and its hand-raised version; independent of the order of the keys."""
    return json_hash([settings, version])


def measurements_of(run: RunRecord) -> list[Measurement]:
    """The run's values, one measurement each."""
    key = run.key
    return [
        Measurement(
            Cell(
                key.table, key.method, key.configuration, key.space, key.dataset,
                value.metric, value.statistic, value.evaluation,
            ),
            value.value, value.unit, value.protocol, run,
        )
        for value in run.values
    ]  # fmt: skip


def run_of(entry: Entry) -> RunRecord | Problem:
    """From a line of a store to its run, or why it is none. Raises UserError for what a newer version wrote."""
    record = entry.record
    schema = record.get("schema")
    if record.get("kind") == "run" and isinstance(schema, int) and schema > SCHEMA:
        raise UserError(
            f"{entry.file}:{entry.line} is a result of schema {schema}, written by a newer pomonag; this one reads "
            f"schemas up to {SCHEMA}. Update pomonag or give another folder; nothing was changed."
        )
    try:
        return RunRecord.from_json(record)
    except (ValueError, TypeError, KeyError) as error:
        return Problem(entry.file, entry.line, f"not a run of this version: {error}")


def load_runs(folder: Path | str) -> tuple[list[RunRecord], list[Problem]]:
    """The runs of a store that count, and the lines that could not be read.

    Of several configurations of one run the one recorded last counts, and of one seed's repetitions the last. Raises
    UserError for a folder that cannot be read or that a newer version wrote.
    """
    entries, problems = Follower(folder).look(unfinished=True)
    runs: list[RunRecord] = []
    for entry in entries:
        found = run_of(entry)
        if isinstance(found, Problem):
            problems.append(found)
        else:
            runs.append(found)
    runs.sort(key=lambda run: run.recorded)
    current = {run.key: run.config_hash for run in runs}
    latest = {(run.key, run.seed): run for run in runs if run.config_hash == current[run.key]}
    return [latest[key] for key in sorted(latest, key=lambda k: (k[0].id, k[1]))], problems


@dataclass(frozen=True)
class Summary:
    """Mean of n seeds with the half-width of its 95 % Student-t interval (None for a single seed)."""

    mean: float
    ci95: float | None
    n: int


def summarise(values: Sequence[float]) -> Summary:
    """Mean, half-width of the 95 % t-interval, n.

    >>> summary = summarise([1.0, 2.0, 3.0])
    >>> summary.mean, round(summary.ci95, 4), summary.n
    (2.0, 2.4841, 3)
    """
    n = len(values)
    if n == 0:
        raise ValueError("no values to summarise")
    mean = math.fsum(values) / n
    if n == 1:
        return Summary(mean, None, n)
    sd = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    return Summary(mean, _t_quantile(n - 1) * sd / math.sqrt(n), n)


@functools.cache
def _t_quantile(degrees: int) -> float:
    from scipy import special  # Whoever only queries measurements does not wait for it.

    return float(special.stdtrit(degrees, 0.975))
