"""Sentences of the text against the tables that they describe."""

from __future__ import annotations

from reports.consistency.paper import Paper
from reports.consistency.rule import Flaw, rule
from reports.paper_numbers import PaperNumber

SPACES = ("nb201", "mbv3")
COSTS = ("params", "macs", "latency")
FACTORS = ("accuracy", "params", "macs", "latency")
# The columns of Table 6, in the order in which they are joined in the method's name.
ABLATION_COLUMNS = ("strategy", "encoder", "pipeline", "size")
# A factor in the top tenth of its interval counts as pushed to the top.
NEAR_THE_TOP = 0.9


@rule(7, "caveat", "Bal is not where accuracy a unit of cost is highest", "Section 3.4; Table 5")
def balanced_ratio(paper: Paper) -> Flaw | None:
    """Section 3.4; Table 5: the balanced configuration has the highest ratio of accuracy to cost of its front.

    A caveat: the rule speaks of predicted accuracies on one data set, the table of means of measured ones.
    """
    if not paper.said("balanced_rule").startswith("highest ratio"):
        return None
    lines, cells = [], []
    for space in SPACES:
        for metric in COSTS:
            (eff, eff_accuracy), (bal, bal_accuracy) = (_configuration(paper, space, metric, c) for c in ("Eff", "Bal"))
            left, right = eff_accuracy.value / eff.value, bal_accuracy.value / bal.value
            if left > right:
                bound = 100 * eff.value / bal.value
                lines.append(f"{space} {metric}: Eff {left:.1f} > Bal {right:.1f} (unless < {bound:.0f} %)")
                cells.append(bal)
    if not lines:
        return None
    return Flaw(
        "By the printed means the ratio is higher for Eff than for Bal, so another rule chose Bal, or Eff was "
        "predicted to be far less accurate than it was measured to be.",
        "points of accuracy a unit of cost: "
        + "; ".join(lines)
        + "; in brackets what Eff would have to be predicted at, were Bal predicted at 100 %",
        tuple(cells),
    )


@rule(11, "caveat", "Text and table credit different factors with one step", "Appendix C; Table 6")
def credit_of_a_step(paper: Paper) -> Flaw | None:
    """Appendix C; Table 6: the factor that the text credits with a step is the one that the table changes."""
    credit, same = paper.said("ablation_credit"), paper.said("ablation_same_pipeline")
    before, after = (_ablation_row(paper, credit[end]) for end in ("before", "after"))
    changed = [c for c in ABLATION_COLUMNS if _column(before, c) != _column(after, c)]
    row = _ablation_row(paper, same["row"])
    agrees = _column(row, "strategy") == same["strategy"]
    if credit["factor"] in changed and agrees:
        return None
    return Flaw(
        "The text credits a step to one factor where the table changes another, or describes a row as made by another "
        "training than the table does.",
        f"{before.value:.3f} to {after.value:.3f} ({after.value - before.value:+.3f}): text {credit['factor']}, table "
        f"{', '.join(changed) or 'nothing'}; row {row.value:.3f}: text {same['strategy']}, table "
        f"{_column(row, 'strategy')}",
        tuple(n for n in paper.rows(table="6") if n.method in {before.method, after.method, row.method}),
    )


@rule(18, "caveat", "More efficient on MobileNetV3, except in latency", "Abstract; Section 4; Table 5")
def better_in_all_costs(paper: Paper) -> Flaw | None:
    """Abstract; Section 4; Table 5: where a configuration is called more efficient, no cost is higher."""
    worse, lines = [], []
    for space in paper.said("claimed_better_costs"):
        for metric in COSTS:
            ours = paper.row(table="5", space=space, metric=metric, method="POMONAG-Acc")
            theirs = paper.row(table="5", space=space, metric=metric, method="DiffusionNAG")
            if ours.value > theirs.value:
                worse.append(ours)
                change = 100 * (ours.value / theirs.value - 1)
                named = paper.rows(table="text", space=space, method="POMONAG-Acc over DiffusionNAG")
                lines.append(
                    f"{space} {metric}: {ours.value:.2f} > {theirs.value:.2f} {ours.unit}, {change:+.1f} %; the text "
                    "names " + ", ".join(f"{n.metric.removesuffix('_change')} {n.value:+.0f} %" for n in named)
                )
    if not worse:
        return None
    return Flaw(
        "The text lists costs that fall and leaves out what rises, while the abstract claims efficiency in general.",
        "; ".join(lines),
        tuple(worse),
    )


