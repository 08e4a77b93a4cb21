"""Values with their uncertainty, and what arithmetic makes of it: Welch's interval for any expression of means.

An expression is linearised at its values (for sums and differences that is exact), its variance is the sum over the
measured means, and its degrees of freedom are Welch and Satterthwaite's. A mean that stands in an expression twice is
one mean, so that `a - a` is 0 without any doubt.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from scipy import special

CONFIDENCE = 0.95
# What one direction may err: the interval's 5 % has two ends.
ONE_SIDED = (1 - CONFIDENCE) / 2


@dataclass(frozen=True)
class Measured:
    """A mean with its standard error over n values (None: not known), and where it came from.

    `counts` are (successes, trials) where the value is a share of independent trials in percent. `kind` says how it
    was found (looked up, trained at which profile): values of one metric are compared within one kind. `step` is what
    it is rounded to. `used` names the cells or numbers that it was read from, `notes` what a reader has to know.
    """

    label: str
    value: float
    standard_error: float | None = None
    n: int | None = None
    counts: tuple[int, int] | None = None
    kind: str = ""
    step: float = 0.0
    used: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Estimate:
    """The value of an expression, with its slope along each measured mean in it."""

    value: float
    slopes: Mapping[Measured, float] = field(default_factory=dict)

    @classmethod
    def of(cls, measured: Measured) -> Estimate:
        """A mean itself."""
        return cls(measured.value, {measured: 1.0})

    def plus(self, other: Estimate, factor: float = 1.0) -> Estimate:
        """self + factor * other."""
        return Estimate(self.value + factor * other.value, _sum((1.0, self.slopes), (factor, other.slopes)))

    def times(self, other: Estimate) -> Estimate:
        """The product."""
        slopes = _sum((other.value, self.slopes), (self.value, other.slopes))
        return Estimate(self.value * other.value, slopes)

    def over(self, other: Estimate) -> Estimate:
        """The quotient. Raises ZeroDivisionError."""
        ratio = self.value / other.value
        return Estimate(ratio, _sum((1 / other.value, self.slopes), (-ratio / other.value, other.slopes)))

    @property
    def standard_error(self) -> float:
        """0 where nothing in it has a known one."""
        return math.hypot(*(slope * (m.standard_error or 0.0) for m, slope in self.slopes.items()))

    @property
    def degrees_of_freedom(self) -> float:
        """Welch and Satterthwaite's; infinite where there is no uncertainty."""
        whole = self.standard_error
        if not whole or not math.isfinite(whole):
            return math.inf
        # Shares of the variance, so that nothing overflows.
        spread = sum(
            (slope * m.standard_error / whole) ** 4 / (m.n - 1)
            for m, slope in self.slopes.items()
            if m.standard_error and m.n and m.n > 1
        )
        return 1 / spread if spread else math.inf

    @property
    def exact(self) -> bool:
        """Nothing in it has a known uncertainty: it is compared as it is."""
        return self.standard_error == 0.0

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval, None without uncertainty."""
        if self.exact:
            return None
        half = quantile(self.degrees_of_freedom) * self.standard_error
        return self.value - half, self.value + half

    def chance_below(self, limit: float) -> float:
        """The p-value of "it is at most `limit`": small where the value lies well above."""
        return float(special.stdtr(self.degrees_of_freedom, (limit - self.value) / self.standard_error))

    @property
    def rounding(self) -> float:
        """How far it may be off because its means are rounded."""
        return sum(abs(slope) * m.step / 2 for m, slope in self.slopes.items())

    @property
    def of_single_runs(self) -> bool:
        """A single run stands in it, whose spread nobody knows."""
        return any(m.n == 1 and m.standard_error is None and slope for m, slope in self.slopes.items())

    @property
    def without_interval(self) -> tuple[str, ...]:
        """The labels of the means in it whose uncertainty is not known."""
        return tuple(m.label for m in self.slopes if m.standard_error is None)


def quantile(degrees_of_freedom: float) -> float:
    """Student's t that 95 % lie within.

    >>> round(quantile(2), 4), round(quantile(float("inf")), 4)
    (4.3027, 1.96)
    """
    if math.isinf(degrees_of_freedom):
        return float(special.ndtri(1 - ONE_SIDED))
    return float(special.stdtrit(degrees_of_freedom, 1 - ONE_SIDED))


def mean_of(values: Sequence[float], label: str, **about: object) -> Measured:
    """The mean of repeated values with its standard error; of a single value that is not known."""
    n = len(values)
    if n > 1 and min(values) == max(values):
        # Equal values have no spread, not one of rounding errors.
        return Measured(label, float(values[0]), 0.0, n, **about)  # type: ignore[arg-type]
    mean = math.fsum(values) / n
    error = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1) / n) if n > 1 else None
    return Measured(label, mean, error, n, **about)  # type: ignore[arg-type]


def average(estimates: Sequence[Estimate]) -> Estimate:
    """The mean of several expressions."""
    total = Estimate(0.0)
    for estimate in estimates:
        total = total.plus(estimate, 1 / len(estimates))
    return total


def difference_of_shares(
    ours: tuple[int, int], theirs: tuple[int, int], confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Newcombe's interval for the difference of two shares of counts (successes, trials), in percentage points.

    Newcombe, Statistics in Medicine 17 (1998), method 10: Wilson's intervals of both, joined.
    """
    (p, low, high), (q, low_q, high_q) = _wilson(ours, confidence), _wilson(theirs, confidence)
    down, up = math.hypot(p - low, high_q - q), math.hypot(high - p, q - low_q)
    return 100 * (p - q - down), 100 * (p - q + up)


def _wilson(counts: tuple[int, int], confidence: float) -> tuple[float, float, float]:
    (successes, n), z = counts, float(special.ndtri((1 + confidence) / 2))
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return share, centre - half, centre + half


def _sum(*parts: tuple[float, Mapping[Measured, float]]) -> dict[Measured, float]:
    total: dict[Measured, float] = {}
    for factor, slopes in parts:
        for measured, slope in slopes.items():
            total[measured] = total.get(measured, 0.0) + factor * slope
    return total


def labels(measured: Iterable[Measured]) -> tuple[str, ...]:
    """What they were read from, each once."""
    return tuple(dict.fromkeys(name for m in measured for name in m.used))
