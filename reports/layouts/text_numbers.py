"""The results that the paper prints in its sentences, as one table with a column for each space."""

from __future__ import annotations

from collections.abc import Mapping

from pomonag.errors import UserError
from pomonag.guidance.factor_files import fast_factors
from pomonag.guidance.stretching import PAPER_FACTORS, PHASES
from reports.layouts.layout import DASH, Column, Entry, PaperTable, Places, Printed, Row, Stub, spanning
from reports.layouts.results import SPACES
from reports.method_tables import factor_text

_OBJECTIVES = {"accuracy": "accuracy", "params": "params", "macs": "MACs", "latency": "latency"}
_TIMES = (
    ("Generation", "POMONAG", "generation_time"),
    ("Training, fastest configuration", "POMONAG fastest configuration", "training_time"),
    ("Training, slowest configuration", "POMONAG slowest configuration", "training_time"),
)
_GAINS = {"spearman_accuracy_noisy_gain": "noisy", "spearman_accuracy_denoised_gain": "denoised"}
_CHANGES = {"params_change": "params", "macs_change": "MACs", "latency_change": "latency"}
# The space's changes that the text prints: it says nothing of Acc on NASBench201, nor of Acc's latency.
_PRINTED_CHANGES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "POMONAG-Eff": {metric: tuple(SPACES) for metric in _CHANGES},
    "POMONAG-Acc": dict.fromkeys(("params_change", "macs_change"), ("mbv3",)),
}


def numbers_in_the_text(places: Places) -> PaperTable:
    """Scaling factors, times, gains of the predictors, changes of the costs."""
    groups = (
        ("Scaling factors (Sec. 3.4)", _scaling_factors(places)),
        ("Gain in rank correlation of accuracy (Sec. 3.3)", _gains(places)),
        ("Change over DiffusionNAG, % (Sec. 4)", _changes(places)),
        ("Times (Sec. 4)", _times(places)),
    )
    rows = [
        Row((stub, Stub(label)), entries)
        for group, found in groups
        for stub, (label, entries) in zip(spanning(group, len(found)), found)
    ]
    return PaperTable(
        "text",
        "Numbers in the text",
        "Scaling factors are settings and get no verdict: beside them stand those of our reference and fast modes, "
        "whose labels have other scales, so that their factors are not comparable.",
        (Column("Place"), Column("What")),
        tuple(Column(label) for label in SPACES.values()),
        tuple(rows),
    )


Found = list[tuple[str, tuple[Entry, ...]]]


def _scaling_factors(places: Places) -> Found:
    datasets = "cifar10+cifar100+aircraft+pets"
    return [
        (
            f"{phase} phase, {label}",
            tuple(
                places(
                    "text", f"POMONAG {phase} phase", space, datasets, f"scaling_factor_{objective}", "value",
                    beside=_our_factors(space, phase, objective),
                )
                for space in SPACES
            ),
        )
        for phase in PHASES
        for objective, label in _OBJECTIVES.items()
    ]  # fmt: skip


def _our_factors(space: str, phase: str, objective: str) -> str:
    """Those that reference mode and fast mode use; a space has fast ones where they were tuned."""
    reference = factor_text(getattr(PAPER_FACTORS[space][phase], objective))
    try:
        fast = fast_factors(space)
    except UserError:
        return f"{reference} (reference)"
    return f"{reference} (reference), {factor_text(getattr(fast[phase], objective))} (fast)"


def _times(places: Places) -> Found:
    return [
        (label, tuple(places("text", method, space, "all", metric) for space in SPACES))
        for label, method, metric in _TIMES
    ]


def _gains(places: Places) -> Found:
    method = "POMONAG over DiffusionNAG"
    return [
        (f"{label} architectures", (places("text", method, "nb201", "meta-test", metric, "difference"), Printed(DASH)))
        for metric, label in _GAINS.items()
    ]


def _changes(places: Places) -> Found:
    return [
        (
            f"{model.removeprefix('POMONAG-')}, {_CHANGES[metric]}",
            tuple(
                places("text", f"{model} over DiffusionNAG", space, "mean-of-15", metric, "relative")
                if space in spaces
                else Printed(DASH)
                for space in SPACES
            ),
        )
        for model, changes in _PRINTED_CHANGES.items()
        for metric, spaces in changes.items()
    ]
