"""Which data were used for what: splits, tuning on test data sets, overlaps of training and evaluation."""

from __future__ import annotations

from reports.consistency import mbv3_costs, nb201_facts
from reports.consistency.paper import Paper
from reports.consistency.quantiles import proportion_error
from reports.consistency.rule import Flaw, rule

# Two descriptions of one sample are taken as the same if their sizes differ by less than a tenth.
SAME_SIZE = 0.1
OURS = ("POMONAG", "POMONAG-Eff", "POMONAG-Bal", "POMONAG-Acc")


@rule(5, "caveat", "Latency at another input side than the network's", "Section 3.2; Appendix A.2; Table 5")
def latency_at_another_side(paper: Paper) -> Flaw | None:
    """Section 3.2; Appendix A.2; Table 5: latency is measured on the images that the network is made for."""
    measured = paper.row(table="text", metric="latency_input_side")
    used = paper.row(table="text", space="mbv3", metric="input_side", statistic="used")
    if measured.value == used.value:
        return None
    small, large = (mbv3_costs.floor(1.0, 10, int(side)).macs / 1e6 for side in (measured.value, used.value))
    return Flaw(
        "Latency is said to be of one small sample in both spaces, while the input of MobileNetV3 is fixed at a larger "
        "one; which of the two the printed milliseconds are of is open.",
        f"{measured.value:.0f}×{measured.value:.0f} against {used.value:.0f}×{used.value:.0f}: the smallest network "
        f"does {small:.1f} M and {large:.1f} M MACs, {large / small:.0f} times as many",
        (*paper.rows(table="5", space="mbv3", metric="latency"), measured, used),
    )


@rule(9, "caveat", "Two descriptions of one test split", "Section 3.2; Appendix A.3; Tables 3 and 6; Figure 2")
def two_test_splits(paper: Paper) -> Flaw | None:
    """Section 3.2; Appendix A.3; Tables 3 and 6; Figure 2: labels of the meta-dataset come from one split."""
    classes = paper.row(table="text", metric="classes_per_task").value
    a_class = paper.row(table="text", metric="samples_per_class").value
    listed = classes * paper.row(table="text", metric="test_samples_per_class").value
    of_all = classes * paper.said("imagenet32_images_of_a_class")
    share = of_all * paper.row(table="text", metric="split_test").value / 100
    same_images = paper.said("samples_of_a_class") != "all" or abs(classes * a_class / of_all - 1) < SAME_SIZE
    if abs(listed / share - 1) < SAME_SIZE and same_images:
        return None
    level = paper.said("assumed_accuracy")["nb201"]
    return Flaw(
        "The method splits all images of the classes by shares, the appendix counts a fixed number of training and a "
        "few test images a class; the labels' noise differs several times between the two.",
        f"{listed:.0f} test images (standard error {proportion_error(level, int(listed)):.1f} points at {level:.0f} %) "
        f"against {share:,.0f} ({proportion_error(level, int(share)):.2f}); {a_class:,.0f} images a class against all "
        f"{of_all / classes:,.0f}",
        paper.rows(table=("3", "6"), metric=("spearman_accuracy_noisy", "spearman_accuracy_denoised")),
    )


@rule(14, "caveat", "Scaling factors tuned on test data sets", "Section 3.4; Tables 1, 2 and 5")
def tuned_on_test_datasets(paper: Paper) -> Flaw | None:
    """Section 3.4; Tables 1, 2 and 5: what is tuned is not judged on the data sets that it was tuned on."""
    tuning = paper.row(table="text", metric="scaling_factor_evaluations").dataset.split("+")
    tabled = sorted({n.dataset for n in paper.rows(table=("1", "2"), metric="test_accuracy")} & set(tuning))
    fifteen = sorted(set(paper.said("dataset_classes")) & set(tuning))
    if not tabled and not fifteen:
        return None
    shown = len({n.dataset for n in paper.rows(table=("1", "2"), metric="test_accuracy")})
    return Flaw(
        "The factors of the guides were searched for on data sets that then serve to compare the method with others, "
        "which were not tuned on them.",
        f"{len(tabled)} of {shown} data sets of Tables 1 and 2, {len(fifteen)} of {len(paper.said('dataset_classes'))} "
        f"of Table 5: {', '.join(tuning)}",
        (*paper.rows(table=("1", "2"), method=OURS, metric="test_accuracy"), *paper.rows(table="5", method=OURS)),
    )


