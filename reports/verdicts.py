"""A number of the paper against ours: one of seven verdicts, with its reason, intervals and what would settle it.

In this order: NOT RUN, NOT COMPARABLE, PAPER INCONSISTENT, then the statistics. There, a 90 % interval of the
difference inside the margin is REPRODUCED, else a 95 % interval beyond zero BETTER or WORSE, else INCONCLUSIVE.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from reports.equivalence import Sample
from reports.margins import Margins
from reports.paper_numbers import PaperNumber
from reports.planning import Plan
from reports.statistical_verdicts import judge_value, paper_samples
from reports.verdict import Name, Verdict, holm

__all__ = ["LOWER_IS_BETTER", "Name", "Verdict", "holm", "is_setting", "judge", "plan_of"]

_COSTS = ("params", "macs", "latency")
LOWER_IS_BETTER = frozenset(
    [*_COSTS, *(f"{cost}_change" for cost in _COSTS), "generation_time", "training_time", "trained_architectures"]
)
OVER_DATASETS = "the paper's mean and ± are over 15 data sets, and it prints the value of none of them"
"""Table 5. A comparison would be paired over the data sets: their spread drowns any difference of the means."""
SEVERITIES = ("impossible", "caveat")
Rules = Sequence[tuple[str, str]]


def is_setting(paper: PaperNumber) -> bool:
    """Settings are printed side by side and not judged."""
    return paper.note.startswith("setting") or paper.metric.startswith("scaling_factor")


def judge(
    paper: PaperNumber,
    values: Sequence[float] | Sample,
    *,
    higher_is_better: bool,
    margins: Margins,
    not_comparable: str | None = None,
    missing: str | None = None,
    rules: Rules = (),
) -> Verdict | None:
    """The verdict on one number, from our values (one a seed, in its unit) or their summary; None for a setting.

    `not_comparable` says why they may not be compared, `missing` what is lacking to run it; `rules` are the
    consistency rules that mark the cell, as (id, severity). Raises UserError for a metric without a margin and
    ValueError for values that are not finite or a severity that does not exist.
    """
    if is_setting(paper):
        return None
    ours = values if isinstance(values, Sample) else _finite(values)
    if missing is None and not isinstance(ours, Sample) and not ours:
        missing = "not measured yet"
    if not_comparable is None and paper.table == "5":
        not_comparable = OVER_DATASETS
    first = _before_statistics(missing, not_comparable, rules)
    if first is not None:
        return first
    return _with_rules(judge_value(paper, ours, margins.of(paper.metric), higher_is_better), rules)


def plan_of(paper: PaperNumber, values: Sequence[float] | Sample, margins: Margins) -> Plan | None:
    """What more seeds could show of an INCONCLUSIVE cell; None for counts and for a single value."""
    margin = margins.of(paper.metric)
    if margin.kind == "ratio":
        return None
    ours = values if isinstance(values, Sample) else Sample.of(values)
    return None if ours.n < 2 else Plan(ours, paper_samples(paper)["t"], margin.around(paper.value))


def _before_statistics(missing: str | None, not_comparable: str | None, rules: Rules) -> Verdict | None:
    """The verdicts that need no values, in their order."""
    if unknown := [severity for _, severity in rules if severity not in SEVERITIES]:
        raise ValueError(f"severity {unknown[0]!r} of a rule; expected one of {', '.join(SEVERITIES)}")
    every = tuple(rule for rule, _ in rules)
    if missing is not None:
        return Verdict(Name.NOT_RUN, missing, caveats=every)
    if not_comparable is not None:
        return Verdict(Name.NOT_COMPARABLE, not_comparable, caveats=every)
    return None


def _with_rules(verdict: Verdict, rules: Rules) -> Verdict:
    """The verdict annotated with its caveats; where the paper's number is impossible, that, with our difference."""
    if not rules:
        return verdict
    caveats = verdict.caveats + tuple(rule for rule, severity in rules if severity == "caveat")
    impossible = [rule for rule, severity in rules if severity == "impossible"]
    if not impossible:
        return replace(verdict, caveats=caveats)
    # No p: a number that cannot be is not tested, and takes no part in the correction for many tests.
    return replace(
        verdict, name=Name.PAPER_INCONSISTENT, reason=", ".join(impossible), needed_seeds=None, fragile=False,
        caveats=caveats, p_value=None, both_p_values=None,
    )  # fmt: skip


def _finite(values: Sequence[float]) -> list[float]:
    numbers = [float(value) for value in values]
    if not all(map(math.isfinite, numbers)):
        raise ValueError(f"values {numbers}: expected finite numbers")
    return numbers
