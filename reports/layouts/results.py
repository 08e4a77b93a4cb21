"""Tables 1 to 6 of the paper, place by place."""

from __future__ import annotations

from reports.layouts.layout import DASH, Column, Entry, PaperTable, Places, Printed, Row, Stub, spanning

DATASETS = {"cifar10": "CIFAR10", "cifar100": "CIFAR100", "aircraft": "Aircraft", "pets": "Oxford III Pets"}
SPACES = {"nb201": "NASBench201", "mbv3": "MobileNetV3"}
_NONE = Printed(DASH)
_NOT_GIVEN = Printed("N/A")
_CITATIONS = {
    "RSPS": "Li & Talwalkar (2020)",
    "SETN": "Dong & Yang (2019a)",
    "GDAS": "Dong & Yang (2019b)",
    "PC-DARTS": "Xu et al. (2020)",
    "DrNAS": "Chen et al. (2021)",
    "BOHB": "Falkner et al. (2018)",
    "GP-UCB": "Srinivas et al. (2012)",
    "BANANAS": "White et al. (2021)",
    "NASBOWL": "Ru et al. (2021)",
    "HEBO": "Cowen-Rivers et al. (2022)",
    "TNAS": "Shala et al. (2023)",
    "MetaD2A": "Lee et al. (2021)",
    "DiffusionNAG": "An et al. (2024)",
    "POMONAG-Acc": "the paper's own",
}
_FAMILIES = {
    "One-shot NAS": ("RSPS", "SETN", "GDAS", "PC-DARTS", "DrNAS"),
    "BO-based NAS": ("BOHB", "GP-UCB", "BANANAS", "NASBOWL", "HEBO"),
    "Transferable NAS": ("TNAS", "MetaD2A", "DiffusionNAG", "POMONAG-Acc"),
}
_METHODS = {"POMONAG-Acc": "POMONAG"}


def table_1(places: Places) -> PaperTable:
    """Accuracies on MobileNetV3: data sets by statistic, one column a method."""
    methods = ("MetaD2A", "TNAS", "DiffusionNAG", "POMONAG-Acc")
    rows = [
        Row(
            (stub, Stub(statistic.capitalize())),
            tuple(places("1", method, "mbv3", dataset, "test_accuracy", statistic) for method in methods),
        )
        for dataset, label in DATASETS.items()
        for stub, statistic in zip(spanning(label, 3), ("max", "mean", "min"))
    ]
    return PaperTable(
        "1",
        "comparison with transferable NAS methods on MobileNetV3",
        "Test accuracy, %. The paper's POMONAG is the Acc configuration: one architecture, so that maximum, mean and "
        "minimum are one number. The digits of its ± are cut off in the source text.",
        (Column("Dataset"), Column("Stats.")),
        tuple(Column(_METHODS.get(method, method), remark=_CITATIONS[method]) for method in methods),
        tuple(rows),
    )


def table_2(places: Places) -> PaperTable:
    """Accuracies and numbers of trained architectures on NASBench201: methods by family, two columns a data set."""
    rows = []
    for family, methods in _FAMILIES.items():
        for stub, method in zip(spanning(family, len(methods)), methods):
            label = Stub(_METHODS.get(method, method), remark=_CITATIONS[method])
            rows.append(Row((stub, label), tuple(_table_2_entries(places, family, method))))
    return PaperTable(
        "2",
        "comparison of NAS techniques on NASBench201",
        "Test accuracy, %, and the number of architectures trained for it. Mean ± 95 % interval over three runs; the "
        "paper's POMONAG is the Acc configuration.",
        (Column("Type"), Column("Method")),
        tuple(Column(label, dataset) for dataset in DATASETS.values() for label in ("Accuracy ↑", "Trained archs ↓")),
        tuple(rows),
    )


def _table_2_entries(places: Places, family: str, method: str) -> list[Entry]:
    entries: list[Entry] = []
    for dataset in DATASETS:
        if method == "BOHB" and not dataset.startswith("cifar"):
            entries += [_NONE, _NONE]
            continue
        entries.append(places("2", method, "nb201", dataset, "test_accuracy"))
        one_shot = family == "One-shot NAS"
        entries.append(
            _NOT_GIVEN if one_shot else places("2", method, "nb201", dataset, "trained_architectures", "count")
        )
    return entries


