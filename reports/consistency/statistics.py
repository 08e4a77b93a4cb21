"""What intervals are over, what they imply, and what correlations and differences of means can show."""

from __future__ import annotations

from itertools import combinations
from math import sqrt

from reports.consistency.paper import Paper
from reports.consistency.quantiles import Z, proportion_error, spread_of, t_quantile
from reports.consistency.rule import Flaw, rule
from reports.paper_numbers import PaperNumber


@rule(12, "caveat", "Intervals of different tables are over different things", "Tables 1, 2, 4 and 5")
def intervals_over_different_things(paper: Paper) -> Flaw | None:
    """Tables 1, 2, 4 and 5: the reader can tell what each half-width is over."""
    over = paper.said("intervals_over")
    if len(set(over.values())) == 1 and "not said" not in over.values():
        return None
    runs, datasets = _runs(paper), _datasets(paper)
    widest = max(paper.rows(table="5", metric="test_accuracy"), key=_half)
    same = paper.row(table="2", method="POMONAG-Acc", dataset="cifar10", metric="test_accuracy")
    return Flaw(
        "The sign ± stands for spreads over different things, in one table for an unexplained one, and always looks "
        "alike.",
        "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in over.items())
        + f"; {widest.text} over {datasets} data sets is a standard deviation of "
        f"{spread_of(_half(widest), datasets):.1f} points, {same.text} over {runs} runs one of "
        f"{spread_of(_half(same), runs):.2f}",
        paper.rows(table=("1", "5")),
    )


@rule(19, "caveat", "The quantile behind ± is not said", "Captions of Tables 2, 4 and 5")
def quantile_not_said(paper: Paper) -> Flaw | None:
    """Captions of Tables 2, 4 and 5: a half-width over few runs needs its quantile to be turned into a spread."""
    if paper.said("interval_quantile"):
        return None
    lines = [
        f"n = {n}: t {t_quantile(n):.3f}, normal {Z:.2f}, implied standard deviations {t_quantile(n) / Z:.2f}-fold "
        "apart"
        for n in (_runs(paper), _datasets(paper))
    ]
    # A half-width that is cut off in the source text is printed all the same.
    marked = tuple(
        n for n in paper.rows(table=("1", "2", "4", "5")) if n.ci95 is not None or n.note.startswith("ci95 cut off")
    )
    return Flaw(
        "With so few runs Student's and the normal quantile differ so much that the spread behind an interval is not "
        "known.",
        "; ".join(lines) + f"; {len(marked)} intervals",
        marked,
    )


@rule(38, "caveat", "A correlation that labels this noisy can hardly have", "Table 3; Appendix A.3")
def correlation_beyond_the_noise(paper: Paper) -> Flaw | None:
    """Table 3; Appendix A.3: labels' sampling noise caps the correlation with them, unless they spread widely.

    Even a predictor that knows the true accuracies reaches only √(1 − noise variance / label variance), a bound for the
    product-moment correlation that is taken for the rank correlation here.
    """
    printed = paper.row(table="3", space="mbv3", method="POMONAG", metric="spearman_accuracy_denoised")
    classes = paper.row(table="text", metric="classes_per_task").value
    few = int(classes * paper.row(table="text", metric="test_samples_per_class").value)
    share = paper.row(table="text", metric="split_test").value / 100
    many = int(classes * paper.said("imagenet32_images_of_a_class") * share)
    level = paper.said("assumed_accuracy")["mbv3"]
    needed, with_many = (proportion_error(level, n) / sqrt(1 - printed.value**2) for n in (few, many))
    if level + needed <= 100:
        return None
    return Flaw(
        "With the appendix's few test images the labels would have to spread so widely around their level that a "
        "standard deviation above it is more than all images right; Figure 2 is to be compared.",
        f"ρ = {printed.value:.3f}; {few} images: standard error {proportion_error(level, few):.1f} points at "
        f"{level:.0f} %, labels need a standard deviation of at least {needed:.1f} points ({with_many:.1f} with the "
        f"{many:,} images of the other split); {level:.0f} + {needed:.1f} > 100",
        (printed,),
    )


@rule(39, "caveat", "Overlapping intervals over data sets, no paired differences", "Table 5")
def overlapping_intervals(paper: Paper) -> Flaw | None:
    """Table 5: a gain over the same data sets is shown by differences data set by data set."""
    if paper.said("table_5_pairing") == "paired":
        return None
    lines: list[str] = []
    cells: list[PaperNumber] = []
    for space, table in (("nb201", "2"), ("mbv3", "1")):
        rows = paper.rows(table="5", space=space, metric="test_accuracy")
        pairs = list(combinations(rows, 2))
        overlaps = sum(abs(a.value - b.value) <= _half(a) + _half(b) for a, b in pairs)
        if overlaps < len(pairs):
            continue
        cells.extend(rows)
        gain = _gain(rows)
        tuned = _gains_by_dataset(paper, space, table)
        total = gain * _datasets(paper)
        largest = max(tuned, key=lambda name: tuned[name])
        lines.append(
            f"{space}: {overlaps} of {len(pairs)} pairs overlap; gain {gain:.2f}, of which the {len(tuned)} data sets "
            f"of Table {table}, if they enter, give {100 * sum(tuned.values()) / total:.0f} % ({largest} alone "
            f"{100 * tuned[largest] / total:.0f} %)"
        )
    if not lines:
        return None
    return Flaw(
        "The intervals show how different the data sets are, all of them overlap, and differences on the same data set "
        "are not printed; the mean gain may come from few of them, the tuning data sets among these.",
        "; ".join(lines),
        tuple(cells),
    )


def _half(number: PaperNumber) -> float:
    return number.ci95 or 0.0


def _gain(rows: tuple[PaperNumber, ...]) -> float:
    by_method = {n.method: n.value for n in rows}
    return by_method["POMONAG-Acc"] - by_method["DiffusionNAG"]


def _gains_by_dataset(paper: Paper, space: str, table: str) -> dict[str, float]:
    rows = paper.rows(table=table, space=space, metric="test_accuracy", statistic="mean")
    names = dict.fromkeys(n.dataset for n in rows)
    return {name: _gain(tuple(n for n in rows if n.dataset == name)) for name in names}


def _runs(paper: Paper) -> int:
    return int(paper.row(table="text", metric="runs").value)


def _datasets(paper: Paper) -> int:
    return int(paper.row(table="text", metric="evaluation_datasets").value)
