"""One comparison judged on the values of a source."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from scipy import stats

from reports.claims import wording
from reports.claims.claim import Claim
from reports.claims.estimates import Estimate, Measured, average, difference_of_shares, labels, mean_of
from reports.claims.judged import Judged, Resolver
from reports.claims.keys import Key, Missing, Source
from reports.claims.support import NOT_RUN, UNKNOWN, Support
from reports.claims.syntax import (
    Arithmetic,
    Comparison,
    EvaluationsToReach,
    Extreme,
    LowerBound,
    Number,
    Quantity,
    Reference,
)

# Below this share of the values a difference is rounding of sums.
_ROUNDING = 1e-12


class _Lacking(Exception):
    """Values are not there: the arguments are `Missing`."""


@dataclass(frozen=True)
class _Weighed:
    """Both sides, their difference, and what a reader has to know about it."""

    sides: tuple[Estimate, Estimate]
    effect: Estimate
    notes: tuple[str, ...]


def compare(node: Comparison, claim: Claim, source: Source, resolve: Resolver) -> Judged:
    """Judge a comparison; what cannot be computed is NOT RUN with all the reasons."""
    try:
        weighed = _weigh(node, claim, source, resolve)
    except _Lacking as error:
        return Judged(UNKNOWN, None, missing=error.args, leaves=(NOT_RUN,))
    except ZeroDivisionError:
        zero = Missing(wording.comparison(node, resolve), "a quotient by 0")
        return Judged(UNKNOWN, None, missing=(zero,), leaves=(NOT_RUN,))
    effect, (left, right) = weighed.effect, weighed.sides
    support, interval, note = _decide(node.operator, claim, weighed)
    upward = node.operator in (">", ">=")
    bound = _lower_end(effect, upward) if _is_bound(node) else effect.value
    measured = tuple(dict.fromkeys((*left.slopes, *right.slopes)))
    return Judged(
        support=support,
        pointwise=_satisfied(node.operator, bound),
        effect=effect.value,
        interval=interval,
        margin=(effect.value if upward else -effect.value) / (max(abs(left.value), abs(right.value)) or 1.0),
        text=_text(node, weighed, interval, resolve),
        used=labels(measured),
        notes=(*(note for m in measured for note in m.notes), *weighed.notes, *note),
        leaves=(support.verdict,),
    )


def _weigh(node: Comparison, claim: Claim, source: Source, resolve: Resolver) -> _Weighed:
    keys = list(dict.fromkeys((*_keys(node.left, resolve), *_keys(node.right, resolve))))
    by_dataset = _values(keys, source)
    left, right = (_over_datasets(side, by_dataset, source, resolve) for side in (node.left, node.right))
    effect = left.plus(right, -1.0)
    notes: tuple[str, ...] = ()
    if not all(math.isfinite(number) for side in (left, right) for number in (side.value, side.standard_error)):
        raise _Lacking(*(Missing(key.label, "not all finite") for key in keys))
    if _is_bound(node) and (lacking := effect.without_interval):
        raise _Lacking(*(Missing(label, "lower95 needs an interval, and there is none") for label in lacking))
    if claim.paired and len(by_dataset) > 1:
        effect = _paired(node, by_dataset, source, resolve)
        notes = (f"paired over {', '.join(sorted(d for d in by_dataset if d))}",)
    scale = max(abs(left.value), abs(right.value))
    if abs(effect.value) <= max(effect.rounding, _ROUNDING * scale):
        effect = replace(effect, value=0.0)
    return _Weighed((left, right), effect, notes)


def _decide(
    operator: str, claim: Claim, weighed: _Weighed
) -> tuple[Support, tuple[float, float] | None, tuple[str, ...]]:
    """The support, the interval, and a note on how they were found."""
    effect = weighed.effect
    if claim.counted and (tested := _by_counts(operator, weighed.sides)):
        return tested
    if effect.of_single_runs:
        return UNKNOWN, None, ()
    lacking = tuple(dict.fromkeys(effect.without_interval))
    how = "compared as they are" if effect.exact else "taken as exact"
    note = (f"{how}, without an interval: {', '.join(lacking)}",) if lacking else ()
    return _support(operator, effect), effect.interval, note


def _is_bound(node: Comparison) -> bool:
    return isinstance(node.left, LowerBound) or isinstance(node.right, LowerBound)


def _keys(node: Quantity, resolve: Resolver) -> Iterator[Key]:
    match node:
        case Reference(metric, parts):
            yield resolve(metric, parts)
        case Arithmetic(_, left, right):
            yield from _keys(left, resolve)
            yield from _keys(right, resolve)
        case Extreme(_, of):
            for part in of:
                yield from _keys(part, resolve)
        case LowerBound(of) | EvaluationsToReach(of, _):
            yield from _keys(of, resolve)


_ByDataset = Mapping[str | None, Mapping[Key, Measured]]
"""The value of each key; once under None, or once for each data set that all of them share."""


def _values(keys: Sequence[Key], source: Source) -> _ByDataset:
    answers = {key: source.value(key) for key in keys}
    several = {key: source.datasets(key) for key in keys if key.dataset is None and isinstance(answers[key], Missing)}
    several = {key: names for key, names in several.items() if names}
    missing = [a for key, a in answers.items() if isinstance(a, Missing) and key not in several]
    whole = [key for key in keys if key.dataset is None and key not in several and isinstance(answers[key], Measured)]
    if several and whole:
        missing += [Missing(key.label, "means over unlike data sets") for key in (whole[0], next(iter(several)))]
    shared = [d for d in next(iter(several.values()), ()) if all(d in names for names in several.values())]
    if several and not shared:
        missing += [Missing(key.label, "no data set in common") for key in several]
    if missing:
        raise _Lacking(*missing)
    over: list[str | None] = [*shared] or [None]
    by_dataset: dict[str | None, dict[Key, Measured | Missing]] = {
        d: {k: source.value(replace(k, dataset=d)) if k in several else answers[k] for k in keys} for d in over
    }
    missing = [a for found in by_dataset.values() for a in found.values() if isinstance(a, Missing)]
    if missing := missing or list(_unlike(by_dataset)):
        raise _Lacking(*missing)
    return by_dataset  # type: ignore[return-value]


def _unlike(by_dataset: Mapping[str | None, Mapping[Key, Measured | Missing]]) -> Iterator[Missing]:
    """Of values of one metric on one data set that were found in different ways: one recipe for all, or none."""
    for found in by_dataset.values():
        first: dict[tuple[str, str | None], tuple[Key, str]] = {}
        for key, measured in found.items():
            if isinstance(measured, Measured):
                other, kind = first.setdefault((key.metric, key.dataset), (key, measured.kind))
                if kind != measured.kind:
                    yield Missing(f"{other.label}, {kind}, and {key.label}, {measured.kind}", "not comparable")


def _over_datasets(node: Quantity, by_dataset: _ByDataset, source: Source, resolve: Resolver) -> Estimate:
    """The quantity with each key's mean over the data sets."""
    keys = next(iter(by_dataset.values()))
    means = {key: average([Estimate.of(found[key]) for found in by_dataset.values()]) for key in keys}
    return _quantity(node, means, source, resolve)


