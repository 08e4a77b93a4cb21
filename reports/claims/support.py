"""How strongly values speak for a predicate and against it, and how parts combine.

Each comparison has two p-values: of the hypothesis that it is false (small: the values speak for it) and of the
hypothesis that it is true (small: they speak against it). A predicate HOLDS or FAILS where the one or the other is at
most 2.5 %, which for a single comparison is to say that the 95 % interval of the difference lies on one side of 0.

At least m of n parts hold: the p-value is (n - m + 1) times the m-th smallest of the parts' (Benjamini and Heller,
Biometrics 64 (2008), after Bonferroni). For "all" that is the largest p-value, each part having to pass at the full
level; for "one of them" it is n times the smallest, since n chances were taken. The contrary of "at least m hold" is
"at least n - m + 1 do not", so that one part speaks against "all" only at the level divided by their number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.claims.estimates import ONE_SIDED

HOLDS, FAILS, INCONCLUSIVE, NOT_RUN = "HOLDS", "FAILS", "INCONCLUSIVE", "NOT RUN"


@dataclass(frozen=True)
class Support:
    """The p-values of the hypotheses "it is false" and "it is true"."""

    false: float
    true: float

    @classmethod
    def exact(cls, holds: bool) -> Support:
        """Of values that are certain."""
        return cls(0.0, 1.0) if holds else cls(1.0, 0.0)

    @property
    def verdict(self) -> str:
        """HOLDS, FAILS, or INCONCLUSIVE."""
        if self.false <= ONE_SIDED:
            return HOLDS
        return FAILS if self.true <= ONE_SIDED else INCONCLUSIVE

    @property
    def turned(self) -> Support:
        """Of the contrary predicate."""
        return Support(self.true, self.false)


UNKNOWN = Support(1.0, 1.0)
"""Of what was not measured: nothing speaks for it or against it."""


def at_least(number: int, parts: Sequence[Support]) -> Support:
    """Of "at least `number` of the parts hold".

    >>> at_least(2, [Support(0.01, 0.99), Support(0.02, 0.98)])
    Support(false=0.02, true=1.0)
    """
    n = len(parts)
    if number <= 0:
        return Support.exact(True)
    if number > n:
        return Support.exact(False)
    return Support(
        _partial(number, [part.false for part in parts]), _partial(n - number + 1, [part.true for part in parts])
    )


def pointwise_at_least(number: int, parts: Sequence[bool | None]) -> bool | None:
    """Whether at least `number` are true, None where that hangs on parts that are not known."""
    if sum(part is True for part in parts) >= number:
        return True
    return False if sum(part is not False for part in parts) < number else None


def _partial(number: int, p_values: Sequence[float]) -> float:
    return min(1.0, (len(p_values) - number + 1) * sorted(p_values)[number - 1])
