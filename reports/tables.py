"""The report's tables as data: which run and metric stands in which row and column, with the paper's number beside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reports.evidence import Evidence, NotRun, Number, paired_ratios
from reports.measurements import RunKey, Summary, summarise
from reports.paper_numbers import PaperNumber, by_place

DEVICES = {"pixel3": "Pixel 3", "raspi4": "Raspberry Pi 4", "1080ti_1": "GTX 1080 Ti, batch 1"}
DATASETS = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100"}


@dataclass(frozen=True)
class Ratio:
    """A ratio of two measured cells, paired by seed."""

    summary: Summary
    of: str
    to: str


@dataclass(frozen=True)
class Plain:
    """A remark in the place of a number."""

    text: str


@dataclass(frozen=True)
class Compared:
    """Another method's number, and POMONAG's as a ratio of it."""

    number: Number | NotRun
    ratio: Ratio | Plain


@dataclass(frozen=True)
class Quoted:
    """A number of the paper's in a row of its own."""

    number: PaperNumber


Entry = Number | NotRun | Ratio | Plain | Compared | Quoted


@dataclass(frozen=True)
class Row:
    """One method, a remark about it, and an entry for each column."""

    label: str
    remark: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class ReportTable:
    """A table: an id for links, a title, the columns' headings with units, rows, and notes below it."""

    id: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    head: str = "Method"


@dataclass(frozen=True)
class Line:
    """How a row finds its runs: `paper` is the paper's method it stands beside, if any."""

    label: str
    remark: str
    method: str
    configuration: str
    paper: str | None = None
    dataset: str = "mean-over-runs"
    metrics: tuple[str, ...] | None = None


TABLE_4 = (
    Line("POMONAG, fast mode", "lean denoiser, few steps, two phases with our factors", "pomonag", "fast", "pomonag"),
    Line(
        "POMONAG, fast mode, digits",
        "the same for scikit-learn's digits, which need no file",
        "pomonag",
        "fast",
        dataset="digits",
        metrics=("validity", "uniqueness", "novelty", "uniqueness_by_class"),
    ),
    Line(
        "POMONAG, reference mode",
        "the original network and sampler, two phases with the paper's factors",
        "pomonag",
        "reference",
        "pomonag",
    ),
    Line(
        "DiffusionNAG, reference mode",
        "one accuracy guide, factor 10,000",
        "diffusionnag",
        "reference",
        "diffusionnag",
    ),
    Line("Unguided, fast mode", "the same sampler without guides", "unguided", "fast"),
    Line("Unguided, reference mode", "the same sampler without guides", "unguided", "reference"),
    Line("Uniform random", "256 draws from all 15,625", "uniform", "draws"),
    Line(
        "Random members of the top 250",
        "by mean of the CIFAR-10 and CIFAR-100 columns: two of the paper's three data sets are available",
        "top250",
        "draws",
    ),
    Line("Untrained decoder, fast mode", "random weights, same decoding", "untrained-decoder", "fast", None,
         metrics=("validity",)),
    Line("Untrained decoder, reference mode", "random weights, same decoding", "untrained-decoder", "reference", None,
         metrics=("validity",)),
)  # fmt: skip
TABLE_4_METRICS = {
    "validity": "Validity, %",
    "uniqueness": "Uniqueness, %",
    "novelty": "Novelty, %",
    "uniqueness_by_class": "Uniqueness by isomorphism class, %",
    "novelty_released": "Novelty against the released rows, %",
}

# Scores of untrained networks: how they are called, and what is to be known of them.
TRAINING_FREE = {
    "naswot": ("NASWOT", "training-free"),
    "jacobian_covariance": ("Jacobian covariance", "training-free"),
    "synflow": ("Synflow", "training-free"),
    "snip": ("SNIP", "training-free; has no vote"),
    "gradient_norm": ("Gradient norm", "training-free; has no vote"),
}

_LOO = "leave-one-out"
TABLE_2 = (
    Line("Random search", "evaluated by look-up", "random_search", "look-up"),
    Line("Regularised evolution", "evaluated by look-up", "regularised_evolution", "look-up"),
    Line("DiffusionNAG", "best of the five ranked highest; reference mode", "diffusionnag", _LOO, "diffusionnag"),
    Line("POMONAG-Acc", "the one ranked highest", "pomonag-acc", _LOO, "pomonag-acc"),
    Line("POMONAG, best of five", "best of the five ranked highest", "pomonag-best-of-5", _LOO),
    Line("… from lite rows alone", "best of five; no real label seen", "pomonag-best-of-5", "lite-rows"),
    Line("… from training-free scores", "best of five; NASWOT, synflow, params", "pomonag-best-of-5", "training-free"),
    Line(
        "… from our own measurements alone",
        "best of five; training-free scores and lite rows",
        "pomonag-best-of-5",
        "own-measurements",
    ),
    Line("… from params alone", "best of five", "pomonag-best-of-5", "params-only"),
    Line("Random members of the top 250", "best of five draws", "top250", "draws"),
)

