"""The two sources that claims are judged against: what the paper prints, and what was measured here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from reports import paper_numbers
from reports.claims import derived, vocabulary
from reports.claims.estimates import Measured, mean_of, quantile
from reports.claims.keys import Fronts, Key, Missing
from reports.evidence import Evidence
from reports.findings import OPTIMUM
from reports.measurements import Measurement, RunKey, RunRecord, measurements_of
from reports.paper_numbers import PaperNumber

# Names of data sets under which one number stands for all of them.
AGGREGATES = ("mean-of-15", "mean-over-runs", "meta-test", "all")
# Statistics that a key without one means.
_CENTRES = ("mean", "value", "count")
# Captions of Tables 2 and 4; Table 5's ± is over its data sets (PI-12).
_RUNS, _DATASETS = 3, 15
# Ways to run a method, the one that follows the paper first.
PAPER_FAITHFUL = ("paper", "reference", "leave-one-out", "look-up", "draws", "fast", "fast-and-reference")


@dataclass
class PaperSource:
    """The paper's numbers. Half-widths become standard errors by Student's t (or by z: PI-19) over n = 3 runs."""

    half_width: Literal["t", "z"] = "t"
    numbers: Sequence[PaperNumber] = field(default_factory=paper_numbers.load)

    def __post_init__(self) -> None:
        index = {
            (vocabulary.plain(n.method), n.space, n.dataset, n.metric, n.statistic): n
            for n in self.numbers
            if not n.note.startswith("setting")
        }
        self._index = index

    def value(self, key: Key) -> Measured | Missing:
        """The printed number."""
        if key.cost is not None:
            return self._not_printed(key)
        datasets = AGGREGATES if key.dataset is None else (key.dataset,)
        for dataset in datasets:
            for statistic in _CENTRES if key.statistic is None else (key.statistic,):
                number = self._index.get((key.method, key.space, dataset, key.metric, statistic))
                if number is not None:
                    return self._measured(key, number)
        return self._not_printed(key)

    def datasets(self, key: Key) -> tuple[str, ...]:
        """None: where the paper prints no mean over data sets, it makes no statement about one."""
        return ()

    def points(self, key: Key) -> Missing:
        """Fronts are drawn, not printed."""
        return Missing(key.label, "the paper shows it in figures only")

    def evaluations_to_reach(self, target: float, key: Key) -> Missing:
        """Curves are not printed."""
        return Missing(f"{key.method} on {key.dataset}", f"the paper does not say when {target:.2f} % is reached")

    def _measured(self, key: Key, number: PaperNumber) -> Measured:
        n = _DATASETS if number.dataset == "mean-of-15" else _RUNS
        notes = [
            f"{number.method}: {part.strip().replace('ci95', 'the half-width is').replace('+-', '±')}"
            for part in number.note.split(";")
            if part.strip().startswith(("ci95 cut off", "lower bound", "+- not said"))
        ]
        error = None
        if number.ci95 is not None:
            error = number.ci95 / quantile(n - 1 if self.half_width == "t" else math.inf)
            if number.dataset == "mean-of-15":
                notes.append("± is over 15 data sets, whose single values the paper does not print: not paired")
        used = (f"{number.place}: {number.method}, {number.space}, {number.dataset}, {number.metric}",)
        return Measured(key.label, number.value, error, n, used=used, notes=tuple(notes))

    def _not_printed(self, key: Key) -> Missing:
        return Missing(key.label, "the paper does not print it")


_Seeds = Sequence[Measurement]
_Index = Mapping[tuple[str, str, str, str], Mapping[tuple[RunKey, str], _Seeds]]
"""(method, space, data set, metric) -> (run, statistic) -> a measurement a seed."""
# Methods of claims that a method of the tables stands for.
_SAME = {"pomonag_uniform": "pomonag_acc"}
_SAME_NOTE = {"pomonag_uniform": "the generators here were trained on architectures drawn uniformly"}


@dataclass
class MeasuredSource:
    """What the runs of an `Evidence` measured.

    A key is answered by the runs of its method, space and data set that have its metric. Where a method was run in
    several configurations the first of `prefer` counts; `metrics` puts a metric of the runs in the place of a
    claim's, such as `uniqueness_by_class` for `uniqueness`. What no run records as such is read out of the runs'
    details where it can be (`derived`).
    """

    evidence: Evidence
    prefer: Sequence[str] = PAPER_FAITHFUL
    metrics: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._index = _indexed(self.evidence)
        self._derived = derived.Derived(self.evidence)
        self._known: dict[Key, Measured | Missing | None] = {}
        self._plan = derived.Plan(self.evidence)

    def value(self, key: Key) -> Measured | Missing:
        """The mean over seeds."""
        return self._found(key) or self._missing(key)

    def datasets(self, key: Key) -> tuple[str, ...]:
        """The data sets that were measured one by one."""
        if any(self._recorded(key, aggregate) for aggregate in AGGREGATES):
            return ()
        named = {d: self._found(replace(key, dataset=d)) for d in vocabulary.DATASETS_15}
        return tuple(d for d, found in named.items() if isinstance(found, Measured))

    def _found(self, key: Key) -> Measured | Missing | None:
        """The value, why it is undefined, or None where nothing was measured."""
        if key not in self._known:
            recorded = (self._recorded(key, d) for d in (AGGREGATES if key.dataset is None else (key.dataset,)))
            found = next((value for value in recorded if value is not None), None)
            self._known[key] = found or self._read_out(key)
        return self._known[key]

    def _read_out(self, key: Key) -> Measured | Missing | None:
        """What no run records, from the details of runs."""
        if key.dataset is None:
            return None
        if key.metric == "regret" and key.space == "nb201" and key.dataset in OPTIMUM:
            return self._regret(key, OPTIMUM[key.dataset])
        values = self._derived.values(key)
        if values is None:
            return None
        notes = (*values.notes, *_alone(key, values.values))
        return mean_of(values.values, key.label, kind=values.kind, step=values.step, used=values.used, notes=notes)

    def points(self, key: Key) -> Fronts | Missing:
        """The generated front, or the one architecture of it that a method hands over."""
        return self._derived.points(key) or self._missing(key)

    def evaluations_to_reach(self, target: float, key: Key) -> Measured | Missing:
        """From the curves of searches."""
        found = self._derived.evaluations(target, key)
        if found is None:
            return self._missing(key)
        label = f"evaluations_to_reach{key.label.removeprefix(key.metric)}"
        return mean_of(found.values, label, used=found.used, notes=found.notes)

    def _regret(self, key: Key, best: float) -> Measured | Missing | None:
        """Points below the table's best, which is at least as good as the best of any batch."""
        accuracy = self._found(replace(key, metric="test_accuracy"))
        if not isinstance(accuracy, Measured) or accuracy.kind != derived.LOOKED_UP:
            return None
        note = "regret is counted from the best of the whole table, which bounds that from the best of a batch"
        # The table's best is known to two digits here: what reaches it has no regret, not a negative one.
        value = max(0.0, best - accuracy.value)
        return replace(accuracy, label=key.label, value=value, notes=(*accuracy.notes, note))

    def _missing(self, key: Key) -> Missing:
        return Missing(key.label, self._plan.why_missing(key))

    def _recorded(self, key: Key, dataset: str) -> Measured | Missing | None:
        metric = self.metrics.get(key.metric, key.metric)
        if key.cost is not None:
            metric = f"{metric}_{key.cost}"
        method = _SAME.get(key.method, key.method)
        wanted = _CENTRES if key.statistic is None else (key.statistic,)
        found = {
            (run, statistic): seeds
            for (run, statistic), seeds in self._index.get((method, key.space, dataset, metric), {}).items()
            if statistic in wanted
        }
        if not found:
            return None
        return _measured(key, found[min(found, key=lambda place: self._preference(place[0]))])

    def _preference(self, run: RunKey) -> tuple[int, str, str]:
        place = self.prefer.index(run.configuration) if run.configuration in self.prefer else len(self.prefer)
        return place, run.configuration, run.table


