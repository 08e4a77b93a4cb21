"""What was generated: validity, uniqueness and novelty of Table 4, and the sets that they are counted against."""

from __future__ import annotations

from math import ceil, floor

from reports.consistency import mbv3_costs, nb201_facts
from reports.consistency.paper import Paper
from reports.consistency.rule import Flaw, rule
from reports.consistency.space_size import networks
from reports.paper_numbers import PaperNumber

# Half a unit of the last digit of a percentage printed with two decimals.
HALF_DIGIT = 0.005


@rule(1, "caveat", "An interval of validity reaches above 100 %", "Table 4")
def interval_above_hundred(paper: Paper) -> Flaw | None:
    """Table 4: shares cannot exceed 100 %, nor can a sensible interval of them.

    A caveat: the interval is impossible, the mean inside it is not.
    """
    beyond = tuple(n for n in paper.rows(table="4", unit="%") if n.ci95 and round(n.value + n.ci95, 9) > 100)
    if not beyond:
        return None
    return Flaw(
        "A symmetric interval was put around a share near its limit; part of it lies where no share can be.",
        "; ".join(
            f"{n.method} {n.space} {n.metric}: {n.text} reaches {n.value + n.ci95:.2f} %" for n in beyond if n.ci95
        ),
        beyond,
    )


@rule(16, "caveat", "Novelty above uniqueness", "Table 4")
def novelty_above_uniqueness(paper: Paper) -> Flaw | None:
    """Table 4: with one denominator the distinct novel architectures are at most the distinct ones."""
    if paper.said("denominators_of_uniqueness_and_novelty"):
        return None
    pairs = []
    for novelty in paper.rows(table="4", metric="novelty"):
        uniqueness = paper.row(table="4", method=novelty.method, space=novelty.space, metric="uniqueness")
        if novelty.value > uniqueness.value:
            pairs.append((uniqueness, novelty))
    if not pairs:
        return None
    return Flaw(
        "Distinct new architectures are at most the distinct ones, so novelty has another denominator than uniqueness "
        "or counts duplicates; neither share is defined.",
        "; ".join(f"{n.method} {n.space}: novelty {n.value:.2f} % > uniqueness {u.value:.2f} %" for u, n in pairs),
        tuple(number for pair in pairs for number in pair),
    )


@rule(25, "caveat", "Validities that three runs of the said batch cannot give", "Table 4; Section 3.4")
def validity_off_the_grid(paper: Paper) -> Flaw | None:
    """Table 4; Section 3.4: a mean share over runs of a known batch is a multiple of one over all samples."""
    runs = int(paper.row(table="text", metric="runs").value)
    samples = runs * int(paper.said("table_4_samples") or _batch(paper))
    rows = paper.rows(table="4", metric="validity")
    off = tuple(n for n in rows if not _on_grid(n.value, samples))
    if not off:
        return None
    # From 10,000 samples on the steps are as fine as the printed digits.
    fitting = next(n for n in range(1, 10_001) if all(_on_grid(row.value, n) for row in rows))
    return Flaw(
        "The batch that the method generates cannot have produced these shares, so the table rests on another number "
        "of samples, which is not said.",
        f"{runs} runs of {samples // runs}: steps of 100/{samples} = {100 / samples:.2f} %; nearest possible "
        + ", ".join(f"{_nearest(n.value, samples)} for {n.value:.2f}" for n in off)
        + f" %. The fewest samples in all that give every printed mean: {fitting}",
        off,
    )


@rule(33, "caveat", "The larger meta-dataset holds fewer architectures", "Appendices A.1 and C; Figure 2; Table 6")
def fewer_distinct_architectures(paper: Paper) -> Flaw | None:
    """Appendices A.1 and C; Figure 2; Table 6: a larger set drawn from few architectures need not be more diverse."""
    if "more diverse" not in paper.said("meta_dataset_virtues"):
        return None
    high, low = _expected_distinct(paper)
    earlier = paper.said("released_meta_dataset")["distinct_architectures"]
    if high + low >= earlier:
        return None
    rows = _meta_dataset_size(paper, "POMONAG", "nb201")
    old = _meta_dataset_size(paper, "DiffusionNAG", "nb201")
    return Flaw(
        "The set is called larger and more diverse, but its rows are expected to repeat a few architectures; the "
        "earlier, smaller set holds more different ones.",
        f"expected distinct architectures in {rows.value:,.0f} draws: {high:.0f} + {low:.0f} = {high + low:.0f}; in "
        f"the {old.value:,.0f} earlier rows: {earlier:,}",
        (rows, *_ablation_of_size(paper, rows.value)),
    )


