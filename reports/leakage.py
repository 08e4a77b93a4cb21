"""What the paper's NASBench201 accuracies owe to leakage (PI-15) and to another training recipe (PI-08).

**Audit.** 95 % of the rows that the paper's generator and predictors learn from are the top 250 of the benchmark by
mean accuracy on data sets that are then test sets. So beside POMONAG's regret stands that of an architecture which is
simply drawn from those 250, of a generator that is not guided, and of one whose training rows were drawn uniformly.

**Attribution.** The paper compares its accuracy, trained with its own recipe, with others' from the benchmark's table.
What exceeds the table's best entry no search can have found: it is the recipe's, at least.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import comb

import numpy as np

from pomonag.data.sources import DataMissing
from pomonag.evaluation.tabular import AccuracyTable
from reports.claims.estimates import Estimate, mean_of
from reports.evidence import Evidence, NotRun, Number
from reports.findings import OPTIMUM
from reports.measurements import RunKey, RunRecord, Summary, summarise
from reports.paper_numbers import by_place

TOP = 250
BEST_OF = 5


@dataclass(frozen=True)
class Regret:
    """Points below the table's best entry over the runs, and how many more than POMONAG-Acc's, with 95 % interval.

    `key` names the runs (None: the whole table was read), `cell_id` the cell where the accuracy is one as it stands.
    """

    accuracy: Summary
    regret: float
    more_than_pomonag: float | None
    interval: tuple[float, float] | None
    key: RunKey | None = None
    cell_id: str | None = None

    @property
    def difference(self) -> str:
        """`+1.02 (+0.41 to +1.63)`: how many points more than POMONAG-Acc's; nothing for POMONAG-Acc itself."""
        if self.more_than_pomonag is None:
            return ""
        between = "" if self.interval is None else " ({:+.2f} to {:+.2f})".format(*self.interval)
        return f"{self.more_than_pomonag:+.2f}{between}"


@dataclass(frozen=True)
class AuditRow:
    """One way to choose an architecture: by data set its regret, or what is missing."""

    label: str
    remark: str
    entries: Mapping[str, Regret | NotRun]


@dataclass(frozen=True)
class Attribution:
    """Where the paper's gain over a method comes from, in points.

    `gain` is what Table 2 shows over DiffusionNAG; of it the search can have `search_at_most`, the distance from there
    to the table's best entry, and the recipe has `recipe_at_least`. `same_recipe` is what POMONAG-Acc reaches here
    under the benchmark's recipe, `paper_recipe` the same architecture under Table 8's.
    """

    dataset: str
    gain: float
    search_at_most: float
    recipe_at_least: float
    same_recipe: Summary | NotRun
    paper_recipe: Summary | NotRun


@dataclass(frozen=True)
class Expected:
    """The top 250's accuracy on a data set: of one drawn at random, and of the best of five different ones."""

    mean: float
    best_of_five: float


def _value(run: RunRecord) -> float | None:
    return next((v.value for v in run.values if v.metric == "test_accuracy"), None)


def _any_draw(run: RunRecord) -> float | None:
    """The mean over the draws is what one of them reaches on average."""
    found = run.details.get("accuracies")
    return statistics.fmean(found) if found else None


def _first_draw(run: RunRecord) -> float | None:
    curve = run.details.get("curve")
    return float(curve[0]) if curve else None


@dataclass(frozen=True)
class _Line:
    label: str
    remark: str
    method: str
    configuration: str
    read: Callable[[RunRecord], float | None] = _value
    expected: Callable[[Expected], float] | None = None


_ACC = _Line(
    "POMONAG-Acc",
    "first of 256 by predictors that know the other CIFAR's table only; generator trained on uniform draws",
    "pomonag-acc", "leave-one-out",
)  # fmt: skip
LINES = (
    _Line("Any architecture", "drawn uniformly from the space", "random_search", "look-up", _first_draw),
    _Line(
        "Any of the top 250",
        "drawn at random from what 95 % of the paper's rows are",
        "top250",
        "draws",
        _any_draw,
        lambda exact: exact.mean,
    ),
    _Line(
        "Best of five of the top 250",
        "drawn at random",
        "top250",
        "draws",
        expected=lambda exact: exact.best_of_five,
    ),
    _Line("Unguided generation", "any of 256, no guide, no ranking", "unguided", "fast", _any_draw),
    _ACC,
    _Line("POMONAG, best of five", "the five ranked first", "pomonag-best-of-5", "leave-one-out"),
    _Line(
        "… without any label of the table", "predictors from our reduced trainings", "pomonag-best-of-5", "lite-rows"
    ),
    _Line(
        "POMONAG-Acc, generator of the paper's rows",
        "trained here on 10,000, 95 % of them from the top 250",
        "pomonag-acc",
        "top250-rows",
    ),
)


