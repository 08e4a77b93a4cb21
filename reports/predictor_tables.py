"""Beside Tables 3 and 6: predictors against plain baselines, within tasks, and against what no predictor can beat."""

from __future__ import annotations

from collections.abc import Sequence

from reports.evidence import Evidence, NotRun, Number
from reports.layouts.results import SPACES
from reports.measurements import RunKey, RunRecord, measurements_of, summarise
from reports.paper_numbers import by_place
from reports.tables import TRAINING_FREE, Entry, Plain, Ratio, ReportTable, Row

META_TEST = "meta-test"
_PREDICTORS = (
    ("DiffusionNAG, reference", "An et al.'s training, a twentieth of its steps", "diffusionnag", "reference"),
    ("POMONAG, reference", "App. C: AdamW, cosine, validation Spearman; as many steps", "pomonag", "reference"),
    ("POMONAG, fast mode", "ensemble of clean architectures, one network of noisy ones", "pomonag", "fast"),
)  # fmt: skip
_ABLATION = {
    "ablation_1": "An et al.'s training; labels: accuracy; 46 % of the rows",
    "ablation_2": "App. C's training (AdamW, cosine, chosen by validation Spearman)",
    "ablation_3": "labels with less noise: accuracy and test loss of the same training",
    "ablation_4": "all rows",
    "ablation_5": "the stronger encoder",
}
_BASELINE_WORDS = {
    "pair_ridge": ("Ridge", "operations, their pairs and the task"),
    "params": ("Params alone", "the more the better"),
    "vote": ("Vote of training-free scores", "mean log rank by NASWOT, jacobian covariance, synflow and params"),
    **TRAINING_FREE,
}
_COLUMNS = {
    "spearman_accuracy_denoised_within": "Within task: both unseen",
    "spearman_accuracy_denoised_architectures_within": "Within task: architectures unseen",
    "spearman_accuracy_denoised_tasks_within": "Within task: tasks unseen",
    "spearman_accuracy_denoised": "Pooled: both unseen",
    "spearman_accuracy_denoised_architectures": "Pooled: architectures unseen",
    "spearman_accuracy_denoised_tasks": "Pooled: tasks unseen",
}
_NOISY = {
    "accuracy": ("Accuracy", ""),
    "accuracy_within": ("Accuracy, within task", ""),
    "params": ("Params", ""),
    "macs": ("MACs", ""),
    "latency": ("Latency", ""),
}
CEILING_SHARE, RELIABILITY_SHARE = 0.95, 0.9


def predictor_tables(evidence: Evidence) -> list[ReportTable]:
    """A table of accuracies and one of noisy labels for each space with rows, and the ablation's steps."""
    tables = []
    for space in SPACES:
        if _measured(evidence, space):
            tables += [_accuracy(evidence, space), _noisy(evidence, space)]
    return [*tables, _ablation(evidence)]


def _measured(evidence: Evidence, space: str) -> bool:
    return isinstance(evidence.number(_key("reliability", "baseline", space), "reliability_pearson"), Number)


def _key(method: str, configuration: str, space: str, table: str = "3") -> RunKey:
    return RunKey(table, method, configuration, space, META_TEST)


def _accuracy(evidence: Evidence, space: str) -> ReportTable:
    baselines = {
        run.key.method: None
        for run, _ in evidence.all_runs()
        if (run.key.table, run.key.configuration, run.key.space) == ("3", "baseline", space)
    }
    rows = [
        Row(label, remark, tuple(evidence.number(_key(method, configuration, space), m) for m in _COLUMNS))
        for label, remark, method, configuration in _PREDICTORS
    ]
    words = list(_BASELINE_WORDS)
    for method in sorted(baselines, key=lambda name: (words.index(name) if name in words else len(words), name)):
        if method != "reliability":
            label, remark = _BASELINE_WORDS.get(method, (method, "training-free score"))
            rows.append(
                Row(label, remark, tuple(evidence.number(_key(method, "baseline", space), m) for m in _COLUMNS))
            )
    return ReportTable(
        f"predictors-{space}",
        f"Predicted accuracy on {SPACES[space]} beside plain baselines",
        tuple(_COLUMNS.values()),
        tuple(rows),
        (
            "Spearman with the accuracy of one lite training. Pooled figures mostly measure tasks' difficulty (PI-20); "
            "within a task stands what a search needs. Anchors, which every task has, are the seen architectures of "
            "unseen tasks. Intervals are over seeds of training and noise on one split; what other test rows would "
            "change is not in them. Where no interval is given nothing is random. Unseen tasks have image classes of "
            "their own, but the image encoder efficientnet_lite0 was trained on ImageNet, which has these classes too.",
            _reliability(evidence, space),
            *_other_rows(evidence, space),
        ),
        head="Predictor",
    )


def _reliability(evidence: Evidence, space: str) -> str:
    key = _key("reliability", "baseline", space)
    r, ranks = (evidence.mean(key, f"reliability_{name}") for name in ("pearson", "spearman"))
    if r is None or ranks is None:
        return "No rows were trained twice: the labels' reliability is not known."
    n = evidence.runs(key)[0].details.get("repeated", 0)
    target, by_rank = (RELIABILITY_SHARE * max(value, 0.0) ** 0.5 for value in (r, ranks))
    return (
        f"Two trainings of the same {n:.0f} rows with other seeds: r = {r:.2f} (Pearson, task-centred accuracies), "
        f"{ranks:.2f} by rank. No predictor correlates better with such labels than √r = {max(r, 0.0) ** 0.5:.2f}; "
        f"target within task, both unseen: 0.9·√r = {target:.2f}, by the rank correlation's reliability {by_rank:.2f}."
        f"{_reached(evidence, space, target, by_rank)}"
    )


