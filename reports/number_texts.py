"""Numbers as the report prints them: the digits that a unit deserves, intervals, durations."""

from __future__ import annotations

import math

from reports.evidence import Number

# Digits after the point by unit.
_DECIMALS = {"%": 2, "architectures": 0, "calls": 0, "fraction": 3}


def number_text(value: float, unit: str) -> str:
    """A value with the digits that its unit deserves.

    >>> number_text(99.971, "%"), number_text(1234.5, "x"), number_text(5.0, "architectures")
    ('99.97', '1,234', '5')
    """
    return f"{value:,.{_decimals(value, unit)}f}"


def _decimals(value: float, unit: str) -> int:
    if unit in _DECIMALS:
        return _DECIMALS[unit]
    # Times and ratios span orders of magnitude: three significant digits.
    return max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0


def interval_text(number: Number) -> str:
    """`99.97 ± 0.10`, the half-width with the mean's digits, and left out for a single seed; times with their unit."""
    summary = number.summary
    decimals = _decimals(summary.mean, number.unit)
    text = f"{summary.mean:,.{decimals}f}"
    # A count that is the same by construction needs no interval.
    exact = summary.ci95 == 0 and number.unit in ("architectures", "calls")
    if summary.ci95 is not None and not exact:
        text += f" ± {summary.ci95:,.{decimals}f}"
    return text + {"s": " s", "ms": " ms", "x": " ×"}.get(number.unit, "")


def seconds_text(seconds: float) -> str:
    """`0.23 s`, `12 s`, `7.4 min`, `2.5 h`."""
    if seconds < 10:
        return f"{seconds:.2g} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