def audit(evidence: Evidence) -> list[AuditRow]:
    """Regret of each way to choose an architecture, on each data set of the table; beside draws what is expected."""
    rows, exact = [], expectation()
    for line in LINES:
        rows.append(AuditRow(line.label, line.remark, {d: _regret(evidence, line, d) for d in OPTIMUM}))
        if line.expected is not None:
            entries = {d: _expected(evidence, exact, line.expected, d) for d in OPTIMUM}
            rows.append(AuditRow(f"{line.label}: exact expectation", "from the whole table, no draws", entries))
    return rows


def attribution(evidence: Evidence) -> list[Attribution]:
    """Search and recipe in the paper's gains of Table 2, and what was measured here of either."""
    paper, found = by_place(), []
    for dataset, best in OPTIMUM.items():
        place = ("nb201", dataset, "test_accuracy")
        before, after = paper["2", "diffusionnag", *place].value, paper["2", "pomonag-acc", *place].value
        search = min(max(best - before, 0.0), after - before)
        found.append(
            Attribution(
                dataset=dataset,
                gain=after - before,
                search_at_most=search,
                recipe_at_least=after - before - search,
                same_recipe=_summary(evidence, _ACC, dataset),
                paper_recipe=_summary(evidence, _Line("", "", "pomonag-acc", "table-8-recipe"), dataset),
            )
        )
    return found


def expected_top250(table: AccuracyTable | None = None) -> dict[str, Expected]:
    """What random members of the top 250 reach, from the whole table: exact expectations, no draws.

    The 250 are the best by the mean of the table's 200-epoch columns. Raises DataMissing without the table.
    """
    table = table or AccuracyTable()
    top = np.argsort(-table.mean_over_datasets(), kind="stable")[:TOP]
    # The k-th smallest of n is the best of five different ones in C(k-1, 4) of C(n, 5) cases.
    weights = np.array([comb(k - 1, BEST_OF - 1) / comb(len(top), BEST_OF) for k in range(1, len(top) + 1)])
    return {
        dataset: Expected(float(np.mean(values)), float(weights @ np.sort(values)))
        for dataset in table.datasets
        for values in [table.accuracies(dataset)[top]]
    }


def expectation() -> dict[str, Expected] | NotRun:
    """As above; where the table is not there, what is missing."""
    try:
        return expected_top250()
    except DataMissing as error:
        return NotRun((str(error),), "")


def _regret(evidence: Evidence, line: _Line, dataset: str) -> Regret | NotRun:
    values, key = _values(evidence, line, dataset)
    if not values:
        return _not_run(evidence, key)
    more, interval = None, None
    ours, _ = _values(evidence, _ACC, dataset)
    if ours and line is not _ACC:
        difference = Estimate.of(mean_of(ours, "ours")).plus(Estimate.of(mean_of(values, "theirs")), -1.0)
        more = difference.value
        interval = None if difference.of_single_runs else difference.interval
    cell = evidence.number(key, "test_accuracy") if line.read is _value else None
    return Regret(
        summarise(values), _below_best(statistics.fmean(values), dataset), more, interval, key,
        cell.cell_id if isinstance(cell, Number) else None,
    )  # fmt: skip


def _expected(
    evidence: Evidence, exact: dict[str, Expected] | NotRun, of: Callable[[Expected], float], dataset: str
) -> Regret | NotRun:
    """An expectation has no spread: its difference to POMONAG-Acc has that of POMONAG-Acc alone."""
    if isinstance(exact, NotRun):
        return exact
    value = of(exact[dataset])
    ours, _ = _values(evidence, _ACC, dataset)
    more, interval = None, None
    if ours:
        summary = summarise(ours)
        more = summary.mean - value
        interval = None if summary.ci95 is None else (more - summary.ci95, more + summary.ci95)
    return Regret(Summary(value, None, 0), _below_best(value, dataset), more, interval)


def _below_best(accuracy: float, dataset: str) -> float:
    # The table's best is given to two digits: who reaches it has no regret, not a negative one.
    return max(0.0, OPTIMUM[dataset] - accuracy)


def _summary(evidence: Evidence, line: _Line, dataset: str) -> Summary | NotRun:
    values, key = _values(evidence, line, dataset)
    return summarise(values) if values else _not_run(evidence, key)


def _values(evidence: Evidence, line: _Line, dataset: str) -> tuple[list[float], RunKey]:
    key = RunKey("2", line.method, line.configuration, "nb201", dataset)
    return [value for run in evidence.runs(key) if (value := line.read(run)) is not None], key


def _not_run(evidence: Evidence, key: RunKey) -> NotRun:
    """What the catalogue says of the run; where it knows of none, that there is none."""
    for entry in evidence.catalogue:
        if RunKey(**entry["key"]) == key:
            return NotRun(tuple(entry["missing"]) or ("not measured yet",), entry["command"])
    return NotRun((_NEEDS.get((key.method, key.configuration), "no run in `python -m benchmarks plan`"),), "")


_NEEDS = {
    ("pomonag-acc", "table-8-recipe"): (
        "training the architecture for 200 epochs with Table 8's recipe (SGD, TrivialAugment, random erasing) on the "
        "whole data set; no run of `python -m benchmarks plan` does"
    ),
}  # fmt: skip