def _reached(evidence: Evidence, space: str, *targets: float) -> str:
    found = evidence.mean(_key("pomonag", "fast", space), "spearman_accuracy_denoised_within")
    if found is None:
        return ""
    first, second = ("reached" if found >= target else "missed" for target in targets)
    return f" Fast mode has {found:.2f}: the first {first}, the second {second}."


def _other_rows(evidence: Evidence, space: str) -> list[str]:
    """A warning where lines of the tables were measured on different states of the meta-dataset, else nothing."""
    newest: dict[str, str] = {}
    methods: dict[str, set[str]] = {}
    for run, _ in evidence.all_runs():
        if (run.key.table, run.key.space, run.key.dataset) == ("3", space, META_TEST) and "rows" in run.settings:
            state = run.settings["rows"]
            newest[state] = max(newest.get(state, ""), run.recorded)
            methods.setdefault(state, set()).add(f"{run.key.method} ({run.key.configuration})")
    if len(newest) < 2:
        return []
    current = max(newest, key=lambda state: newest[state])
    older = sorted(set().union(*(names for state, names in methods.items() if state != current)))
    return [f"Measured on an earlier state of the rows, and not to be compared with the rest: {', '.join(older)}."]


def _noisy(evidence: Evidence, space: str) -> ReportTable:
    fast, reference = _key("pomonag", "fast", space), _key("pomonag", "reference", space)
    rows = []
    for name, (label, remark) in _NOISY.items():
        base, within = name.removesuffix("_within"), "_within" if name.endswith("_within") else ""
        metric, ceiling = f"spearman_{base}_noisy{within}", f"ceiling_{base}_noisy{within}"
        paper = None if within else by_place()["3", "pomonag", space, META_TEST, metric]
        rows.append(
            Row(
                label,
                remark,
                (
                    evidence.number(fast, metric, paper),
                    evidence.number(reference, metric),
                    evidence.number(fast, ceiling),
                    _share(evidence.runs(fast), metric, ceiling),
                ),
            )
        )
    return ReportTable(
        f"ceilings-{space}",
        f"Noisy predictors of {SPACES[space]} and the Bayes ceiling",
        ("Fast mode", "Reference, App. C", "Ceiling", f"Fast mode ÷ ceiling (target {CEILING_SHARE})"),
        tuple(rows),
        (
            "Architectures noised by the reference's process at uniform times, tasks and architectures unseen. "
            "Ceiling: the Bayes-optimal prediction from the same noisy architectures, which knows of them what the "
            "fast mode's ensemble, the exact costs and the latency model know of clean ones. For params and MACs no "
            "prediction has a smaller expected squared error. For accuracy and latency it is the ceiling of who "
            "learns from that ensemble and that model, as fast mode's noisy network does: better knowledge of clean "
            "architectures would raise it. The best by squared error need not be the best by rank, so that a share can "
            "pass 1 by a little.",
        ),
        head="Label",
    )


def _share(runs: Sequence[RunRecord], metric: str, ceiling: str) -> Ratio | Plain:
    """Paired by seed: both met the same noise."""
    shares = []
    for run in runs:
        values = {m.cell.metric: m.value for m in measurements_of(run)}
        if values.get(ceiling) and metric in values:
            shares.append(values[metric] / values[ceiling])
    return Ratio(summarise(shares), "fast mode", "ceiling") if shares else Plain("–")


def _ablation(evidence: Evidence) -> ReportTable:
    metrics = {
        "spearman_accuracy_noisy_within": "Noisy, within task",
        "spearman_accuracy_denoised_within": "Denoised, within task",
        "spearman_accuracy_noisy": "Noisy, pooled",
        "spearman_accuracy_denoised": "Denoised, pooled",
    }
    rows = []
    for number, (method, remark) in enumerate(_ABLATION.items(), 1):
        key = _key(method, "reference", "nb201", "6")
        entries: tuple[Entry, ...] = tuple(evidence.number(key, metric) for metric in metrics)
        rows.append(Row(f"Row {number}", f"{remark}{_size(evidence, key, entries)}", entries))
    return ReportTable(
        "ablation",
        "Table 6 at lite: what each row is here",
        tuple(metrics.values()),
        tuple(rows),
        (
            "Each row changes one thing of the one above. ResNet18 and ViT-B/16 need weights from the network: rows 1 "
            "to 4 have the smaller encoder tiny in their place, and row 5 has efficientnet_lite0. There is one "
            "training of architectures: the third row's change is in the noise of its labels. The paper contradicts "
            "itself on which factor that row is (PI-11). App. C's training sets the validation tasks and architectures "
            "of its rows apart, so that from row 2 on weights learn from fewer rows than are named.",
        ),
        head="Row",
    )


def _size(evidence: Evidence, key: RunKey, entries: Sequence[Entry]) -> str:
    if any(isinstance(entry, NotRun) for entry in entries):
        return ""
    run = evidence.runs(key)[0]
    return f"; {run.details.get('used', 0)} rows, {run.settings.get('encoder', '')}"
