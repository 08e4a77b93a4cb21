"""What a comparison comes to: the seven names, the record, and Holm's correction for a table's headline counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from reports.equivalence import LEVEL


class Name(StrEnum):
    """The seven verdicts."""

    REPRODUCED = "REPRODUCED"
    BETTER = "BETTER"
    WORSE = "WORSE"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_COMPARABLE = "NOT COMPARABLE"
    PAPER_INCONSISTENT = "PAPER INCONSISTENT"
    NOT_RUN = "NOT RUN"


_EXPLAINED = (Name.NOT_COMPARABLE, Name.PAPER_INCONSISTENT, Name.NOT_RUN)


@dataclass(frozen=True)
class Verdict:
    """What a cell comes to. `difference` is ours minus the paper's in the paper's unit, as are the intervals.

    `margin` is the largest difference that counts as none (for counts the ratio). `needed_seeds` says how many *more*
    seeds decide an INCONCLUSIVE cell with 80 % power; None there means that no number does. `fragile`: another
    reading of the paper's ± gives another verdict. `p_value` is that of the verdict's own test, of INCONCLUSIVE the
    smaller one; `both_p_values` are those of equivalence and of difference. Exact comparisons have neither p nor
    intervals.
    """

    name: Name
    reason: str
    difference: float | None = None
    interval90: tuple[float, float] | None = None
    interval95: tuple[float, float] | None = None
    margin: float | None = None
    needed_seeds: int | None = None
    fragile: bool = False
    caveats: tuple[str, ...] = ()
    p_value: float | None = None
    both_p_values: tuple[float, float] | None = None

    @property
    def text(self) -> str:
        """The verdict as it is printed.

        >>> Verdict(Name.INCONCLUSIVE, "...", needed_seeds=4).text, Verdict(Name.PAPER_INCONSISTENT, "PI-02").text
        ('INCONCLUSIVE (4 more seeds)', 'PAPER INCONSISTENT (PI-02)')
        """
        if self.name is Name.INCONCLUSIVE:
            return f"{self.name} ({more_seeds(self.needed_seeds)})"
        return f"{self.name} ({self.reason})" if self.name in _EXPLAINED else str(self.name)


def more_seeds(number: int | None) -> str:
    """`1 more seed`, `4 more seeds`, or that no number helps."""
    if number is None:
        return "no number of seeds decides"
    return f"{number} more seed" if number == 1 else f"{number} more seeds"


def holm(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts that stand when all cells of a table are tested at once; the others become INCONCLUSIVE.

    Two families, each corrected over every cell that was tested (S. Holm, Scand. J. Stat. 6, 1979): equivalence for
    REPRODUCED, difference for BETTER and WORSE. In each the chance of a single false verdict in the whole table is at
    most 5 %. A cell keeps its own claim or loses it; it never takes the other one. `p_value` is the adjusted one.
    """
    tested = [verdict.both_p_values for verdict in verdicts if verdict.both_p_values is not None]
    adjusted = iter(zip(*(adjust(column) for column in zip(*tested)))) if tested else iter(())
    return [_held_to(verdict, next(adjusted)) if verdict.both_p_values is not None else verdict for verdict in verdicts]


def adjust(p_values: Iterable[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given.

    >>> adjust([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(list(p_values), dtype=float)
    order = np.argsort(p, kind="stable")
    stepped = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    result = np.empty_like(p)
    result[order] = stepped
    return [float(value) for value in result]


def _held_to(verdict: Verdict, adjusted: tuple[float, float]) -> Verdict:
    equivalence, difference = adjusted
    own = {Name.REPRODUCED: equivalence, Name.INCONCLUSIVE: min(adjusted)}.get(verdict.name, difference)
    verdict = replace(verdict, p_value=own, both_p_values=adjusted)
    if verdict.name is Name.INCONCLUSIVE or own <= LEVEL:
        return verdict
    reason = f"{verdict.name} alone, but not among all cells of the table (Holm: p = {own:.2g})"
    return replace(verdict, name=Name.INCONCLUSIVE, reason=reason)
