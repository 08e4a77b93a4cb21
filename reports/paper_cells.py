"""Each of the paper's results as one cell: which of our runs is judged against it, or what is missing.

The paper prints 234 results (Tables 1-6 and the text); its settings are not judged. A cell of the paper has the
configuration `paper`. What stands against it is a run's metric, a value derived from other cells, or nothing yet.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reports.cells import Cell
from reports.measurements import RunKey
from reports.paper_numbers import PaperNumber, load

PAPER = "paper"


@dataclass(frozen=True)
class Derivation:
    """A number that the text derives from two cells: `compute(first, second)` of their means."""

    first: PaperNumber
    second: PaperNumber
    compute: Callable[[float, float], float]


@dataclass(frozen=True)
class Source:
    """A run of ours and its metric; `not_comparable` says why its number may not be judged against the paper's.

    `caveat` is what a reader has to know of a number that is judged.
    """

    run: RunKey
    metric: str
    not_comparable: str | None = None
    caveat: str | None = None


@dataclass(frozen=True)
class PaperCell:
    """One result of the paper, and where our number for it comes from: a source, a derivation, or `missing`."""

    number: PaperNumber
    cell: Cell
    source: Source | None = None
    derivation: Derivation | None = None
    missing: str = ""

    @property
    def id(self) -> str:
        """The cell's slug."""
        return self.cell.id


@functools.cache
def paper_cells() -> tuple[PaperCell, ...]:
    """All results in the order of `paper_numbers.csv`, each once."""
    numbers = [n for n in load() if not n.note.startswith("setting")]
    by_key = {_key(n): n for n in numbers}
    return tuple(_paper_cell(n, by_key) for n in numbers)


def cells_of(table: str) -> list[PaperCell]:
    """The cells of a table, or those of the text."""
    return [c for c in paper_cells() if c.cell.table == table]


Key = tuple[str, str, str, str, str, str]


def _key(n: PaperNumber) -> Key:
    return (n.table, n.method.lower(), n.space, n.dataset, n.metric, n.statistic)


def _paper_cell(n: PaperNumber, by_key: Mapping[Key, PaperNumber]) -> PaperCell:
    cell = Cell(n.table, n.method.lower(), PAPER, n.space, n.dataset, n.metric, n.statistic, _EVALUATION[n.table](n))
    if (derivation := _derivation(n, by_key)) is not None:
        return PaperCell(n, cell, derivation=derivation)
    source = _source(n)
    return PaperCell(n, cell, source) if source is not None else PaperCell(n, cell, missing=_missing(n))


def _table_2(n: PaperNumber) -> str:
    looked_up = n.dataset.startswith("cifar") and not n.method.startswith("POMONAG")
    return "lookup" if looked_up or n.metric == "trained_architectures" else "trained"


_EVALUATION: Mapping[str, Callable[[PaperNumber], str]] = {
    "1": lambda n: "trained",
    "2": _table_2,
    "3": lambda n: "predicted",
    "4": lambda n: "generated",
    "5": lambda n: "trained" if n.metric == "test_accuracy" else "measured",
    "6": lambda n: "predicted",
    "text": lambda n: "measured",
}

_LITE_SCHEDULE = (
    "our reference networks were trained for 6,000 steps and their accuracy guide learnt from reduced trainings; the "
    "paper's were not"
)
_OTHER_REFERENCE_SET = (
    "novelty is counted against the training rows: ours are the shipped lite rows, the paper's 10,000 are not public "
    "(PI-34)"
)
_FAST_MODE = (
    "ours is POMONAG in fast mode, with networks, training rows and factors of its own; reference mode with the "
    "paper's factors stands beside the table"
)
_OTHER_TRAINING = "ours is looked up in the 200-epoch table; the paper trains its architectures by another recipe"
_OTHER_HARDWARE = "timed on another machine: the paper's is an NVIDIA Quadro RTX 6000"
_LITE_PREDICTORS = (
    "our rows are trainings of seconds on 20 classes of small images, judged where task and architecture are both "
    "unseen; the paper's rows and split are not public, and DiffusionNAG's evaluation rows share most of their tasks "
    "and architectures with its training rows (PI-20)"
)
_LITE_ABLATION = (
    "rows, encoders and number of steps are those of the lite profile; what each row is here stands beside the table"
)
_TABLE_2_RUNS = {"diffusionnag": "diffusionnag", "pomonag-acc": "pomonag-acc"}


