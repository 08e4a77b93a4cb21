"""A claim judged against a source of values: HOLDS, FAILS, INCONCLUSIVE or NOT RUN, with effect size and interval.

**A comparison.** The effect is left minus right; its interval is Welch's at 95 % (`estimates`). The claim HOLDS where
the estimate agrees and the interval excludes the contrary, FAILS where it is the other way round, and is INCONCLUSIVE
where the interval contains 0. Values whose uncertainty is not known are compared as they are; beside uncertain ones
they count as constants, and the explanation names them. A single run of a method is no such value: without its spread
the comparison is INCONCLUSIVE. Differences within the rounding of their values are 0. `lower95(x) > c` asks the same of
x itself, and needs every uncertainty in it. Where the claim's note asks for it, shares are compared by Fisher's
one-sided exact test at 5 % on their counts, and values over several data sets by the interval of their differences.

**Largest, smallest, absolute.** `x > max(a, b)` is `x > a and x > b`; `abs(x) <= c` is `x <= c and -x <= c`. Inside
arithmetic a largest or smallest value is the one that is so at the estimates.

**Several comparisons** (`and`, `or`, chains, `for_all`, `count(...) >= m`) combine their p-values as in `support`. What
was not measured speaks for nothing: the whole is NOT RUN unless the parts that were measured decide it. Effect and
interval are those of the comparison that stands weakest (for `or`, strongest); those of a count are in members.

**No data set named.** The value is the one over all data sets where there is one, otherwise the mean over the data
sets that all quantities of the comparison share.

Beside the statistical verdict stands the pointwise one, of the estimates alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from reports.claims import vocabulary, wording
from reports.claims.claim import Claim
from reports.claims.comparing import compare
from reports.claims.dominance import dominance
from reports.claims.judged import Judged, Resolver
from reports.claims.keys import Source
from reports.claims.support import (
    FAILS,
    HOLDS,
    INCONCLUSIVE,
    NOT_RUN,
    at_least,
    pointwise_at_least,
)
from reports.claims.syntax import AtLeast, Comparison, Dominates, Not, Over, Predicate


@dataclass(frozen=True)
class ClaimResult:
    """A verdict with the effect that decided it (left minus right, in the values' unit), in words and in numbers.

    `used` names the cells or the numbers of the paper that were read; `pointwise` is the verdict of the estimates
    alone.
    """

    id: str
    verdict: str
    effect: float | None
    interval: tuple[float, float] | None
    explanation: str
    used: tuple[str, ...]
    pointwise: str


def evaluate(claim: Claim, source: Source) -> ClaimResult:
    """Judge one claim."""
    judged = _judge(claim.predicate, claim, source, {})
    verdict = judged.support.verdict
    if verdict == INCONCLUSIVE and judged.missing:
        verdict = NOT_RUN
    return ClaimResult(
        id=claim.id,
        verdict=verdict,
        effect=judged.effect,
        interval=judged.interval,
        explanation=_explanation(judged),
        used=tuple(dict.fromkeys(judged.used)),
        pointwise={True: HOLDS, False: FAILS, None: NOT_RUN}[judged.pointwise],
    )


def _judge(node: Predicate, claim: Claim, source: Source, bound: Mapping[str, str]) -> Judged:
    match node:
        case Comparison():
            return compare(node, claim, source, Resolver(bound))
        case Dominates():
            return dominance(node, source, Resolver(bound))
        case Not(part):
            return _turned(_judge(part, claim, source, bound))
        case AtLeast(number, parts):
            return _joined(number, [_judge(part, claim, source, bound) for part in parts])
        case Over():
            return _over(node, claim, source, bound)


def _over(node: Over, claim: Claim, source: Source, bound: Mapping[str, str]) -> Judged:
    dataset = next((value for value in bound.values() if value in vocabulary.DATASETS_15), None)
    members = vocabulary.members(node.members, dataset)
    parts = {member: _judge(node.body, claim, source, {**bound, node.name: member}) for member in members}
    if claim.only_what_is_there and "dataset" in vocabulary.kinds_of_set(node.members):
        there = {member: part for member, part in parts.items() if part.leaves and set(part.leaves) != {NOT_RUN}}
        if there and node.number is None:
            note = f"judged on {', '.join(there)} alone"
            return _joined(None, list(there.values()), notes=(note,) if len(there) < len(parts) else ())
    return _joined(node.number, list(parts.values()), counted=node.number is not None)


def _joined(number: int | None, parts: list[Judged], *, counted: bool = False, notes: tuple[str, ...] = ()) -> Judged:
    """At least `number` of the parts, all of them where it is None."""
    needed = len(parts) if number is None else number
    support = at_least(needed, [part.support for part in parts])
    pointwise = pointwise_at_least(needed, [part.pointwise for part in parts])
    known = [part for part in parts if part.text]
    # Of "all" the weakest comparison is shown, of "at least one" the strongest.
    pick = min if needed == 1 and len(parts) > 1 else max
    shown = pick(known, key=lambda part: (part.support.false, -part.margin)) if known else None
    effect, interval = (shown.effect, shown.interval) if shown else (None, None)
    text = shown.text if shown else ""
    if counted:
        effect, interval, text = _members(needed, parts)
    return Judged(
        support=support,
        pointwise=pointwise,
        effect=effect,
        interval=interval,
        margin=shown.margin if shown else 0.0,
        text=text,
        missing=tuple(item for part in parts for item in part.missing),
        used=tuple(name for part in parts for name in part.used),
        notes=(*(shown.notes if shown else ()), *notes),
        leaves=tuple(leaf for part in parts for leaf in part.leaves),
    )


def _members(needed: int, parts: list[Judged]) -> tuple[float | None, tuple[float, float] | None, str]:
    """How many members satisfy it beyond those needed: by the estimates, and from surely to possibly."""
    if not any(part.text for part in parts):
        return None, None, ""
    sure = sum(part.support.verdict == HOLDS for part in parts)
    possible = len(parts) - sum(part.support.verdict == FAILS for part in parts)
    interval = None if sure == possible else (float(sure - needed), float(possible - needed))
    if any(part.pointwise is None for part in parts):
        return None, interval, f"at least {needed} of {len(parts)} needed, {sure} sure"
    agreeing = sum(part.pointwise is True for part in parts)
    text = f"{agreeing} of {len(parts)} by the estimates, {needed} needed; {sure} are sure, {possible} possible"
    return float(agreeing - needed), interval, text


def _turned(part: Judged) -> Judged:
    return Judged(
        support=part.support.turned,
        pointwise=None if part.pointwise is None else not part.pointwise,
        effect=part.effect,
        interval=part.interval,
        margin=-part.margin,
        text=f"not: {part.text}" if part.text else "",
        missing=part.missing,
        used=part.used,
        notes=part.notes,
        leaves=tuple({HOLDS: FAILS, FAILS: HOLDS}.get(leaf, leaf) for leaf in part.leaves),
    )


def _explanation(judged: Judged) -> str:
    sentences = []
    if len(judged.leaves) > 1:
        counts = Counter(judged.leaves)
        told = (f"{counts[v]} {v}" for v in (HOLDS, FAILS, INCONCLUSIVE, NOT_RUN) if counts[v])
        sentences.append(f"{len(judged.leaves)} comparisons: {', '.join(told)}")
    if judged.text:
        sentences.append(judged.text)
    sentences += dict.fromkeys(judged.notes)
    if judged.missing:
        sentences.append(f"Missing: {wording.missing(judged.missing)}")
    return ". ".join(map(_capital, sentences)) + "."


def _capital(sentence: str) -> str:
    """Names of the predicate's language stay as they are spelt."""
    return sentence[0].upper() + sentence[1:] if sentence.split()[0].replace("-", "").isalpha() else sentence