FRONT_METHODS = (
    ("POMONAG, fast mode", "256 generated in two phases, filtered by the ranking predictor", "pomonag"),
    ("Exhaustive ranking", "the same predictor over all 15,625", "exhaustive_ranking"),
    ("NSGA-II", "the same predictor, equal number of calls", "nsga2"),
    ("Random ranking", "the same predictor, equal number of calls", "random_ranking"),
    ("DiffusionNAG, single guide", "256 generated, filtered by the ranking predictor", "diffusionnag"),
    ("The table's own front", "chosen with the true accuracies: the most there is", "true-front"),
)
OTHERS = {
    "exhaustive_ranking": "exhaustive ranking",
    "nsga2": "NSGA-II",
    "random_ranking": "random ranking",
    "diffusionnag": "DiffusionNAG",
}


def key_of(table: str, line: Line, dataset: str | None = None, space: str = "nb201") -> RunKey:
    """The run behind a line."""
    return RunKey(table, line.method, line.configuration, space, dataset or line.dataset)


def generation_rows(evidence: Evidence, space: str, lines: Iterable[Line], metrics: Iterable[str]) -> tuple[Row, ...]:
    """Rows of generated sets in a space, each value beside the paper's of Table 4 where the line has one."""
    rows = []
    for line in lines:
        entries: list[Entry] = []
        for metric in metrics:
            if line.metrics and metric not in line.metrics:
                entries.append(Plain("–"))
                continue
            paper = by_place().get(("4", line.paper or "", space, "mean-over-runs", metric))
            entries.append(evidence.number(key_of("4", line, space=space), metric, paper))
        rows.append(Row(line.label, line.remark, tuple(entries)))
    return tuple(rows)


def table_4(evidence: Evidence) -> ReportTable:
    """Validity, uniqueness and novelty of generated sets (Table 4, NASBench201)."""
    return ReportTable(
        "table-4",
        "Beside Table 4: NASBench201, validity, uniqueness, novelty",
        tuple(TABLE_4_METRICS.values()),
        generation_rows(evidence, "nb201", TABLE_4, TABLE_4_METRICS),
        (
            "256 samples a run. Validity is that of the last denoised mean, thresholded at 0.5, before any repair. "
            "Uniqueness is distinct valid / valid by architecture string, as in the DiffusionNAG release; the paper "
            "defines neither it nor novelty. Equal networks have several strings (15,625 strings, 6,466 isomorphism "
            "classes), hence the second column.",
            "Novelty is the share of distinct valid architectures that the meta-dataset's training rows do not hold: "
            "the shipped lite rows, and the 4,230 rows behind DiffusionNAG's released predictor. It depends on that "
            "set more than on the method: uniform draws stand beside it.",
            "The paper does not name the data set of its three runs; ours generate for CIFAR-10.",
            "Reference mode's networks were trained here on a lite schedule; its accuracy guide learnt from our "
            "reduced trainings alone.",
        ),
    )


def table_2(evidence: Evidence) -> ReportTable:
    """Accuracy by look-up and number of evaluated architectures (Table 2, CIFAR columns)."""
    columns, rows = [], []
    for name in DATASETS.values():
        columns += [f"{name} accuracy, %", f"{name} evaluated"]
    for line in TABLE_2:
        entries: list[Entry] = []
        for dataset in DATASETS:
            for metric in ("test_accuracy", "trained_architectures"):
                paper = by_place().get(("2", line.paper or "", "nb201", dataset, metric))
                entries.append(evidence.number(key_of("2", line, dataset), metric, paper))
        rows.append(Row(line.label, line.remark, tuple(entries)))
    return ReportTable(
        "table-2",
        "Beside Table 2: CIFAR columns, accuracy by look-up and evaluated architectures",
        tuple(columns),
        tuple(rows),
        (
            "Accuracies are looked up in the benchmark's 200-epoch table (mean over its seeds). Its best entries are "
            "94.37 % (CIFAR-10) and 73.51 % (CIFAR-100): nothing that is looked up can exceed them. The paper's "
            "POMONAG values do, since they come from other trainings: they mix search and training recipe.",
            "Leave one out: predictors behind a CIFAR-10 value never saw a CIFAR-10 accuracy, those behind a CIFAR-100 "
            "value no CIFAR-100 accuracy. The predictor that ships for users has seen both tables. DiffusionNAG's "
            "guide learnt from our reduced trainings alone; what it generates is ranked by the same predictors.",
            "Random search and evolution choose by the looked-up accuracy itself, as the black-box methods of the "
            "paper's table do; evaluated counts their look-ups.",
        ),
    )