def _quantity(node: Quantity, values: Mapping[Key, Estimate], source: Source, resolve: Resolver) -> Estimate:
    match node:
        case Number(value):
            return Estimate(value)
        case Reference(metric, parts):
            return values[resolve(metric, parts)]
        case Arithmetic(operator, left_node, right_node):
            left = _quantity(left_node, values, source, resolve)
            right = _quantity(right_node, values, source, resolve)
            if operator in "+-":
                return left.plus(right, 1.0 if operator == "+" else -1.0)
            return left.times(right) if operator == "*" else left.over(right)
        case Extreme(largest, of):
            parts_found = [_quantity(part, values, source, resolve) for part in of]
            return (max if largest else min)(parts_found, key=lambda estimate: estimate.value)
        case LowerBound(of):
            return _quantity(of, values, source, resolve)
        case EvaluationsToReach(target, parts):
            goal = _quantity(target, values, source, resolve).value
            answer = source.evaluations_to_reach(goal, resolve("test_accuracy", parts))
            if isinstance(answer, Missing):
                raise _Lacking(answer)
            return Estimate.of(answer)


def _paired(node: Comparison, by_dataset: _ByDataset, source: Source, resolve: Resolver) -> Estimate:
    """The mean of the differences, one a data set, with the interval over data sets."""
    differences = []
    for found in by_dataset.values():
        values = {key: Estimate.of(measured) for key, measured in found.items()}
        left, right = (_quantity(side, values, source, resolve) for side in (node.left, node.right))
        differences.append(left.plus(right, -1.0))
    step = 2 * max(difference.rounding for difference in differences)
    return Estimate.of(mean_of([d.value for d in differences], "difference over data sets", step=step))


def _support(operator: str, effect: Estimate) -> Support:
    if effect.exact:
        return Support.exact(_satisfied(operator, effect.value))
    at_most_zero = effect.chance_below(0.0)
    support = Support(at_most_zero, 1.0 - at_most_zero)
    return support if operator in (">", ">=") else support.turned


def _satisfied(operator: str, effect: float) -> bool:
    return {">": effect > 0, ">=": effect >= 0, "<": effect < 0, "<=": effect <= 0}[operator]


def _lower_end(effect: Estimate, upward: bool) -> float:
    if effect.interval is None:
        return effect.value
    return effect.interval[0] if upward else effect.interval[1]


def _by_counts(operator: str, sides: Sequence[Estimate]) -> tuple[Support, tuple[float, float], tuple[str, ...]] | None:
    """Fisher's exact test of two shares, None where their counts are not known."""
    shares = [next(iter(side.slopes)) if list(side.slopes.values()) == [1.0] else None for side in sides]
    left, right = shares
    if left is None or right is None or left.counts is None or right.counts is None:
        return None
    table = [[successes, trials - successes] for successes, trials in (left.counts, right.counts)]
    greater, less = (float(stats.fisher_exact(table, alternative=side).pvalue) for side in ("greater", "less"))
    claimed, contrary = (greater, less) if operator in (">", ">=") else (less, greater)
    # One-sided: the whole 5 % may be spent on the claimed side, where a two-sided interval spends half.
    counts = " against ".join(f"{successes:,} of {trials:,}" for successes, trials in (left.counts, right.counts))
    note = f"one-sided exact test on counts, {counts}: p = {claimed:.2g}"
    return Support(claimed / 2, contrary), difference_of_shares(left.counts, right.counts), (note,)


def _text(node: Comparison, weighed: _Weighed, interval: tuple[float, float] | None, resolve: Resolver) -> str:
    left, right = (wording.plain(side.value) for side in weighed.sides)
    shown = f"{left} against {right}, {wording.difference(weighed.effect.value, interval)}"
    return f"{wording.comparison(node, resolve)}: {shown}"
