"""Recomputed values against shipped ones: within the tolerance that was declared for the metric, or a mismatch."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pomonag.errors import UserError
from reports.measurements import RunRecord, measurements_of

PATH = Path(__file__).parent / "tolerances.toml"
# Units of times and of their ratios: machines differ, so that these are shown and not compared.
OF_THE_MACHINE = ("s", "ms", "x")


@dataclass(frozen=True)
class Tolerance:
    """|recomputed - shipped| <= absolute + relative * |shipped|; times are not compared."""

    absolute: float = 0.0
    relative: float = 0.0
    compared: bool = True

    def holds(self, shipped: float, recomputed: float) -> bool:
        """Whether the two agree; what is not compared always does."""
        return not self.compared or abs(recomputed - shipped) <= self.absolute + self.relative * abs(shipped) + 1e-9


@dataclass(frozen=True)
class Comparison:
    """One value of one seed, shipped and recomputed here. `shipped` is None where this configuration never shipped."""

    cell: str
    metric: str
    seed: int
    unit: str
    recomputed: float
    shipped: float | None
    tolerance: Tolerance

    @property
    def agrees(self) -> bool:
        """False for a mismatch beyond the tolerance."""
        return self.shipped is None or self.tolerance.holds(self.shipped, self.recomputed)


@functools.cache
def tolerances(path: Path = PATH) -> Mapping[str, Tolerance]:
    """Tolerances by metric. Raises UserError for a file that is not TOML or has unknown keys."""
    try:
        return {name: Tolerance(**entry) for name, entry in tomllib.loads(path.read_text(encoding="utf-8")).items()}
    except (tomllib.TOMLDecodeError, TypeError) as error:
        raise UserError(f"{path}: {error}. Expected sections [metric] with absolute or relative.") from error


def tolerance_of(metric: str, unit: str) -> Tolerance:
    """The tolerance of a metric, or of its family: `spearman` is that of all `spearman_...` without one of their own.

    Raises UserError when none was declared.
    """
    if unit in OF_THE_MACHINE:
        return Tolerance(compared=False)
    declared = tolerances()
    found = declared.get(metric) or declared.get(metric.split("_")[0])
    if found is None:
        raise UserError(f"no tolerance for the metric {metric!r}. Declare one in {PATH.name}.")
    return found


def compare(shipped: Iterable[RunRecord], recomputed: Iterable[RunRecord]) -> list[Comparison]:
    """Every recomputed value beside the shipped one of the same cell, configuration and seed."""
    known = {(m.cell.id, m.run.config_hash, m.run.seed): m.value for run in shipped for m in measurements_of(run)}
    return [
        Comparison(
            m.cell.id, m.cell.metric, m.run.seed, m.unit, m.value,
            known.get((m.cell.id, m.run.config_hash, m.run.seed)), tolerance_of(m.cell.metric, m.unit),
        )
        for run in recomputed
        for m in measurements_of(run)
    ]  # fmt: skip
