"""Verdicts that rest on our values alone: of means, of looked-up values, of pairs, of counts."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import replace

from scipy import special

from reports import counts
from reports.equivalence import LEVEL, Difference, Sample, difference, p_difference, p_equivalence, quantile
from reports.margins import Margin
from reports.paper_numbers import PaperNumber
from reports.planning import MOST_SEEDS, Plan, chances, seeds_needed
from reports.verdict import Name, Verdict

RUNS = 3
"""Runs behind each ± of the paper (captions of Tables 2 and 4)."""
ROUNDING = 0.005
"""Half of the last printed digit: looked-up values closer than this are equal."""
_NOT_SAID = "not said to be a 95 % interval"
_READINGS = {
    "t": RUNS**0.5 / float(quantile(RUNS - 1, 0.025)),
    "z": RUNS**0.5 / float(special.ndtri(0.975)),
    "sd": 1.0,
}
_IN_WORDS = {"z": "half a normal interval", "sd": "one standard deviation"}


def judge_value(
    paper: PaperNumber, values: Sequence[float] | Sample, margin: Margin, higher_is_better: bool
) -> Verdict:
    """Our values, one a seed, or what they come to against the paper's number; counts need the values."""
    if margin.kind == "ratio":
        if isinstance(values, Sample):
            raise ValueError(f"{paper.metric}: a count is judged by its values, not by their summary")
        return judge_count(paper, values, margin.size, higher_is_better)
    ours = values if isinstance(values, Sample) else Sample.of(values)
    delta, readings = margin.around(paper.value), paper_samples(paper)
    caveats = _notes(paper)
    if ours.n < 2:
        return replace(_single(ours.mean - paper.value, delta), caveats=caveats)
    if paper.ci95 == 0.0 and ours.sd == 0.0:
        # Both are looked up, and no seed changes them: only the printed digits blur the paper's.
        return replace(_exact(ours.mean - paper.value, ROUNDING, higher_is_better), caveats=caveats)
    verdict = judge_difference(difference(ours, readings["t"]), delta, higher_is_better)
    others = {
        reading: _name(difference(ours, theirs), delta, higher_is_better)
        for reading, theirs in readings.items()
        if reading != "t"
    }
    caveats += tuple(
        f"{name} if the paper's ± is {_IN_WORDS[reading]}"
        for reading, name in others.items()
        if name is not verdict.name
    )
    fragile, reason, needed = any(name is not verdict.name for name in others.values()), verdict.reason, None
    if verdict.name is Name.INCONCLUSIVE:
        why, needed = _what_would_decide(Plan(ours, readings["t"], delta))
        reason += f"; {why}"
    return replace(verdict, reason=reason, needed_seeds=needed, fragile=fragile, caveats=caveats)


def judge_difference(found: Difference, delta: float, higher_is_better: bool) -> Verdict:
    """A difference of means against the margin."""
    if found.is_exact:
        return _exact(found.value, delta, higher_is_better)
    name = _name(found, delta, higher_is_better)
    equivalence = float(p_equivalence(found.value, found.standard_error, found.degrees, delta))
    different = float(p_difference(found.value, found.standard_error, found.degrees))
    narrow, wide = found.interval(0.9), found.interval(0.95)
    return _tested(name, found.value, narrow, wide, delta, (equivalence, different), f"margin {delta:.3g}")


def judge_count(paper: PaperNumber, values: Sequence[float], ratio: float, higher_is_better: bool) -> Verdict:
    """The median of our counts against the paper's, within a factor either way.

    Where the paper prints `>500`, our median is tested on one side only: it may lie as far above as it likes.
    """
    median, bound = float(statistics.median(values)), paper.note.startswith("lower bound")
    low, high = paper.value / ratio, float("inf") if bound else paper.value * ratio
    apart = median - paper.value
    direction = Name.BETTER if (apart > 0) == higher_is_better else Name.WORSE
    shown = f"{'at least ' if bound else ''}1/{ratio:g}{'' if bound else f' to {ratio:g}'} of the paper's"
    caveats = ("the paper prints a lower bound",) if bound else ()
    if len(values) < 2:
        return replace(_single(apart, ratio), caveats=caveats)
    if min(values) == max(values):
        inside = low * (1 - 1e-12) <= median <= high * (1 + 1e-12)
        reason = f"always {median:g}, the paper {paper.value:g}; equal is {shown}"
        return Verdict(Name.REPRODUCED if inside else direction, reason, apart, margin=ratio, caveats=caveats)
    equivalence = max(counts.p_not_below(values, low), counts.p_not_above(values, high))
    sides = [counts.p_not_above(values, paper.value - 1e-6)]
    sides += [] if bound else [counts.p_not_below(values, paper.value + 1e-6)]
    both = (equivalence, min(1.0, 2 * min(sides)))
    name = Name.REPRODUCED if both[0] <= LEVEL else direction if both[1] <= LEVEL else Name.INCONCLUSIVE
    narrow, wide = (_shifted(counts.interval_of_median(values, level), -paper.value) for level in (0.9, 0.95))
    verdict = _tested(name, apart, narrow, wide, ratio, both, f"equal is {shown}")
    if name is Name.INCONCLUSIVE:
        needed = counts.values_needed(values, paper.value, ratio)
        verdict = replace(verdict, needed_seeds=needed - len(values))
    return replace(verdict, caveats=caveats)


