"""What claims ask for and no run records as a value: read out of the details of runs."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pomonag.errors import UserError
from reports.claims import vocabulary
from reports.claims.keys import Fronts, Key
from reports.evidence import Evidence
from reports.measurements import RunKey, RunRecord
from reports.tables import DEVICES

# DiffusionNAG hands over the one that is predicted to be most accurate.
_CHOICES = {"pomonag_eff": "eff", "pomonag_bal": "bal", "pomonag_acc": "acc", "diffusionnag": "acc"}
# Where params and MACs rank all architectures alike, their fronts are one (PI-41).
_COSTS_RANK_ALIKE = ("nb201",)
_DEVICE = next(iter(DEVICES))
_CLASSES = {"cifar10": 10, "cifar100": 100}
# What the details of fronts round to: percent, and a million or a millisecond.
ACCURACY_STEP, COST_STEP = 1e-3, 1e-6
LOOKED_UP = "looked up"
# Costs that follow from the architecture alone.
EXACT = ("params", "macs")


@dataclass(frozen=True)
class Values:
    """A value a seed, the runs they came from, and what to know about them; `step` is what they are rounded to."""

    values: Sequence[float]
    used: tuple[str, ...]
    notes: tuple[str, ...] = ()
    kind: str = ""
    step: float = 0.0


def kind_of(run: RunRecord, metric: str, evaluation: str) -> str:
    """How a value was found: looked up, or by trainings or predictors of a profile; nothing for exact ones."""
    if metric in EXACT:
        return ""
    if evaluation == "lookup":
        return LOOKED_UP
    return f"{evaluation} at the profile {run.profile}" if evaluation in ("trained", "predicted") else evaluation


class Derived:
    """Random architectures, the three configurations, fronts and curves, from the runs of an `Evidence`."""

    def __init__(self, evidence: Evidence):
        self._evidence = evidence

    def values(self, key: Key) -> Values | None:
        """A value a seed on the key's data set; None where the runs do not hold it."""
        if key.dataset is None or key.cost is not None or key.statistic not in (None, "mean"):
            return None
        if (key.metric, key.method) == ("test_accuracy", "random_valid"):
            return self._random_valid(key)
        if key.method in _CHOICES and key.metric in ("test_accuracy", *vocabulary.COSTS):
            return self._configuration(key)
        return None

    def points(self, key: Key) -> Fronts | None:
        """The front of a method by cost, or the point that it hands over."""
        if key.cost is None or key.method not in ("pomonag", *_CHOICES):
            return None
        runs = self._front_runs(_generator(key.method), key.space, key.dataset)
        by_seed = {}
        for run in runs:
            front = _front(run, key.space, key.cost)
            if front is None:
                return None
            choice = _CHOICES.get(key.method, "acc")
            chosen = [front["points"][front["chosen"][choice]]] if key.metric == "point" else front["points"]
            by_seed[run.seed_value] = tuple((p["cost"], p["accuracy"]) for p in chosen)
        return Fronts(by_seed, _ids(runs)) if by_seed else None

    def evaluations(self, target: float, key: Key) -> Values | None:
        """The first evaluation after which a search's best is within 0.005 of the target; one more than all if none."""
        by_key: dict[RunKey, list[RunRecord]] = {}
        for run, _ in self._evidence.all_runs():
            place = (vocabulary.plain(run.key.method), run.key.space, run.key.dataset)
            if place == (key.method, key.space, key.dataset) and run.details.get("curve"):
                by_key.setdefault(run.key, []).append(run)
        if not by_key:
            return None
        # Of several configurations one: they are not seeds of each other.
        runs = by_key[min(by_key, key=lambda k: k.id)]
        # Rounded as the paper prints: a target of 94.37 is reached by 94.3733 and by 94.367.
        found = [
            next((i for i, best in enumerate(r.details["curve"], 1) if best >= target - 0.005), None) for r in runs
        ]
        values = [
            float(len(run.details["curve"]) + 1 if reached is None else reached)
            for run, reached in zip(runs, found, strict=True)
        ]
        notes = ("counted as one more than its budget where the target was not reached",) if None in found else ()
        return Values(values, _ids(runs), notes)

    def _random_valid(self, key: Key) -> Values | None:
        """The accuracy of an architecture drawn uniformly: random search's first."""
        runs = self._evidence.runs(RunKey("2", "random_search", "look-up", key.space, key.dataset or ""))
        runs = [run for run in runs if run.details.get("curve")]
        values = [float(run.details["curve"][0]) for run in runs]
        note = "a random architecture is the first that random search drew"
        return Values(values, _ids(runs), (note,), LOOKED_UP) if values else None

    def _configuration(self, key: Key) -> Values | None:
        """Acc, Bal, Eff: each cost from its own front, the accuracy as the mean over the three (Table 5)."""
        runs = self._front_runs(_generator(key.method), key.space, key.dataset)
        choice = _CHOICES[key.method]
        values = [_chosen(run, key, choice) for run in runs]
        if not values or None in values:
            return None
        note = f"from the fronts with latencies of {DEVICES[_DEVICE]}"
        kind = "" if key.metric in EXACT else LOOKED_UP
        step = ACCURACY_STEP if key.metric == "test_accuracy" else COST_STEP
        return Values([v for v in values if v is not None], _ids(runs), (note,), kind, step)

    def _front_runs(self, method: str, space: str, dataset: str | None) -> list[RunRecord]:
        # One device for all: latencies of two are not comparable.
        runs = self._evidence.runs(RunKey("fronts", method, _DEVICE, space, dataset or ""))
        return runs if all("fronts" in run.details for run in runs) else []