def _source(n: PaperNumber) -> Source | None:
    method = n.method.lower()
    if n.table == "4":
        ours = method == "pomonag"
        why = _OTHER_REFERENCE_SET if n.metric == "novelty" else None if ours else _LITE_SCHEDULE
        key = RunKey("4", method, "fast" if ours else "reference", n.space, n.dataset)
        return Source(key, n.metric, why, _FAST_MODE if ours and not why else None)
    if n.table == "2" and n.dataset in ("cifar10", "cifar100") and method in _TABLE_2_RUNS:
        why = None
        if n.metric == "test_accuracy":
            why = _OTHER_TRAINING if method == "pomonag-acc" else _LITE_SCHEDULE
        return Source(RunKey("2", _TABLE_2_RUNS[method], "leave-one-out", "nb201", n.dataset), n.metric, why)
    if n.table == "3":
        configuration = "fast" if method == "pomonag" else "reference"
        return Source(RunKey("3", method, configuration, n.space, n.dataset), n.metric, _LITE_PREDICTORS)
    if n.table == "6":
        return Source(RunKey("6", _ablation_step(n.method), "reference", n.space, n.dataset), n.metric, _LITE_ABLATION)
    if n.metric == "generation_time" and n.space == "nb201":
        key = RunKey("times", "pomonag", "fast-and-reference", "nb201", "cifar10")
        return Source(key, "fast_generation_seconds", _OTHER_HARDWARE)
    return None


@functools.cache
def _ablation_steps() -> tuple[str, ...]:
    """The rows of Table 6 in the paper's order."""
    return tuple(dict.fromkeys(n.method for n in load() if n.table == "6"))


def _ablation_step(method: str) -> str:
    """The name of a row of Table 6 in runs and claims."""
    return f"ablation_{_ablation_steps().index(method) + 1}"


_CHANGES = {"params_change": "params", "macs_change": "macs", "latency_change": "latency"}


def _derivation(n: PaperNumber, by_key: Mapping[Key, PaperNumber]) -> Derivation | None:
    """The changes of Sec. 4 are of Table 5's means, the gains of Sec. 3.3 differences of Table 3's coefficients."""
    if " over " not in n.method:
        return None
    ours, theirs = (name.lower() for name in n.method.split(" over "))
    if n.metric in _CHANGES:
        keys = [("5", m, n.space, n.dataset, _CHANGES[n.metric], "mean") for m in (ours, theirs)]
        return Derivation(by_key[keys[0]], by_key[keys[1]], relative_change)
    keys = [("3", m, n.space, n.dataset, n.metric.removesuffix("_gain"), "value") for m in (ours, theirs)]
    return Derivation(by_key[keys[0]], by_key[keys[1]], difference)


def relative_change(ours: float, theirs: float) -> float:
    """Percent.

    >>> relative_change(1.0, 4.0)
    -75.0
    """
    return 100.0 * (ours / theirs - 1.0)


def difference(ours: float, theirs: float) -> float:
    """Ours minus theirs."""
    return ours - theirs


def _missing(n: PaperNumber) -> str:
    method = n.method.lower()
    if n.space == "mbv3":
        return "generated networks of the mbv3 space are trained by no recipe of the paper yet"
    if n.table == "2" and method not in ("diffusionnag", "pomonag-acc"):
        return f"no module baselines/ for {n.method} yet"
    if n.table == "text":
        return "no cell is trained by the paper's recipe yet"
    return f"no run of {n.method} with trainings on {n.dataset} yet: it needs the paper's recipe"
