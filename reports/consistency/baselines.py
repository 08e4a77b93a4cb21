"""How other methods were run, counted and looked up, against how POMONAG was."""

from __future__ import annotations

from collections import defaultdict

from reports.consistency.paper import Paper
from reports.consistency.rule import Flaw, rule
from reports.paper_numbers import PaperNumber

OURS = "POMONAG-Acc"
THEIRS = "DiffusionNAG"


@rule(8, "caveat", "Accuracies above the best entry of the table", "Table 2")
def above_the_best_entry(paper: Paper) -> Flaw | None:
    """Table 2: an accuracy above the best of all looked-up ones is not due to the search alone."""
    best = paper.said("nb201_best")
    above = tuple(
        n
        for n in paper.rows(table="2", method=OURS, dataset=tuple(best), metric="test_accuracy")
        if n.value > best[n.dataset] + 0.005
    )
    if not above:
        return None
    return Flaw(
        "The others are looked up in the benchmark's table, POMONAG's architecture was trained again with another "
        "recipe, and exceeds the best of all cells: the difference mixes search and recipe.",
        "; ".join(
            f"{n.dataset}: {n.value:.2f} − {best[n.dataset]:.2f} = {n.value - best[n.dataset]:+.2f}" for n in above
        ),
        above,
    )


@rule(13, "caveat", "One architecture against the extremes of several", "Table 1")
def extremes_of_one(paper: Paper) -> Flaw | None:
    """Table 1: highest, mean and lowest accuracies are compared between equal numbers of architectures."""
    ranges = _ranges(paper)
    others = {key: values for key, values in ranges.items() if key[0] != OURS}
    single = [name for (method, name), v in ranges.items() if method == OURS and v["max"] == v["min"]]
    gaps = [v["max"] - v["min"] for (_, name), v in others.items() if name in single]
    if paper.said("table_1_trained_architectures")["pomonag"] != "one" or not single or not max(gaps):
        return None
    above = [f"{method} on {name}" for (method, name), v in others.items() if v["max"] > ranges[OURS, name]["max"]]
    return Flaw(
        "Between equally good methods the lowest of several accuracies lies below a single one, and the highest above; "
        "only the means compare.",
        f"POMONAG's highest equals its lowest on {len(single)} data sets, others' lie {min(gaps):.2f} to "
        f"{max(gaps):.2f} points apart there; highest above POMONAG's: {', '.join(above) or 'none'}",
        paper.rows(table="1", method=OURS, statistic=("max", "min")),
    )


@rule(26, "caveat", "Half-widths of zero where nothing is looked up", "Section 4; Tables 1 and 2")
def zero_without_look_up(paper: Paper) -> Flaw | None:
    """Section 4; Tables 1 and 2: a half-width is zero where accuracies are looked up, and only there."""
    said = paper.said("looked_up")
    transferable = [n for n in paper.rows(table="2", metric="test_accuracy") if n.note == "family transferable"]
    other = tuple(
        n for n in transferable if n.method != OURS and n.dataset in said["datasets"] and n.ci95 != said["half_width"]
    )
    trained = [
        n
        for n in paper.rows(table=("1", "2"), metric="test_accuracy")
        if n.table == "1" or n.dataset not in said["datasets"]
    ]
    zero = tuple(n for n in trained if n.ci95 == 0)
    if not other and not zero:
        return None
    by_value: dict[tuple[str, float], list[str]] = defaultdict(list)
    for n in zero:
        by_value[n.dataset, n.value].append(n.method)
    twice = [
        f"{' and '.join(m)} both {value:.2f} on {dataset}" for (dataset, value), m in by_value.items() if len(m) > 1
    ]
    return Flaw(
        "The text explains zero half-widths by the look-up of accuracies; one looked-up method has another, and zeros "
        "stand where networks have to be trained.",
        f"{len(other)} looked up and not {said['half_width']:.2f}: {_listed(other)}; {len(zero)} trained and 0.00: "
        f"{_listed(zero)}" + "".join(f"; {text}" for text in twice),
        (*other, *zero),
    )


@rule(27, "caveat", "Numbers of trained architectures that leave trainings out", "Table 2; Sections 3.2 and 3.4")
def trainings_left_out(paper: Paper) -> Flaw | None:
    """Table 2; Sections 3.2 and 3.4: what was trained for a result is counted for every method by one rule."""
    theirs = paper.rows(table="2", method=THEIRS, metric="trained_architectures")
    ours = paper.rows(table="2", method=OURS, metric="trained_architectures")
    returned = paper.row(table="text", method=THEIRS, metric="returned_architectures").value
    sizes = {n.space: n.value for n in paper.rows(table="text", method="POMONAG", metric="meta_dataset_size")}
    trials = _one(paper, "pipeline_tuning_pairs") * _one(paper, "pipeline_tuning_steps")
    fewer = [n for n in theirs if n.value != returned]
    if not fewer and all(n.value >= sizes[n.space] for n in ours):
        return None
    fronts = len(paper.said("fronts"))
    return Flaw(
        "The baseline returns a fixed number of architectures but is tabled with fewer on some data sets; POMONAG's "
        "count leaves out the meta-dataset and the tuning of the pipeline, and holds for one configuration.",
        f"returned {returned:.0f}, tabled {', '.join(f'{n.value:.0f}' for n in theirs)}; POMONAG's "
        f"{', '.join(f'{n.value:.0f}' for n in ours)} without "
        + " and ".join(f"{size:,.0f} trainings ({space})" for space, size in sizes.items())
        + f" and {trials:.0f} trials a space; Eff and Bal on {fronts} fronts are up to {2 * fronts} further "
        "architectures",
        (*theirs, *ours),
    )


