"""What the measured cells say, as sentences that are computed from them: in favour of the method or against it.

Which of them stand on the first screen follows from a rule (`foremost`): verdicts on the paper's numbers and their
contradictions weigh most, then a target that was missed, then one that was reached, then what has no target.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reports.evidence import Evidence, Number
from reports.layouts.results import SPACES
from reports.measurements import RunKey, Summary
from reports.paper_numbers import PaperNumber, by_place
from reports.tables import DATASETS, OTHERS, Ratio, front_places, ratio

if TYPE_CHECKING:
    from reports.claims.judging import JudgedClaim
    from reports.consistency import Inconsistency
    from reports.judgement import Judged

OPTIMUM = {"cifar10": 94.37, "cifar100": 73.51}
# Targets of this project, fixed before the runs: percent, percentage points, share of the exhaustive ranking's.
VALIDITY_TARGET, HYPERVOLUME_TARGET, SPEEDUP_TARGET = 99.9, 0.98, 500.0
UNIQUENESS_TARGET = {"nb201": 95.0, "mbv3": 98.0}
REGRET_TARGET = {"cifar10": 0.3, "cifar100": 1.0}


ON_THE_PAPER, MISSED, REACHED, NO_TARGET = 4, 3, 2, 1


@dataclass(frozen=True)
class Finding:
    """A sentence with its numbers, and whether a target that was set before is reached (None: no target).

    `about` is its subject, of which the first screen shows one sentence; `on_the_paper` says that it is a verdict on
    the paper's numbers.
    """

    text: str
    reached: bool | None = None
    about: str = ""
    on_the_paper: bool = False

    @property
    def weight(self) -> int:
        """The larger, the further up."""
        if self.on_the_paper:
            return ON_THE_PAPER
        return NO_TARGET if self.reached is None else REACHED if self.reached else MISSED


def findings(evidence: Evidence) -> list[Finding]:
    """All sentences whose cells were measured, by subject."""
    parts = {
        "generation": _generation(evidence),
        "accuracy": _accuracy(evidence),
        "hypervolume": _hypervolume(evidence),
        "speed": _speed(evidence),
        "leakage": _leakage(evidence),
    }
    return [replace(finding, about=about) for about, part in parts.items() for finding in part]


def paper_findings(
    judged: Sequence[Judged], found: Sequence[Inconsistency], claims: Sequence[JudgedClaim]
) -> list[Finding]:
    """What the judge says of the paper's numbers: verdicts, contradictions, claims; only those that say something."""
    names = Counter(str(one.verdict.name) for one in judged if one.verdict)
    decided = [name for name in ("REPRODUCED", "BETTER", "WORSE") if names[name]]
    result = []
    if decided:
        shares = ", ".join(f"{names[name]} {name}" for name in decided)
        result.append(
            Finding(
                f"{names.total()} of the paper's {len(judged)} results are judged. {names.total() - names['NOT RUN']} "
                f"have a measurement of ours beside them, and {sum(names[n] for n in decided)} of those measure the "
                f"same quantity and decide: {shares}{_of_fixed_counts(judged, decided)}.",
                about="verdicts",
                on_the_paper=True,
            )
        )
    impossible = [one for one in found if one.severity == "impossible"]
    if impossible:
        marked = {number for one in impossible for number in one.cells}
        titles = "; ".join(f"{one.title} ({one.rule})" for one in impossible[:2])
        result.append(
            Finding(
                f"{len(marked)} printed numbers cannot be as printed, by {len(impossible)} of the {len(found)} rules "
                f"that find something. {titles}{'; and others' if len(impossible) > 2 else ''}.",
                about="contradictions",
                on_the_paper=True,
            )
        )
    on_its_own = Counter(claim.paper.verdict for claim in claims)
    on_ours = Counter(claim.ours.verdict for claim in claims)
    if on_its_own["FAILS"] or on_ours["FAILS"]:
        result.append(
            Finding(
                f"Of the paper's {len(claims)} claims, {on_its_own['HOLDS']} hold and {on_its_own['FAILS']} fail on "
                f"its own numbers. On our runs {on_ours['HOLDS']} hold, {on_ours['FAILS']} fail, and "
                f"{on_ours['NOT RUN']} have no run yet.",
                about="claims",
            )
        )
    return result


def _of_fixed_counts(judged: Sequence[Judged], decided: Sequence[str]) -> str:
    """How many of the decided results no run could have made otherwise: a method that returns five trains five."""
    fixed = sum(
        one.number.unit == "architectures" and len(one.number.values) > 1 and one.number.summary.ci95 == 0
        for one in judged
        if one.verdict and one.number and one.verdict.name in decided
    )
    return f"; {fixed} of them {'is a count' if fixed == 1 else 'are counts'} that the method fixes" if fixed else ""


def foremost(found: Sequence[Finding], number: int = 3) -> list[Finding]:
    """The heaviest sentences, at most one a subject; of equal weight the one that comes first in `found`."""
    by_subject: dict[str, Finding] = {}
    for finding in sorted(found, key=lambda f: -f.weight):
        by_subject.setdefault(finding.about, finding)
    return list(by_subject.values())[:number]


