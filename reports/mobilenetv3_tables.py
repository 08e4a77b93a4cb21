"""MobileNetV3's tables: what is generated (Table 4), fronts of networks that were trained, Acc's first five."""

from __future__ import annotations

from reports.evidence import Evidence
from reports.tables import Line, ReportTable, Row, generation_rows, key_of

_SPACE, _TASK = "mbv3", "heldout-000"
GENERATED = (
    Line("POMONAG, fast mode", "exact row posterior, few steps, two phases with our factors", "pomonag", "fast",
         "pomonag"),
    Line("POMONAG, fast mode, digits", "the same for scikit-learn's digits, which need no file", "pomonag", "fast",
         dataset="digits"),
    Line("POMONAG, reference mode", "DiffusionNAG's network on 21 x 9 matrices, the paper's factors", "pomonag",
         "reference", "pomonag"),
    Line("DiffusionNAG, reference mode", "20 x 9 matrices, one accuracy guide, factor 10,000", "diffusionnag",
         "reference", "diffusionnag"),
    Line("Unguided, fast mode", "the same sampler without guides", "unguided", "fast"),
    Line("Unguided, reference mode", "the same sampler without guides", "unguided", "reference"),
    Line("Untrained decoder, fast mode", "random weights, same decoding", "untrained-decoder", "fast",
         metrics=("validity",)),
)  # fmt: skip
_METRICS = {"validity": "Validity, %", "uniqueness": "Uniqueness, %", "novelty": "Novelty, %"}
FRONTS = (
    Line("POMONAG, fast mode", "256 generated in two phases", "pomonag", "fast"),
    Line("Single guide, fast mode", "the same generator under its accuracy guide alone", "single-guide", "fast"),
    Line("NSGA-II", "the same predictor, equal number of calls", "nsga2", "equal-calls"),
    Line("NSGA-II, equal time", "as many calls as fit into POMONAG's seconds", "nsga2", "equal-seconds"),
    Line("Random ranking", "the same predictor, equal number of calls", "random_ranking", "equal-calls"),
    Line("Random ranking, equal time", "up to 100,000 networks in POMONAG's seconds", "random_ranking",
         "equal-seconds"),
)  # fmt: skip
_FRONT_METRICS = {
    "hypervolume_params": "Hypervolume, params",
    "hypervolume_macs": "Hypervolume, MACs",
    "accuracy_acc": "Accuracy of Acc, %",
    "params_eff_over_floor": "Eff's params over the floor",
    "macs_eff_over_floor": "Eff's MACs over the floor",
    "predictor_calls": "Predictor calls",
    "search_seconds": "Seconds",
}
TOP = (
    Line("POMONAG-Acc", "the five predicted best", "pomonag-acc", "fast"),
    Line("Random search", "the five best of 200 networks, each trained once", "random-search", "best-of-200"),
)
_TOP_METRICS = {"test_accuracy": "Mean of the five, %", "test_accuracy_best": "Best of the five, %"}


def generated_networks(evidence: Evidence) -> ReportTable:
    """Validity, uniqueness and novelty of generated sets (Table 4, MobileNetV3)."""
    return ReportTable(
        "table-4-mbv3",
        "Beside Table 4 (MobileNetV3): validity, uniqueness, novelty",
        tuple(_METRICS.values()),
        generation_rows(evidence, _SPACE, GENERATED, _METRICS),
        (
            "256 samples a run, judged as on NASBench201. The rows of a stage stand or fall with its depth; what a "
            "noisy stage says of the clean one is known in closed form, and the denoiser starts from it. That is why "
            "even random weights generate networks that keep the space's rules: validity says nothing of what was "
            "learnt here, and the depth, kernels and expansions are as frequent as in the draws it was counted from.",
            "Novelty is certain: the space holds 4.35e19 networks, the meta-dataset's rows some hundreds.",
            "A mixed width row is read by its mean (the paper does not say how it is read), so that it is never "
            "invalid; the exact posterior knows the row as zeros or ones.",
        ),
    )


def trained_fronts(evidence: Evidence) -> ReportTable:
    """Fronts on an evaluation task, judged by reduced trainings of what stands on them."""
    return ReportTable(
        "trained-fronts",
        "Trained fronts: MobileNetV3 networks of each method, trained",
        tuple(_FRONT_METRICS.values()),
        _rows(evidence, "trained-fronts", FRONTS, tuple(_FRONT_METRICS)),
        (
            "Task heldout-000: twenty of the evaluation classes, which no predictor and no tuning saw. All methods use "
            "the same predictor, taught by this project's reduced trainings. Of each predicted front at most twelve "
            "networks, spread evenly, are trained by the lite protocol with two seeds; costs are exact. Reference "
            "point: the median accuracy of the task's measured rows and the space's largest cost.",
            "Equal time is that of this machine, searches alone, embedding left out.",
        ),
    )


def trained_top(evidence: Evidence) -> ReportTable:
    """The first five of Acc and of a random search, trained anew."""
    return ReportTable(
        "trained-top",
        "Trained anew: the five best MobileNetV3 networks",
        tuple(_TOP_METRICS.values()),
        _rows(evidence, "trained-top", TOP, tuple(_TOP_METRICS)),
        (
            "Each network is trained with five seeds that played no part in choosing it. Random search trains 200 "
            "networks on the task itself; POMONAG trains none.",
        ),
    )


def _rows(evidence: Evidence, table: str, lines: tuple[Line, ...], metrics: tuple[str, ...]) -> tuple[Row, ...]:
    return tuple(
        Row(
            line.label,
            line.remark,
            tuple(evidence.number(key_of(table, line, _TASK, _SPACE), metric) for metric in metrics),
        )
        for line in lines
    )
