"""All that is known about each cell: shipped and recomputed values, or what is missing and how to get it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pomonag.errors import UserError
from reports.comparison import Comparison, compare
from reports.measurements import Measurement, RunKey, RunRecord, Summary, load_runs, measurements_of, summarise
from reports.paper_numbers import PaperNumber

SHIPPED, RECOMPUTED = "shipped", "recomputed here"
_NO_SUITE = "no suite of `python -m benchmarks plan` has this run"


@dataclass(frozen=True)
class Number:
    """A measured cell: its values by seed, each shipped or recomputed here."""

    measurements: tuple[Measurement, ...]
    origins: tuple[str, ...]
    command: str
    paper: PaperNumber | None = None
    missing_here: tuple[str, ...] = ()

    @property
    def cell_id(self) -> str:
        """The cell's id."""
        return self.measurements[0].cell.id

    @property
    def unit(self) -> str:
        """The unit of the values."""
        return self.measurements[0].unit

    @property
    def values(self) -> list[float]:
        """One value a seed, in the order of seeds."""
        return [m.value for m in self.measurements]

    @property
    def summary(self) -> Summary:
        """Mean, interval, n."""
        return summarise(self.values)

    @property
    def origin(self) -> str:
        """`shipped`, `recomputed here`, or how many of the seeds were."""
        here = self.origins.count(RECOMPUTED)
        if here in (0, len(self.origins)):
            return self.origins[0]
        return f"{here} of {len(self.origins)} {RECOMPUTED}"

    @property
    def difference(self) -> float | None:
        """Ours minus the paper's, in the paper's unit."""
        return None if self.paper is None else self.summary.mean - self.paper.value


@dataclass(frozen=True)
class NotRun:
    """A cell without a value: what is missing and the command that computes it."""

    missing: tuple[str, ...]
    command: str
    paper: PaperNumber | None = None


@dataclass
class Evidence:
    """Runs by key and seed, what the catalogue of runs says, and how recomputed values compare."""

    shipped: Sequence[RunRecord]
    recomputed: Sequence[RunRecord] = ()
    catalogue: Sequence[Mapping[str, Any]] = ()
    problems: Sequence[str] = ()
    comparisons: list[Comparison] = field(init=False)

    def __post_init__(self) -> None:
        self.comparisons = compare(self.shipped, self.recomputed)
        self._entries = {RunKey(**entry["key"]): entry for entry in self.catalogue}
        self._runs: dict[RunKey, dict[int, tuple[RunRecord, str]]] = {}
        for origin, runs in ((SHIPPED, self.shipped), (RECOMPUTED, self.recomputed)):
            for run in runs:
                self._put(run, origin)

    def _put(self, run: RunRecord, origin: str) -> None:
        seeds = self._runs.setdefault(run.key, {})
        if origin == RECOMPUTED and any(old.config_hash != run.config_hash for old, _ in seeds.values()):
            # Another configuration than the shipped one: the two must not share a mean.
            seeds.clear()
        seeds[run.seed] = (run, origin)

    def runs(self, key: RunKey) -> list[RunRecord]:
        """The runs of a key in the order of seeds."""
        return [run for run, _ in (pair for _, pair in sorted(self._runs.get(key, {}).items()))]

    def all_runs(self) -> list[tuple[RunRecord, str]]:
        """Every run that counts, with its origin."""
        return [pair for key in sorted(self._runs, key=lambda k: k.id) for _, pair in sorted(self._runs[key].items())]

    def number(self, key: RunKey, metric: str, paper: PaperNumber | None = None) -> Number | NotRun:
        """What is known about one metric of one run."""
        entry = self._entries.get(key)
        command = entry["command"] if entry else "" if self._entries else _command(key)
        missing = tuple(entry["missing"]) if entry else (_NO_SUITE,) if self._entries else ()
        found = [
            (m, origin)
            for _, (run, origin) in sorted(self._runs.get(key, {}).items())
            for m in measurements_of(run)
            if m.cell.metric == metric
        ]
        if not found:
            return NotRun(missing or ("not measured yet",), command, paper)
        measurements, origins = zip(*found)
        return Number(measurements, origins, command, paper, missing if entry else ())

    def mean(self, key: RunKey, metric: str) -> float | None:
        """The mean of a cell, None where it was not run."""
        number = self.number(key, metric)
        return number.summary.mean if isinstance(number, Number) else None

    @property
    def mismatches(self) -> list[Comparison]:
        """Recomputed values that lie beyond their tolerance."""
        return [comparison for comparison in self.comparisons if not comparison.agrees]

    @property
    def not_run(self) -> list[Mapping[str, Any]]:
        """Entries of the catalogue that have no result, and those whose inputs are missing here."""
        return [e for e in self.catalogue if e["missing"] or RunKey(**e["key"]) not in self._runs]


def gather(
    shipped: Path, recomputed: Path | None = None, catalogue: Path | Sequence[Mapping[str, Any]] | None = None
) -> Evidence:
    """Evidence from folders of results and a catalogue or its file; a folder that is not there holds nothing.

    With a catalogue it is known which runs no suite has; without one the command of such a run is a guess.
    """
    problems: list[str] = []
    sets: list[list[RunRecord]] = []
    for folder in (shipped, recomputed):
        runs, bad = load_runs(folder) if folder else ([], [])
        sets.append(runs)
        problems += [str(problem) for problem in bad]
    entries = _read_catalogue(catalogue) if catalogue is None or isinstance(catalogue, Path) else catalogue
    return Evidence(sets[0], sets[1], entries, problems)


def paired_ratios(ours: Iterable[RunRecord], theirs: Iterable[RunRecord], metric: str) -> list[float]:
    """Ratio of a metric in runs of the same seed value: both met the same draws, so that the pair cancels them."""
    values = {run.seed_value: m.value for run in theirs for m in measurements_of(run) if m.cell.metric == metric}
    return [
        m.value / values[run.seed_value]
        for run in ours
        for m in measurements_of(run)
        if m.cell.metric == metric and values.get(run.seed_value)
    ]


def _read_catalogue(path: Path | None) -> list[dict[str, Any]]:
    if path is None or not path.exists():
        return []
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: {error}. Write it again: python -m benchmarks plan --catalogue {path}") from error


def _command(key: RunKey) -> str:
    return (
        f"python -m benchmarks run --table {key.table} --method {key.method} "
        f"--configuration {key.configuration} --dataset {key.dataset}"
    )
