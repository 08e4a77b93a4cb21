"""Whether a point lies beyond a front, judged on the fronts of a source."""

from __future__ import annotations

from reports.claims.judged import Judged, Resolver
from reports.claims.keys import Missing, Points, Source
from reports.claims.support import NOT_RUN, UNKNOWN, Support
from reports.claims.syntax import Dominates


def dominance(node: Dominates, source: Source, resolve: Resolver) -> Judged:
    """Whether a point dominates a member of a front; where seeds disagree, or with a single one, inconclusive.

    Members that others dominate, by the measured values, are no members. Of the rest none dominates another, so that a
    point which dominates one is dominated by none: it lies beyond the front.
    """
    keys = [resolve(reference.metric, reference.parts) for reference in (node.point, node.front)]
    ours, theirs = (source.points(key) for key in keys)
    if isinstance(ours, Missing) or isinstance(theirs, Missing):
        missing = tuple(answer for answer in (ours, theirs) if isinstance(answer, Missing))
        return Judged(UNKNOWN, None, missing=missing, leaves=(NOT_RUN,))
    seeds = [seed for seed in ours.by_seed if seed in theirs.by_seed]
    if not seeds:
        missing = tuple(Missing(key.label, "no seed in common") for key in keys)
        return Judged(UNKNOWN, None, missing=missing, leaves=(NOT_RUN,))
    found = [_beyond(ours.by_seed[seed], theirs.by_seed[seed]) for seed in seeds]
    support = Support.exact(found[0]) if len(seeds) > 1 and len(set(found)) == 1 else UNKNOWN
    return Judged(
        support=support,
        pointwise=sum(found) * 2 > len(found),
        text=f"{keys[0].label} dominates a member of {keys[1].label} in {sum(found)} of {len(found)} runs",
        used=(*ours.used, *theirs.used),
        leaves=(support.verdict,),
    )


def _beyond(points: Points, front: Points) -> bool:
    members = [one for one in front if not any(_dominates(other, one) for other in front)]
    return any(_dominates(point, member) for point in points for member in members)


def _dominates(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """At most the cost, at least the accuracy, and not the same."""
    return one[0] <= other[0] and one[1] >= other[1] and one != other