def table_3(places: Places) -> PaperTable:
    """Rank correlations of the predictors, five columns a space."""
    labels = {
        "spearman_accuracy_noisy": "Accuracy",
        "spearman_accuracy_denoised": "Accuracy*",
        "spearman_params_noisy": "Params",
        "spearman_macs_noisy": "MACs",
        "spearman_latency_noisy": "Latency",
    }

    def entry(method: str, space: str, metric: str) -> Entry:
        if method == "DiffusionNAG" and "accuracy" not in metric:
            return _NONE
        if method == "DiffusionNAG" and space == "mbv3":
            return _NOT_GIVEN
        return places("3", method, space, "meta-test", metric, "value")

    return PaperTable(
        "3",
        "Spearman correlation of the performance predictors",
        "Higher is better. Accuracy*: of denoised architectures; the others of noisy ones. N/A: could not be "
        "replicated, says the paper; –: not applicable to DiffusionNAG.",
        (Column("Method"),),
        tuple(Column(label, space) for space in SPACES.values() for label in labels.values()),
        tuple(
            Row((Stub(method),), tuple(entry(method, space, metric) for space in SPACES for metric in labels))
            for method in ("DiffusionNAG", "POMONAG")
        ),
    )


def table_4(places: Places) -> PaperTable:
    """Validity, uniqueness and novelty, three columns a space."""
    labels = {"validity": "Validity ↑", "uniqueness": "Uniqueness ↑", "novelty": "Novelty ↑"}
    return PaperTable(
        "4",
        "generation metrics",
        "All in %. Mean ± 95 % interval over three runs. Ours: POMONAG in fast mode, DiffusionNAG in reference mode.",
        (Column("Method"),),
        tuple(Column(label, space) for space in SPACES.values() for label in labels.values()),
        tuple(
            Row(
                (Stub(method),),
                tuple(places("4", method, space, "mean-over-runs", metric) for space in SPACES for metric in labels),
            )
            for method in ("DiffusionNAG", "POMONAG")
        ),
    )


def table_5(places: Places) -> PaperTable:
    """Accuracy and costs over 15 data sets, four columns a space."""
    labels = {
        "test_accuracy": "Accuracy ↑",
        "params": "Params [M] ↓",
        "macs": "MACs [M] ↓",
        "latency": "Latency [ms] ↓",
    }
    models = {
        "DiffusionNAG": "DiffusionNAG",
        "POMONAG-Eff": "POMONAG Eff",
        "POMONAG-Bal": "POMONAG Bal",
        "POMONAG-Acc": "POMONAG Acc",
    }
    return PaperTable(
        "5",
        "DiffusionNAG and the three configurations of POMONAG",
        "Means over 15 data sets with 95 % intervals over them: the paper prints the values of none. Digits of ± that "
        "are cut off in the source text are marked with an ellipsis.",
        (Column("Model"),),
        tuple(Column(label, space) for space in SPACES.values() for label in labels.values()),
        tuple(
            Row(
                (Stub(label),),
                tuple(places("5", model, space, "mean-of-15", metric) for space in SPACES for metric in labels),
            )
            for model, label in models.items()
        ),
    )


def table_6(places: Places) -> PaperTable:
    """The predictors' ablation on NASBench201: a row a step."""
    an = "An et al."
    steps = (
        (an, "ResNet18", an, "4630"),
        ("POMONAG", "ResNet18", an, "4630"),
        ("POMONAG", "ResNet18", "POMONAG", "4630"),
        ("POMONAG", "ResNet18", "POMONAG", "10000"),
        ("POMONAG", "ViT-B-16", "POMONAG", "10000"),
    )
    metrics = {"spearman_accuracy_noisy": "Accuracy", "spearman_accuracy_denoised": "Accuracy*"}
    words = {an: "An et al. (2024)", "POMONAG": "POMONAG"}
    rows = []
    for strategy, encoder, training, size in steps:
        name = f"{strategy} strategy, {encoder}, {training} pipeline, {size}"
        stubs = (Stub(words[strategy]), Stub(encoder), Stub(words[training]), Stub(size))
        rows.append(Row(stubs, tuple(places("6", name, "nb201", "meta-test", metric, "value") for metric in metrics)))
    return PaperTable(
        "6",
        "ablation of the performance predictors on NASBench201",
        "Spearman correlation; Accuracy*: of denoised architectures. POMONAG: the paper prints Ours.",
        (
            Column("Training strategy", "Performance predictor"),
            Column("Dataset encoder", "Performance predictor"),
            Column("Archs training", "Meta-dataset"),
            Column("Size", "Meta-dataset"),
        ),
        tuple(Column(label, "Spearman correlation") for label in metrics.values()),
        tuple(rows),
    )
