"""Our number for what the paper's text derives from two cells of its tables, with the spread of both sides.

The value is computed from the two means, as the paper's is. Its standard error comes from the first-order (delta)
method: where the runs of both sides met the same draws (equal seed values), from the paired differences along the
gradient, which keep their covariance; otherwise from the sum of both variances, with the degrees of freedom of the
smaller side, with which a test never errs too often (see `reports.equivalence.cautious_degrees`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from reports.equivalence import Sample, quantile
from reports.evidence import Number
from reports.measurements import Summary
from reports.paper_cells import PaperCell


@dataclass(frozen=True, kw_only=True)
class DerivedNumber(Number):
    """A number computed from two measured cells: `measurements` are those of both sides, `sample` what they come to."""

    cell: PaperCell
    sample: Sample
    paired: bool

    @property
    def cell_id(self) -> str:
        """The derived cell's id."""
        return self.cell.id

    @property
    def unit(self) -> str:
        """That of the paper's number."""
        return self.cell.number.unit

    @property
    def summary(self) -> Summary:
        """The derived value with the half-width of its 95 % interval, of as many seeds as the smaller side has."""
        n = int(self.sample.n)
        half = None if n < 2 else float(quantile(n - 1, 0.025)) * self.sample.sd / math.sqrt(n)
        return Summary(self.sample.mean, half, n)


def derive(cell: PaperCell, first: Number, second: Number) -> DerivedNumber:
    """The cell's value from both sides' measurements; where they share seeds (two at least), from those alone."""
    by_seed = [{m.run.seed_value: m for m in side.measurements} for side in (first, second)]
    shared = sorted(by_seed[0].keys() & by_seed[1].keys())
    paired = len(shared) >= 2
    values = [[side[s].value for s in shared] if paired else [m.value for m in side.values()] for side in by_seed]
    return DerivedNumber(
        measurements=(*first.measurements, *second.measurements),
        origins=(*first.origins, *second.origins),
        command=" && ".join(dict.fromkeys(c for c in (first.command, second.command) if c)),
        paper=cell.number,
        missing_here=tuple(dict.fromkeys((*first.missing_here, *second.missing_here))),
        cell=cell,
        sample=_sample(cell, *values, paired),
        paired=paired,
    )


def _sample(cell: PaperCell, first: list[float], second: list[float], paired: bool) -> Sample:
    assert cell.derivation is not None
    compute = cell.derivation.compute
    a, b = Sample.of(first), Sample.of(second)
    value, n = compute(a.mean, b.mean), min(len(first), len(second))
    if n < 2:
        return Sample(value, math.nan, n)
    step_a, step_b = (1e-5 * (abs(side.mean) or 1.0) for side in (a, b))
    along_a = (compute(a.mean + step_a, b.mean) - compute(a.mean - step_a, b.mean)) / (2 * step_a)
    along_b = (compute(a.mean, b.mean + step_b) - compute(a.mean, b.mean - step_b)) / (2 * step_b)
    if paired:
        moved = Sample.of([along_a * x + along_b * y for x, y in zip(first, second)])
        return Sample(value, moved.sd, n)
    error = math.hypot(along_a * a.sd / math.sqrt(a.n), along_b * b.sd / math.sqrt(b.n))
    return Sample(value, error * math.sqrt(n), n)