@rule(32, "caveat", "Efficient factors found by an objective without costs", "Section 3.4")
def objective_without_costs(paper: Paper) -> Flaw | None:
    """Section 3.4: factors that are to stretch a front are searched for by something that rewards a stretched front."""
    objective = " ".join(paper.said("factor_objective"))
    if any(word in objective for word in (*COSTS, "cost", "extent", "hypervolume")):
        return None
    numbers = [
        paper.row(table="text", method="POMONAG efficient phase", space=s, metric=f"scaling_factor_{f}")
        for s in SPACES
        for f in FACTORS
    ]
    shares = [_share_of_interval(paper, n) for n in numbers]
    top = [share for share in shares if share > NEAR_THE_TOP]
    if 2 * len(top) <= len(shares):
        return None
    acc, eff = (_configuration(paper, "nb201", "params", c)[1].value for c in ("Acc", "Eff"))
    factors = ", ".join(f"{n.value:.0f} ({share:.2f})" for n, share in zip(numbers, shares))
    return Flaw(
        "The search maximises the mean predicted accuracy of the front, in which neither costs nor width count and "
        "which falls with every cheap architecture; yet most factors of the efficient phase lie at the top of their "
        "intervals, which then, and not the objective, may have set them.",
        f"{len(top)} of {len(shares)} efficient factors are at least {min(top):.2f} of the way up: {factors}; a front "
        f"of Acc alone has a mean of {acc:.2f} %, with Eff added {(acc + eff) / 2:.2f} % (Table 5, nb201)",
        tuple(numbers),
    )


@rule(42, "caveat", "One accuracy for up to three architectures", "Section 3.4; Table 5")
def one_accuracy_for_three(paper: Paper) -> Flaw | None:
    """Section 3.4; Table 5: a configuration taken from each of several fronts has an accuracy for each."""
    fronts = len(paper.said("fronts"))
    cells = tuple(
        n
        for space in SPACES
        for c in ("Eff", "Bal")
        if len(rows := paper.rows(table="5", space=space, method=f"POMONAG-{c}", metric="test_accuracy")) < fronts
        for n in rows
    )
    if not cells or fronts < 2 or paper.said("table_5_front"):
        return None
    return Flaw(
        "Every front has its own Eff and its own Bal; one accuracy is printed for each of the two, and which front's "
        "it is, or how they were averaged, is not said.",
        f"{fronts} fronts ({', '.join(paper.said('fronts'))}) give up to {fronts} architectures a configuration and "
        f"data set; accuracies printed: {len(cells)} for 2 configurations in {len(SPACES)} spaces",
        cells,
    )


def _configuration(paper: Paper, space: str, metric: str, name: str) -> tuple[PaperNumber, PaperNumber]:
    """The cost and the accuracy of a configuration in Table 5."""
    method = f"POMONAG-{name}"
    cost = paper.row(table="5", space=space, method=method, metric=metric)
    return cost, paper.row(table="5", space=space, method=method, metric="test_accuracy")


def _ablation_row(paper: Paper, noisy: float) -> PaperNumber:
    return next(n for n in paper.rows(table="6", metric="spearman_accuracy_noisy") if n.value == noisy)


def _column(number: PaperNumber, column: str) -> str:
    """An entry of Table 6; the method is called by its columns, joined by commas."""
    return number.method.split(", ")[ABLATION_COLUMNS.index(column)].removesuffix(f" {column}")


def _share_of_interval(paper: Paper, factor: PaperNumber) -> float:
    """How far up its search interval a factor lies, from 0 to 1."""
    name = "accuracy" if factor.metric == "scaling_factor_accuracy" else "params_macs_latency"
    low, high = (
        paper.row(
            table="text", method=factor.method, metric=f"scaling_factor_{name}_search", statistic=f"{end}_bound"
        ).value
        for end in ("lower", "upper")
    )
    return (factor.value - low) / (high - low)