def _chosen(run: RunRecord, key: Key, choice: str) -> float | None:
    points = {cost: _point(run, key.space, cost, choice) for cost in vocabulary.COSTS}
    if key.metric == "test_accuracy":
        found = [point["accuracy"] for point in points.values() if point is not None]
        return sum(found) / len(found) if len(found) == len(points) else None
    point = points[key.metric]
    if point is None:
        return None
    if key.metric == "macs" and "macs" not in run.details["fronts"]:
        return _mega_macs(key.space, key.dataset or "", point["architecture"])
    return float(point["cost"])


def _point(run: RunRecord, space: str, cost: str, choice: str) -> Mapping[str, Any] | None:
    front = _front(run, space, cost)
    return None if front is None else front["points"][front["chosen"][choice]]


def _front(run: RunRecord, space: str, cost: str) -> Mapping[str, Any] | None:
    """The front by a cost; by one that ranks alike where the run has not that very one."""
    fronts = run.details["fronts"]
    if cost == "macs" and "macs" not in fronts and space in _COSTS_RANK_ALIKE:
        cost = "params"
    return fronts.get(cost)


def _generator(method: str) -> str:
    """The method whose runs hold the fronts."""
    return "diffusionnag" if method == "diffusionnag" else "pomonag"


@functools.cache
def _mega_macs(space: str, dataset: str, architecture: str) -> float | None:
    # The spaces import torch, which a report of other claims does not need.
    from pomonag.spaces import SPACES, search_space

    if space not in SPACES or dataset not in _CLASSES:
        return None
    known = search_space(space)
    try:
        parsed = known.parse(architecture)
    except UserError:
        # A result of another version spells architectures differently: then this value is missing, not the report.
        return None
    return float(known.cost([parsed], known.skeleton_type(classes=_CLASSES[dataset])).macs[0]) / 1e6


def _ids(runs: Sequence[RunRecord]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(run.key.id for run in runs))


class Plan:
    """What the catalogue of runs says about values that are not there."""

    def __init__(self, evidence: Evidence):
        self._known = bool(evidence.catalogue)
        self._entries: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        for entry in evidence.catalogue:
            run = entry["key"]
            self._entries.setdefault((vocabulary.plain(run["method"]), run["space"]), []).append(entry)

    def why_missing(self, key: Key) -> str:
        """What the run that would give it lacks, that it has not been started, or that there is none."""
        if not self._known:
            return "not measured"
        for method in (key.method, _generator(key.method) if key.method in _CHOICES else key.method):
            for entry in self._entries.get((method, key.space), ()):
                if key.dataset in (None, entry["key"]["dataset"]) and _fills(entry, key):
                    # Of what is missing the first sentence; the command tells the rest.
                    lacking = "; ".join(reason.split(". ")[0] for reason in entry["missing"]) or "not measured yet"
                    return f"{lacking} ({entry['command']})"
        return "no run of `python -m benchmarks plan` measures it"


def _fills(entry: Mapping[str, Any], key: Key) -> bool:
    wanted = {"regret": "test_accuracy"}.get(key.metric, key.metric)
    if any(f"-{wanted}-" in cell for cell in entry["cells"]):
        return True
    from_fronts = ("test_accuracy", "point", "front", *vocabulary.COSTS)
    return (entry["key"]["table"], entry["key"]["configuration"]) == ("fronts", _DEVICE) and wanted in from_fronts