def _indexed(evidence: Evidence) -> _Index:
    index: dict = {}
    for run, _ in evidence.all_runs():
        for m in _with_time(run):
            c = m.cell
            places = index.setdefault((vocabulary.plain(c.method), c.space, c.dataset, c.metric), {})
            places.setdefault((run.key, c.statistic), []).append(m)
    return index


def _with_time(run: RunRecord) -> list[Measurement]:
    """The values of a run, and the time that its generation took where its details say so."""
    found = measurements_of(run)
    seconds = run.details.get("seconds", {}).get("generation")
    if seconds is None or run.key.table != "4":
        return found
    cell = replace(found[0].cell, metric="generation_time", evaluation="measured")
    return [*found, replace(found[0], cell=cell, value=float(seconds), unit="s")]


def _measured(key: Key, seeds: _Seeds) -> Measured | Missing:
    values, first = [m.value for m in seeds], seeds[0]
    if any(math.isnan(value) for value in values):
        return Missing(key.label, f"its denominator is 0 in a run of {first.cell.id}")
    return mean_of(
        values,
        key.label,
        counts=_counts(key.metric, seeds),
        kind=derived.kind_of(first.run, first.cell.metric, first.cell.evaluation),
        used=(first.cell.id,),
        notes=(*((_SAME_NOTE[key.method],) if key.method in _SAME else ()), *_alone(key, values)),
    )


def _counts(metric: str, seeds: _Seeds) -> tuple[int, int] | None:
    """Valid of all generated, over the seeds: the one share of known number whose trials are all but independent."""
    trials = [m.run.settings.get("count", 0) for m in seeds]
    if metric != "validity" or min(trials) < 1:
        return None
    return sum(round(m.value * n / 100) for m, n in zip(seeds, trials, strict=True)), sum(trials)


def _alone(key: Key, values: Sequence[float]) -> tuple[str, ...]:
    return (f"{key.label} is of a single run, whose spread is not known",) if len(values) == 1 else ()