def _generation(evidence: Evidence) -> list[Finding]:
    result = []
    for space, label in SPACES.items():
        key = RunKey("4", "pomonag", "fast", space, "mean-over-runs")
        validity, uniqueness = (evidence.number(key, metric) for metric in ("validity", "uniqueness"))
        if not (isinstance(validity, Number) and isinstance(uniqueness, Number)):
            continue
        v, u = validity.summary, uniqueness.summary
        paper = {m: by_place()["4", "pomonag", space, "mean-over-runs", m] for m in ("validity", "uniqueness")}
        result.append(
            Finding(
                f"Fast mode with four guides on {label}: validity {spread(v, 2)} % and uniqueness {spread(u, 1)} % "
                f"(n = {v.n}). The paper prints {_printed(paper['validity'])} and {_printed(paper['uniqueness'])}.",
                v.mean >= VALIDITY_TARGET and u.mean >= UNIQUENESS_TARGET[space],
            )
        )
    reference = RunKey("4", "pomonag", "reference", "nb201", "mean-over-runs")
    if (reference_validity := evidence.mean(reference, "validity")) is not None:
        reference_uniqueness = evidence.mean(reference, "uniqueness")
        result.append(
            Finding(
                f"Reference mode with the paper's factors, trained here on a lite schedule: validity "
                f"{reference_validity:.2f} %, uniqueness {reference_uniqueness or 0.0:.1f} %."
            )
        )
    return result


def _accuracy(evidence: Evidence) -> list[Finding]:
    result = []
    for dataset, name in DATASETS.items():
        number = evidence.number(RunKey("2", "pomonag-best-of-5", "leave-one-out", "nb201", dataset), "test_accuracy")
        if isinstance(number, Number):
            regret = max(0.0, OPTIMUM[dataset] - number.summary.mean)
            result.append(
                Finding(
                    f"{name}, predictors that never saw it: the best of the five ranked highest reaches "
                    f"{spread(number.summary, 2)} %, {regret:.2f} points below the table's best "
                    f"(target {REGRET_TARGET[dataset]:.1f}).",
                    regret <= REGRET_TARGET[dataset],
                )
            )
    return result


def _hypervolume(evidence: Evidence) -> list[Finding]:
    result = []
    for method, name in OTHERS.items():
        entries = {place.label: ratio(evidence, method, place) for place in front_places()}
        ratios = {label: entry.summary for label, entry in entries.items() if isinstance(entry, Ratio)}
        if not ratios:
            continue
        goal = HYPERVOLUME_TARGET if method == "exhaustive_ranking" else 1.0
        reached = [label for label, summary in ratios.items() if summary.mean >= goal]
        missed = [f"{label} {summary.mean:.3f}" for label, summary in ratios.items() if summary.mean < goal]
        means = [summary.mean for summary in ratios.values()]
        text = (
            f"Hypervolume of the generated front over that of {name}: {min(means):.3f} to {max(means):.3f}; at least "
            f"{goal:g} in {len(reached)} of {len(ratios)} fronts"
        )
        result.append(Finding(text + (f". Below: {', '.join(missed)}." if missed else "."), not missed))
    return result


def _speed(evidence: Evidence) -> list[Finding]:
    key = RunKey("times", "pomonag", "fast-and-reference", "nb201", "cifar10")
    speedup, seconds = evidence.number(key, "speedup"), evidence.number(key, "fast_generation_seconds")
    if not isinstance(speedup, Number) or not isinstance(seconds, Number):
        return []
    text = (
        f"Generating 256 architectures with four guides takes {seconds.summary.mean:.2f} s, "
        f"{speedup.summary.mean:,.0f} times faster than our reference mode's 1,000 steps, scaled from 20 "
        f"(target {SPEEDUP_TARGET:g})."
    )
    if full := evidence.runs(RunKey("4", "pomonag", "reference", "nb201", "mean-over-runs")):
        # A run that found its batches in the cache took nothing: the longest is one that computed them.
        cpu = max(run.cpu_seconds for run in full)
        times = cpu / seconds.summary.mean
        text += f" A full run of 1,000 steps took {cpu:,.0f} CPU seconds, {times:,.0f} times as long."
    return [Finding(text, speedup.summary.mean >= SPEEDUP_TARGET)]


def _leakage(evidence: Evidence) -> list[Finding]:
    values = {}
    for dataset, name in DATASETS.items():
        key = RunKey("2", "top250", "draws", "nb201", dataset)
        top, ours = evidence.mean(key, "test_accuracy"), evidence.mean(_acc(dataset), "test_accuracy")
        if top is not None and ours is not None:
            values[name] = (top, ours)
    if not values:
        return []
    parts = ", ".join(f"{top:.2f} % ({name}; POMONAG-Acc {ours:.2f} %)" for name, (top, ours) in values.items())
    return [
        Finding(
            f"Best of five drawn at random from the top 250 that the paper's meta-dataset is made of: {parts}. Its "
            "generator and predictors train on those, so a part of its accuracy is chosen with the test data."
        )
    ]


def _acc(dataset: str) -> RunKey:
    return RunKey("2", "pomonag-acc", "leave-one-out", "nb201", dataset)


def spread(summary: Summary, decimals: int) -> str:
    """`99.97 ± 0.10`, without the interval for a single seed."""
    mean = f"{summary.mean:.{decimals}f}"
    return mean if summary.ci95 is None else f"{mean} ± {summary.ci95:.{decimals}f}"


def _printed(number: PaperNumber) -> str:
    return f"{number.text} %"