@rule(15, "caveat", "Training architectures chosen by test accuracies", "Appendix A.1; Tables 2, 4 and 5")
def chosen_by_test_accuracy(paper: Paper) -> Flaw | None:
    """Appendix A.1; Tables 2, 4 and 5: architectures to learn from are not chosen by results on evaluation data "
    "sets."""
    ranked = paper.said("nb201_ranking_datasets")
    leaked = [dataset for dataset in ranked if dataset in paper.said("dataset_classes")]
    share = paper.row(table="text", metric="sampling_probability_top").value
    if not leaked or not share:
        return None
    top = paper.row(table="text", metric="top_architectures").value
    cells = nb201_facts.size()
    times = (share / 100) / (top / cells)
    return Flaw(
        "Generator and predictors learn mostly from the architectures that are best on average over data sets some of "
        "which are then test data sets; a draw from that set is good on them without any method.",
        f"{len(leaked)} of {len(ranked)} ranking data sets are evaluated ({', '.join(leaked)}); {share:.0f} % of the "
        f"rows come from {top:.0f} of {cells:,} architectures ({100 * top / cells:.1f} %), {times:.0f} times their "
        "share",
        paper.rows(table=("2", "4", "5"), space="nb201", method=OURS),
    )


@rule(20, "caveat", "A pooled correlation over mixed and overlapping rows", "Tables 3 and 6")
def pooled_correlation(paper: Paper) -> Flaw | None:
    """Tables 3 and 6: rows that judge a predictor share neither tasks nor architectures with those it learned from."""
    known = paper.said("released_meta_dataset")
    tasks, architectures, blocks = known["evaluation_tasks"], known["evaluation_architectures"], known["blocks"]
    if not tasks["shared"] and not architectures["shared"] and len(blocks) == 1:
        return None
    task_share = 100 * known["correlation_of_tasks_alone"] ** 2
    architecture_share = 100 * known["correlation_of_architectures_alone"] ** 2
    return Flaw(
        "The earlier meta-dataset's evaluation rows mostly repeat tasks and architectures of its training rows, its "
        "rows come from two protocols, and most of the variance is the task: a pooled correlation says little about "
        "ranking architectures on one task.",
        f"shared: {tasks['shared']} of {tasks['total']} tasks ({_percent(tasks)} %), {architectures['shared']} of "
        f"{architectures['total']} architectures ({_percent(architectures)} %); protocols: "
        + ", ".join(f"{b['rows']:,} rows in steps of {b['step']:g} around {b['mean']:.0f}" for b in blocks)
        + f" ({100 * _between(blocks):.0f} % of the pooled variance); within one protocol the tasks alone explain "
        f"{task_share:.0f} % of the variance, the architectures alone {architecture_share:.0f} %",
        paper.rows(table=("3", "6"), metric=("spearman_accuracy_noisy", "spearman_accuracy_denoised")),
    )


@rule(
    37, "caveat", "Data sets called unseen come from the pre-training images", "Table 8; Sections 3.2 and 3.3; Figure 2"
)
def seen_in_pretraining(paper: Paper) -> Flaw | None:
    """Table 8; Sections 3.2 and 3.3; Figure 2: what is called unseen was not part of any pre-training."""
    source, pretraining = paper.said("meta_dataset_source"), paper.said("mbv3_pretraining")
    if not paper.said("datasets_called_unseen") or pretraining != source:
        return None
    derived = [name for name in paper.said("derived_from_imagenet") if name in paper.said("dataset_classes")]
    classes = paper.row(table="text", metric="classes_per_task").value
    size = paper.row(table="text", metric="meta_dataset_size", space="mbv3").value
    return Flaw(
        "The super-network whose parts are fine-tuned, and presumably the image encoder, were trained on the very "
        "images of every task of the meta-dataset, test parts included, and on the source of some evaluation data "
        "sets.",
        f"{classes:.0f} of {classes:.0f} classes of each of the {size:,.0f} tasks; {len(derived)} of "
        f"{len(paper.said('dataset_classes'))} evaluation data sets: {', '.join(derived)}",
        (
            *paper.rows(table="3", space="mbv3", metric=("spearman_accuracy_noisy", "spearman_accuracy_denoised")),
            *paper.rows(table="5", space="mbv3", metric="test_accuracy"),
        ),
    )


def _percent(part: dict[str, int]) -> str:
    return f"{100 * part['shared'] / part['total']:.0f}"


def _between(blocks: list[dict[str, float]]) -> float:
    """The share of the pooled variance that lies between blocks."""
    rows = sum(b["rows"] for b in blocks)
    mean = sum(b["rows"] * b["mean"] for b in blocks) / rows
    between = sum(b["rows"] * (b["mean"] - mean) ** 2 for b in blocks)
    within = sum((b["rows"] - 1) * b["sd"] ** 2 for b in blocks)
    return between / (between + within)
