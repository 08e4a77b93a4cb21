"""What a panel of Figures 3 and 4 shows: fronts by seed, Eff, Bal, Acc and DiffusionNAG, or why there is nothing."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pomonag.pareto.configurations import configurations
from reports.evidence import Evidence, NotRun
from reports.measurements import RunKey, RunRecord, Summary, summarise
from reports.paper_figures.datasets import DATASET_LABELS, PAPER_DATASETS
from reports.paper_figures.missing import Missing
from reports.paper_numbers import PaperNumber, by_place
from reports.tables import DEVICES

FIGURES = {"nb201": "3", "mbv3": "4"}
COSTS = {"params": "params, M", "macs": "MACs, M", "latency": "latency, ms"}
CONFIGURATIONS = ("eff", "bal", "acc")
# The table holds 200-epoch accuracies of these two; on the others a predictor's word is all there is without training.
LOOKED_UP = ("cifar10", "cifar100")


@dataclass(frozen=True, order=True)
class PanelKey:
    """One of the 90 panels."""

    space: str
    dataset: str
    cost: str

    @property
    def id(self) -> str:
        """For links and test ids, e.g. `figure3-nb201-cifar10-params`."""
        return f"figure{FIGURES[self.space]}-{self.space}-{self.dataset}-{self.cost}"

    @property
    def label(self) -> str:
        """For people."""
        return f"{DATASET_LABELS[self.dataset]}, {COSTS[self.cost].split(',')[0]}"


@dataclass(frozen=True)
class Point:
    """An architecture of one seed's set. Cost in the panel's unit, accuracies in percent."""

    architecture: str
    cost: float
    accuracy: float
    predicted: float
    seed: int


@dataclass(frozen=True)
class Marked:
    """A configuration over the seeds: one point each, the means and their 95 % intervals."""

    points: tuple[Point, ...]

    @functools.cached_property
    def cost(self) -> Summary:
        """Over the seeds."""
        return summarise([p.cost for p in self.points])

    @functools.cached_property
    def accuracy(self) -> Summary:
        """Over the seeds."""
        return summarise([p.accuracy for p in self.points])


@dataclass(frozen=True)
class FrontPanel:
    """A panel that can be drawn: POMONAG's front of each seed, and `marked` by eff, bal, acc, diffusionnag.

    `predicted`: accuracies are a predictor's, not looked up. `device` is the one whose latencies guide and count.
    `diffusionnag_missing` says why there is no point of DiffusionNAG.
    """

    key: PanelKey
    fronts: tuple[tuple[Point, ...], ...]
    marked: Mapping[str, Marked]
    device: str
    predicted: bool
    reported: tuple[PaperNumber, ...]
    diffusionnag_missing: str = ""

    @property
    def cost_label(self) -> str:
        """The x axis with its unit."""
        return f"latency on {DEVICES[self.device]}, ms" if self.key.cost == "latency" else COSTS[self.key.cost]

    @property
    def accuracy_label(self) -> str:
        """The y axis with its unit."""
        return "predicted accuracy, %" if self.predicted else "accuracy by look-up, %"


def panel_keys(space: str) -> list[PanelKey]:
    """The 45 panels of a space in the order of the paper's data sets."""
    return [PanelKey(space, dataset.id, cost) for dataset in PAPER_DATASETS for cost in COSTS]


def panel(evidence: Evidence, key: PanelKey) -> FrontPanel | Missing:
    """What is known about a panel."""
    reported = reported_by_the_paper(key)
    if key.space != "nb201":
        return Missing(f"networks of the {key.space} space are not generated in this version", reported=reported)
    ours = run_key(evidence, key, "pomonag")
    seeds = [front for run in evidence.runs(ours) if (front := _front(run, key))]
    if not seeds:
        return _missing(evidence, ours, key, reported)
    marked = {name: Marked(tuple(points[chosen[name]] for points, chosen in seeds)) for name in CONFIGURATIONS}
    theirs = replace(ours, method="diffusionnag")
    best = tuple(front[0][front[1]["acc"]] for run in evidence.runs(theirs) if (front := _front(run, key)))
    if best:
        marked["diffusionnag"] = Marked(best)
    return FrontPanel(
        key, tuple(points for points, _ in seeds), marked, ours.configuration, key.dataset not in LOOKED_UP, reported,
        "" if best else _missing(evidence, theirs, key, ()).text,
    )  # fmt: skip


