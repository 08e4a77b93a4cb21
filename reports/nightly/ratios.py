"""Speed as ratios: a workload over a fixed one that was timed in turn with it, never seconds.

A ratio of one night scatters, and a busy machine makes it scatter more. So one beyond the tolerance is measured again,
and only one that stays beyond it each time fails.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reports.nightly.accepted import AcceptedValue
from reports.nightly.fingerprint import Fingerprint

TOLERANCE = 0.25
"""How much slower than accepted a workload may be, as a share of the accepted ratio."""
CONFIRMATIONS = 3
"""How often a ratio beyond the tolerance is measured again before it fails."""


@dataclass(frozen=True)
class Ratio:
    """A workload's CPU seconds over those of its yardstick: as accepted (None: not on this machine) and as measured.

    `measured` are all of tonight's, the confirmations included. More is slower.
    """

    cell: str
    accepted: float | None
    measured: tuple[float, ...]

    @property
    def best(self) -> float:
        """The fastest of tonight's: what other work on the machine added least to."""
        return min(self.measured)

    @property
    def slower(self) -> bool:
        """Beyond the tolerance each time it was measured."""
        return self.accepted is not None and len(self.measured) > CONFIRMATIONS and is_slower(self.accepted, self.best)

    @property
    def text(self) -> str:
        """What it came to."""
        if self.accepted is None:
            return f"{self.best:.3g}; nothing accepted on this machine"
        times = f", the least of {len(self.measured)}" if len(self.measured) > 1 else ""
        return f"{self.best:.3g}{times}; accepted {self.accepted:.3g} ({self.best / self.accepted - 1:+.0%})"


def is_slower(accepted: float, ratio: float) -> bool:
    """Beyond the tolerance.

    >>> is_slower(2.0, 2.4), is_slower(2.0, 2.6)
    (False, True)
    """
    return ratio > (1 + TOLERANCE) * accepted


def judge_ratio(
    cell: str, accepted: Mapping[int, AcceptedValue], machine: Fingerprint, measure: Callable[[int], float]
) -> Ratio:
    """Measures once, and again while it is slower than accepted on this machine. `measure` gets the repetition."""
    here = [value.value for value in accepted.values() if value.fingerprint == machine]
    limit = statistics.median(here) if here else None
    measured = [measure(0)]
    while limit is not None and is_slower(limit, min(measured)) and len(measured) <= CONFIRMATIONS:
        measured.append(measure(len(measured)))
    return Ratio(cell, limit, tuple(measured))