def hypervolumes(evidence: Evidence) -> ReportTable:
    """Normalised hypervolume with true costs and table accuracy: one row a data set and cost, one column a method."""
    rows = []
    for place in front_places():
        entries: list[Entry] = []
        for _, _, method in FRONT_METHODS:
            number = evidence.number(RunKey("fronts", method, place.device, "nb201", place.dataset), place.metric)
            compared = method in OTHERS
            entries.append(Compared(number, ratio(evidence, method, place)) if compared else number)
        rows.append(Row(place.label, "", tuple(entries)))
    return ReportTable(
        "hypervolume",
        "Fronts: normalised hypervolume",
        tuple(label for label, _, _ in FRONT_METHODS),
        tuple(rows),
        (
            "; ".join(f"{label}: {remark}" for label, remark, _ in FRONT_METHODS) + ".",
            "Architectures are chosen by predictors that never saw the judged data set's accuracies, and judged by the "
            "table: accuracy after 200 epochs against exact params or the device's measured latency. Reference point: "
            "the space's median accuracy and largest cost; 1 is its best accuracy at its smallest cost.",
            "Params and MACs take the same 28 values in the same order on this space: their fronts are one.",
            "Calls to the ranking predictor and to the guides are counted alike and are equal for POMONAG, NSGA-II and "
            "random ranking. The exhaustive ranking is a baseline that only a space of this size permits.",
        ),
        head="Front",
    )


@dataclass(frozen=True)
class FrontPlace:
    """One front: data set, device whose latency guided and judged, and what is measured."""

    dataset: str
    device: str
    metric: str

    @property
    def label(self) -> str:
        """`CIFAR-10, params`, `CIFAR-10, latency Pixel 3`."""
        cost = "params" if self.metric == "hypervolume_params" else f"latency {DEVICES[self.device]}"
        return f"{DATASETS[self.dataset]}, {cost}"

    @property
    def cost(self) -> str:
        """`params` or `latency`."""
        return self.metric.removeprefix("hypervolume_")


def front_places() -> list[FrontPlace]:
    """Params once, and the latency of each device, on each data set."""
    first = next(iter(DEVICES))
    return [
        place
        for dataset in DATASETS
        for place in (
            FrontPlace(dataset, first, "hypervolume_params"),
            *(FrontPlace(dataset, device, "hypervolume_latency") for device in DEVICES),
        )
    ]


def ratio(evidence: Evidence, method: str, place: FrontPlace) -> Ratio | Plain:
    """POMONAG's hypervolume over another method's, paired by seed."""
    ours = evidence.runs(RunKey("fronts", "pomonag", place.device, "nb201", place.dataset))
    theirs = evidence.runs(RunKey("fronts", method, place.device, "nb201", place.dataset))
    values = paired_ratios(ours, theirs, place.metric)
    return Ratio(summarise(values), "POMONAG", method) if values else Plain("–")


TIMES = (
    ("fast_generation_seconds", "Fast mode: generation of 256, four guides, two phases"),
    ("fast_total_seconds", "Fast mode: embedding, generation and ranking, ten classes"),
    ("reference_step_cpu_seconds_one_guide", "Reference mode: one guided step at batch 256, one guide (CPU)"),
    ("reference_step_cpu_seconds_four_guides", "Reference mode: one guided step at batch 256, four guides (CPU)"),
    ("reference_generation_seconds", "Reference mode: 1,000 steps with four guides, from 20 timed steps"),
    ("speedup", "Fast over reference mode, same four guides"),
    ("reference_over_original", "Reference mode over the original's 0.44 CPU s a guided step"),
)


def times(evidence: Evidence) -> ReportTable:
    """Generation times and their ratios, from one interleaved run."""
    key = RunKey("times", "pomonag", "fast-and-reference", "nb201", "cifar10")
    paper = by_place()["text", "pomonag", "nb201", "all", "generation_time"]
    rows = [
        Row(label, "", (evidence.number(key, metric, paper if metric == "fast_generation_seconds" else None),))
        for metric, label in TIMES
    ]
    costs = RunKey("times", "costs", "vectorised", "nb201", "all-15625")
    rows.append(Row("Exact costs of all 15,625 architectures", "", (evidence.number(costs, "enumeration_ms"),)))
    return ReportTable(
        "times",
        "Times",
        ("Measured",),
        tuple(rows),
        (
            "Fast and reference mode are timed alternately in one process, so that a busy machine slows both. "
            "The machine's load before each run is in its provenance; a load above 0.5 a core makes absolute times "
            "unreliable, the ratios less so.",
            "The paper's 345 ± 32 s are one generation on an NVIDIA Quadro RTX 6000: other hardware, shown for scale.",
        ),
    )