@rule(34, "caveat", "Novelty is counted against unlike sets", "Table 4")
def novelty_against_unlike_sets(paper: Paper) -> Flaw | None:
    """Table 4: shares of new architectures compare only if they are counted against the same set."""
    if paper.said("novelty_reference") != "each method's own training set":
        return None
    ours, theirs = sum(_expected_distinct(paper)), paper.said("released_meta_dataset")["distinct_architectures"]
    cells = nb201_facts.size()
    rows = _meta_dataset_size(paper, "POMONAG", "mbv3").value
    settings = len(mbv3_costs.WIDTHS) * networks(paper)
    return Flaw(
        "Each method's novelty refers to what it was trained on; the smaller that set, the more is new by chance. On "
        "MobileNetV3 everything is.",
        f"a uniform draw on NASBench201 is new with {100 * (1 - ours / cells):.1f} % against {ours:.0f} architectures, "
        f"with {100 * (1 - theirs / cells):.1f} % against {theirs:,}; on MobileNetV3 it is in the training set with "
        f"{rows / settings:.0e} probability ({rows:,.0f} of {settings:.2e})",
        paper.rows(table="4", metric="novelty"),
    )


@rule(35, "caveat", "Unique architectures that are equal networks", "Appendix A.1; Table 4")
def isomorphic_architectures(paper: Paper) -> Flaw | None:
    """Appendix A.1; Table 4: architectures called unique should differ as networks, not only as strings."""
    said = paper.row(table="text", space="nb201", metric="space_size")
    sizes, cells = nb201_facts.class_sizes(), nb201_facts.size()
    if said.value <= len(sizes):
        return None
    draws = _batch(paper)
    by_string = cells * (1 - (1 - 1 / cells) ** draws)
    by_class = sum(1 - (1 - size / cells) ** draws for size in sizes)
    return Flaw(
        "The number of strings is given as the number of unique architectures; many strings describe the same network, "
        "and uniqueness by strings counts it as often as it is written differently.",
        f"{said.value:,.0f} strings, {len(sizes):,} up to isomorphism; {draws} uniform draws are distinct by "
        f"{100 * by_string / draws:.1f} % as strings, by {100 * by_class / draws:.1f} % as networks",
        (said, *paper.rows(table="4", space="nb201", metric="uniqueness")),
    )


@rule(36, "caveat", "A large loss of validity is called slight", "Section 4; Table 4")
def slight_decrease(paper: Paper) -> Flaw | None:
    """Section 4; Table 4: what the text calls a slight decrease should be one."""
    ours, theirs = (
        {n.metric: n for n in paper.rows(table="4", space="mbv3", method=m)} for m in ("POMONAG", "DiffusionNAG")
    )
    loss = theirs["validity"].value - ours["validity"].value
    if paper.said("mbv3_validity_drop") != "slight" or loss <= paper.said("assumed_slight_points"):
        return None
    batch = _batch(paper)
    left, right = (batch * m["validity"].value * m["uniqueness"].value / 1e4 for m in (ours, theirs))
    return Flaw(
        "Far fewer of the generated architectures are valid, which the text calls a slight decrease.",
        f"{theirs['validity'].value:.2f} − {ours['validity'].value:.2f} = {loss:.1f} points; distinct valid "
        f"architectures of {batch} (validity times uniqueness): {left:.0f} against {right:.0f}",
        (ours["validity"], ours["uniqueness"]),
    )


def _batch(paper: Paper) -> int:
    """Architectures a generation: one batch of DiffusionNAG, as many as the two phases of POMONAG."""
    return int(paper.row(table="text", method="DiffusionNAG", metric="generation_batch").value)


def _on_grid(percent: float, samples: int) -> bool:
    """Whether a share of `samples` prints as this percentage."""
    return ceil((percent - HALF_DIGIT) * samples / 100 - 1e-9) <= floor((percent + HALF_DIGIT) * samples / 100 + 1e-9)


def _nearest(percent: float, samples: int) -> str:
    return f"{100 * round(percent * samples / 100) / samples:.2f}"


def _expected_distinct(paper: Paper) -> tuple[float, float]:
    """Expected distinct architectures from the top and from the rest among the rows of POMONAG's nb201 meta-dataset."""
    draws = _meta_dataset_size(paper, "POMONAG", "nb201").value
    top = paper.row(table="text", metric="top_architectures").value
    shares = (paper.row(table="text", metric=f"sampling_probability_{part}").value / 100 for part in ("top", "rest"))
    sizes = (top, nb201_facts.size() - top)
    high, low = (size * (1 - (1 - share / size) ** draws) for share, size in zip(shares, sizes))
    return high, low


def _meta_dataset_size(paper: Paper, method: str, space: str) -> PaperNumber:
    return paper.row(table="text", metric="meta_dataset_size", method=method, space=space)


def _ablation_of_size(paper: Paper, size: float) -> tuple[PaperNumber, ...]:
    return tuple(n for n in paper.rows(table="6") if n.method.endswith(f", {size:.0f}"))
