"""All claims, each judged on the paper's numbers and on ours, in several readings of ours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reports.claims import claim as claims_file
from reports.claims.claim import Claim
from reports.claims.evaluation import ClaimResult, evaluate
from reports.claims.sources import PAPER_FAITHFUL, MeasuredSource, PaperSource
from reports.claims.support import NOT_RUN
from reports.evidence import Evidence

# Readings of our runs: which configuration counts where there are several, and which metric stands for the claim's.
REFERENCE, FAST = "reference mode where there is one", "fast mode where there is one"
_FAST = ("fast", *(c for c in PAPER_FAITHFUL if c != "fast"))
READINGS: Mapping[str, tuple[tuple[str, ...], Mapping[str, str]]] = {
    REFERENCE: (PAPER_FAITHFUL, {}),
    FAST: (_FAST, {}),
    "reference mode, by isomorphism class (PI-35)": (PAPER_FAITHFUL, {"uniqueness": "uniqueness_by_class"}),
    "fast mode, by isomorphism class (PI-35)": (_FAST, {"uniqueness": "uniqueness_by_class"}),
    "reference mode, against DiffusionNAG's released rows (PI-34)": (PAPER_FAITHFUL, {"novelty": "novelty_released"}),
    "fast mode, against DiffusionNAG's released rows (PI-34)": (_FAST, {"novelty": "novelty_released"}),
}


@dataclass(frozen=True)
class JudgedClaim:
    """A claim with its verdict on the paper's numbers and on ours.

    `fragile` says that the paper's verdict is another where its half-widths are read by z instead of by t (PI-19).
    `ours` is the default reading, `beside` the others that read other runs or metrics.
    """

    claim: Claim
    paper: ClaimResult
    fragile: bool
    ours: ClaimResult
    beside: Mapping[str, ClaimResult]


def judge(evidence: Evidence) -> list[JudgedClaim]:
    """Every claim of the file."""
    by_t, by_z = PaperSource("t"), PaperSource("z")
    sources = {name: MeasuredSource(evidence, prefer, metrics) for name, (prefer, metrics) in READINGS.items()}
    judged = []
    for claim in claims_file.load():
        paper = evaluate(claim, by_t)
        readings = {name: evaluate(claim, source) for name, source in sources.items() if _asks(claim, name)}
        ours = readings.pop(REFERENCE)
        judged.append(
            JudgedClaim(
                claim=claim,
                paper=paper,
                fragile=evaluate(claim, by_z).verdict != paper.verdict,
                ours=ours,
                beside={name: r for name, r in readings.items() if r.verdict != NOT_RUN and r.used != ours.used},
            )
        )
    return judged


def counts(results: Iterable[ClaimResult]) -> Counter[str]:
    """How many have each verdict."""
    return Counter(result.verdict for result in results)


def _asks(claim: Claim, reading: str) -> bool:
    """Whether a reading by another metric is one of this claim's."""
    if reading in (REFERENCE, FAST):
        return True
    return any(f"{metric}[" in claim.text for metric in READINGS[reading][1])