def paper_samples(paper: PaperNumber) -> dict[str, Sample]:
    """The paper's mean with the spread that each reading of its ± implies; a constant where there is none.

    `t` takes ± for half a 95 % interval by Student's t with two degrees of freedom, `z` by the normal distribution,
    `sd` for one standard deviation (only where the paper does not call it an interval).
    """
    if paper.ci95 is None:
        return {"t": Sample.constant(paper.value)}
    readings = ("t", "z", "sd") if _NOT_SAID in paper.note else ("t", "z")
    return {name: Sample(paper.value, paper.ci95 * _READINGS[name], RUNS) for name in readings}


def _name(found: Difference, delta: float, higher_is_better: bool) -> Name:
    """The verdict alone, without its record."""
    if found.is_exact:
        return _exact(found.value, delta, higher_is_better).name
    if p_equivalence(found.value, found.standard_error, found.degrees, delta) <= LEVEL:
        return Name.REPRODUCED
    if p_difference(found.value, found.standard_error, found.degrees) <= LEVEL:
        return Name.BETTER if (found.value > 0) == higher_is_better else Name.WORSE
    return Name.INCONCLUSIVE


def _exact(value: float, delta: float, higher_is_better: bool) -> Verdict:
    """Nothing is left to chance: equal within the margin, or the sign decides."""
    # A difference of two printed numbers carries the rounding of binary fractions.
    if abs(value) <= delta + 1e-9:
        name = Name.REPRODUCED
    else:
        name = Name.BETTER if (value > 0) == higher_is_better else Name.WORSE
    return Verdict(name, f"difference {value:+.3g} without any spread, margin {delta:.3g}", value, margin=delta)


def _single(value: float, margin: float) -> Verdict:
    return Verdict(
        Name.INCONCLUSIVE, f"difference {value:+.3g}; a single value has no spread yet", value, margin=margin,
        needed_seeds=RUNS - 1,
    )  # fmt: skip


def _tested(
    name: Name,
    value: float,
    narrow: tuple[float, float] | None,
    wide: tuple[float, float] | None,
    margin: float,
    both_p_values: tuple[float, float],
    scale: str,
) -> Verdict:
    equivalence, different = both_p_values
    own = {Name.REPRODUCED: equivalence, Name.INCONCLUSIVE: min(both_p_values)}.get(name, different)
    shown, level = (narrow, 90) if name is Name.REPRODUCED else (wide, 95)
    between = f"{level} % interval {shown[0]:+.3g} to {shown[1]:+.3g}" if shown else f"too few values for {level} %"
    reason = f"difference {value:+.3g}, {between}, {scale}"
    return Verdict(name, reason, value, narrow, wide, margin, p_value=own, both_p_values=both_p_values)


def _what_would_decide(plan: Plan) -> tuple[str, int | None]:
    """In words, and as the number of further seeds; None where no number decides."""
    needed = seeds_needed(plan)
    if needed is not None:
        reproduced, different = chances(plan, needed)
        heading = "no difference" if reproduced[0] >= different[0] else "a difference"
        why = f"{needed} seeds in all would show {heading} with 80 % power"
        if abs(plan.difference) >= plan.margin:
            why += "; none would show its absence, because the difference is not below the margin"
    elif plan.reproducible or plan.distinguishable:
        why = f"it would take more than {MOST_SEEDS:,} seeds"
    else:
        why = f"the paper's own mean is uncertain by {plan.their_reach(LEVEL):.3g}, which our seeds cannot narrow"
        if abs(plan.difference) >= plan.margin:
            why += ", and the difference is not below the margin"
    return why, None if needed is None else needed - int(plan.ours.n)


def _notes(paper: PaperNumber) -> tuple[str, ...]:
    if paper.ci95 is None:
        lacking = "cut off" if "cut off in the source text" in paper.note else "missing"
        return (f"the paper's ± is {lacking}: its value is taken for a constant",)
    return ("the paper does not say what its ± is",) if _NOT_SAID in paper.note else ()


def _shifted(interval: tuple[float, float] | None, by: float) -> tuple[float, float] | None:
    return None if interval is None else (interval[0] + by, interval[1] + by)