@rule(30, "caveat", "Results that need what could not be replicated", "Tables 3, 4 and 5; Figure 4")
def results_without_predictors(paper: Paper) -> Flaw | None:
    """Tables 3, 4 and 5; Figure 4: a method that generates by its predictors can be run where they exist."""
    predictors = paper.rows(table="3", method=THEIRS, space="mbv3")
    results = paper.rows(table=("4", "5"), method=THEIRS, space="mbv3")
    unavailable = paper.rows(table="3", space="mbv3", note="DiffusionNAG printed as N/A: could not be replicated")
    if predictors or not results or not unavailable:
        return None
    return Flaw(
        "The baseline's predictors on MobileNetV3 are said not to be replicable, yet generation and costs that need "
        "them are tabled without a word on how they were obtained.",
        f"Table 3: {len(predictors)} correlations of {THEIRS} on MobileNetV3 ({len(unavailable)} not replicated); "
        f"Tables 4 and 5: {len(results)} numbers of it",
        results,
    )


@rule(31, "caveat", "The baseline's settings are not the release's", "Section 3.4; Tables 4 and 5")
def settings_of_the_baseline(paper: Paper) -> Flaw | None:
    """Section 3.4; Tables 4 and 5: a baseline is run as its authors released it, or the difference is stated."""
    factor = paper.row(table="text", method=THEIRS, metric="scaling_factor_accuracy").value
    returned = paper.row(table="text", method=THEIRS, metric="returned_architectures").value
    lines, spaces = [], []
    for space, release in paper.said("diffusionnag_guidance").items():
        if (factor, 0, f"{returned:.0f}") == (release["first"], release["step"], release["kept"]):
            continue
        spaces.append(space)
        lines.append(
            f"{space}: {factor:,.0f} in all experiments against {release['first']:,} "
            f"(a ratio of {release['first'] / factor:.3g}) falling by {release['step']} a round, {returned:.0f} kept "
            f"against {release['kept']}"
        )
    if not lines:
        return None
    return Flaw(
        "A constant factor and a fixed number of returned architectures stand for a method whose release starts at a "
        "factor of its own in each space, lowers it round by round, and keeps more.",
        "; ".join(lines),
        paper.rows(table=("4", "5"), method=THEIRS, space=tuple(spaces)),
    )


@rule(40, "caveat", "Baselines trained with other recipes", "Tables 1, 2 and 8")
def other_recipes(paper: Paper) -> Flaw | None:
    """Tables 1, 2 and 8: accuracies compare methods only under one training recipe and one set of labels."""
    ours, theirs = paper.said("recipe"), paper.said("diffusionnag_recipe")
    readings = [str(k) for k in paper.said("dataset_classes")["aircraft"]]
    lines: list[str] = []
    cells: list[PaperNumber] = []
    for space, table, datasets in (("nb201", "2", ("aircraft", "pets")), ("mbv3", "1", ())):
        differing = [key for key, value in ours[space].items() if theirs[space][key] != value]
        if not differing:
            continue
        settings = ", ".join(f"{key} {theirs[space][key]} / {ours[space][key]}" for key in differing)
        rows = paper.rows(table=table, space=space, metric="test_accuracy", statistic="mean")
        names = datasets or tuple(dict.fromkeys(n.dataset for n in rows))
        gains = ", ".join(f"{name} {_gain(rows, name):+.2f}" for name in names)
        lines.append(f"Table {table} (release / Table 8: {settings}): {gains}")
        cells.extend(paper.rows(table=table, space=space, dataset=names, metric="test_accuracy"))
    if not lines:
        return None
    if paper.said("aircraft_classes") is None:
        lines.append(f"Aircraft with {' or '.join(readings)} classes is not said")
    return Flaw(
        "The other methods' figures come from their own shorter or plainer trainings, POMONAG's from a tuned recipe, "
        "so the gains cannot be credited to the search.",
        "; ".join(lines),
        tuple(cells),
    )


def _ranges(paper: Paper) -> dict[tuple[str, str], dict[str, float]]:
    """Table 1 by method and data set: max, mean, min."""
    found: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for n in paper.rows(table="1", metric="test_accuracy"):
        found[n.method, n.dataset][n.statistic] = n.value
    return found


def _gain(rows: tuple[PaperNumber, ...], dataset: str) -> float:
    by_method = {n.method: n.value for n in rows if n.dataset == dataset}
    return by_method[OURS] - by_method[THEIRS]


def _one(paper: Paper, metric: str) -> float:
    return paper.row(table="text", metric=metric).value


def _listed(numbers: tuple[PaperNumber, ...]) -> str:
    return ", ".join(f"{n.method} {n.dataset} {n.statistic} {n.text}" for n in numbers) or "none"