def run_key(evidence: Evidence, key: PanelKey, method: str) -> RunKey:
    """The runs behind a panel: on the device with most seeds of DiffusionNAG, whose generation takes longest."""
    table = "fronts" if key.dataset in LOOKED_UP else "predicted-fronts"

    def runs(device: str, method: str) -> int:
        return len(evidence.runs(RunKey(table, method, device, key.space, key.dataset)))

    device = max(DEVICES, key=lambda d: (runs(d, "diffusionnag"), runs(d, "pomonag")))
    return RunKey(table, method, device, key.space, key.dataset)


def reported_by_the_paper(key: PanelKey) -> tuple[PaperNumber, ...]:
    """Its accuracies on this very data set (Tables 1 and 2): four of the fifteen have any."""
    table = {"nb201": "2", "mbv3": "1"}[key.space]
    methods = ("diffusionnag", "pomonag-acc")
    found = (by_place().get((table, method, key.space, key.dataset, "test_accuracy")) for method in methods)
    return tuple(number for number in found if number)


Front = tuple[tuple[Point, ...], Mapping[str, int]]


def _front(run: RunRecord, key: PanelKey) -> Front | None:
    fronts = run.details.get("fronts", {})
    if key.cost in fronts:
        front = fronts[key.cost]
        return (_points(front["points"], run.seed), front["chosen"]) if front["points"] else None
    if key.cost != "macs" or not fronts.get("params", {}).get("points"):
        return None
    # Params and MACs rank nb201's architectures alike (PI-41): the front of one is the front of the other.
    points = _points(fronts["params"]["points"], run.seed)
    macs = _macs(key.space, _classes(key.dataset), tuple(p.architecture for p in points))
    chosen = configurations([p.predicted for p in points], macs)
    places = {name: chosen.front.index(getattr(chosen, name)) for name in CONFIGURATIONS}
    return tuple(replace(points[i], cost=macs[i]) for i in chosen.front), places


def _points(recorded: Sequence[Mapping[str, Any]], seed: int) -> tuple[Point, ...]:
    return tuple(Point(p["architecture"], p["cost"], p["accuracy"], p["predicted"], seed) for p in recorded)


def _classes(dataset: str) -> int:
    return next(d.classes for d in PAPER_DATASETS if d.id == dataset)


@functools.cache
def _macs(space: str, classes: int, architectures: tuple[str, ...]) -> tuple[float, ...]:
    # Spaces need torch, which takes seconds to import: only where a front is drawn.
    from pomonag.spaces import search_space

    known = search_space(space)
    counted = known.cost([known.parse(a) for a in architectures], classes=classes)
    return tuple((counted.macs / 1e6).tolist())


def _missing(evidence: Evidence, run: RunKey, key: PanelKey, reported: tuple[PaperNumber, ...]) -> Missing:
    listed = evidence.number(run, "predictor_calls")
    lacking = " ".join(listed.missing).rstrip(".") if isinstance(listed, NotRun) else ""
    if run.table == "predicted-fronts" and not _images_were_there(evidence, run):
        dataset = next(d for d in PAPER_DATASETS if d.id == key.dataset)
        reason = f"there are no images of {dataset.label} here, nor a table of accuracies"
        return Missing(reason, dataset.remedy, listed.command, reported)
    return Missing(lacking or "not measured yet", "", listed.command, reported)


def _images_were_there(evidence: Evidence, run: RunKey) -> bool:
    """Another method ran on them, or the catalogue of runs finds nothing missing."""
    ready = any(RunKey(**entry["key"]) == run and not entry["missing"] for entry in evidence.catalogue)
    return ready or any(evidence.runs(replace(run, method=method)) for method in ("pomonag", "diffusionnag"))
