"""Params and MACs against what the search spaces can hold: floors, ceilings, and the two columns against each other."""

from __future__ import annotations

from itertools import product

from reports.consistency import mbv3_costs, nb201_facts
from reports.consistency.paper import Paper
from reports.consistency.quantiles import Z, half_width, t_quantile
from reports.consistency.rule import Flaw, rule
from reports.paper_numbers import PaperNumber

# Half a unit of the last digit of a number printed in millions with two decimals.
HALF_DIGIT = 5_000
MILLION = 1e6
# Input sides that are tried to explain the MACs of MobileNetV3, smaller and larger than the usual ones.
TRIED_SIDES = range(32, 257, 16)


@rule(2, "impossible", "MACs below the smallest NASBench201 network", "Table 5")
def nb201_macs_below_the_floor(paper: Paper) -> Flaw | None:
    """Table 5: no mean of MACs on NASBench201 can lie below the smallest network of the space."""
    side = paper.said("nb201_input_side")
    fewest = min(map(min, paper.said("dataset_classes").values()))
    floor = int(nb201_facts.distinct_costs(fewest, side)[:, 1].min())
    least_side = paper.said("benchmark_least_side")
    floor_there = int(nb201_facts.distinct_costs(fewest, least_side)[:, 1].min())
    below = tuple(n for n in paper.rows(table="5", space="nb201", metric="macs") if _high(n) < floor)
    if not below:
        return None
    return Flaw(
        "The table gives mean MACs that no cell of the benchmark reaches, not even the one without any convolution, "
        "because stem, reductions and classifier cost more.",
        f"smallest network with {fewest} classes: {floor / MILLION:.2f} M at {side}×{side}, "
        f"{floor_there / MILLION:.2f} M at {least_side}×{least_side}, the benchmark's least; printed: {_listed(below)}",
        below,
    )


@rule(3, "impossible", "Params and MACs on NASBench201 cannot be of the same networks", "Table 5")
def nb201_params_fix_macs(paper: Paper) -> Flaw | None:
    """Table 5: on NASBench201 the mean params of any set of networks fix their mean MACs to a narrow range."""
    side = paper.said("nb201_input_side")
    classes = _class_counts(paper)
    wrong, lines, factors = [], [], []
    for macs in paper.rows(table="5", space="nb201", metric="macs"):
        params = paper.row(table="5", space="nb201", metric="params", method=macs.method)
        # Impossible is what no head could give; shown is what heads of the data sets' own sizes give.
        low, high = _macs_range(params, [*classes, paper.said("imagenet_classes")], side)
        if low - HALF_DIGIT <= macs.value * MILLION <= high + HALF_DIGIT:
            continue
        low, high = _macs_range(params, classes, side)
        factors.append((low / _high(macs), high / _low(macs)))
        costs = nb201_facts.distinct_costs(10, side)
        nearest = costs[abs(costs[:, 0] - params.value * MILLION).argmin()]
        wrong.append(macs)
        lines.append(
            f"{macs.method}: {params.value:.2f} M params allow {low / MILLION:.1f}–{high / MILLION:.1f} M MACs "
            f"(nearest single cell {nearest[0] / MILLION:.2f} M and {nearest[1] / MILLION:.1f} M), printed "
            f"{macs.value:.2f} M"
        )
    if not wrong:
        return None
    least, most = max(f[0] for f in factors), min(f[1] for f in factors)
    if least <= most:
        lines.append(f"one factor between {least:.2f} and {most:.2f} would explain all of them")
    return Flaw(
        "Both costs depend on the numbers of 1×1 and 3×3 convolutions alone and nearly proportionally, so the printed "
        "params leave no room for the printed MACs.",
        "; ".join(lines),
        tuple(wrong),
    )


@rule(4, "impossible", "MACs below the smallest MobileNetV3 at the said resolution", "Table 5; Table 8; Appendix A.2")
def mbv3_macs_below_the_floor(paper: Paper) -> Flaw | None:
    """Table 5; Table 8; Appendix A.2: at the fixed input side no mean of MACs can lie below the smallest network."""
    side = _mbv3_side(paper)
    narrow = min(mbv3_costs.WIDTHS)
    many = paper.said("imagenet_classes")
    fewest = min(map(min, paper.said("dataset_classes").values()))
    floor = mbv3_costs.floor(narrow, fewest, side).macs
    rows = paper.rows(table="5", space="mbv3", metric="macs")
    below = tuple(n for n in rows if _high(n) < floor)
    if not below:
        return None
    fitting = [s for s in TRIED_SIDES if _all_fit(rows, s)]
    return Flaw(
        "The input side is said to be fixed, and the training recipe resizes to it, but the networks that were counted "
        "saw smaller images.",
        f"smallest network at {side}×{side}, width {narrow}: {_floor(narrow, 10, side)} M with 10 classes, "
        f"{_floor(narrow, many, side)} M with {many}; printed: {_listed(below)}. Sides in steps of 16 at which all "
        f"printed means lie between the smallest and the largest network: {', '.join(map(str, fitting)) or 'none'}",
        below,
    )


@rule(6, "caveat", "Params and MACs of Eff fit neither own heads nor one ImageNet head", "Table 5")
def mbv3_heads(paper: Paper) -> Flaw | None:
    """Table 5: params and MACs of one MobileNetV3 row must have been counted with the same classifier."""
    params = paper.row(table="5", space="mbv3", metric="params", method="POMONAG-Eff")
    macs = paper.row(table="5", space="mbv3", metric="macs", method="POMONAG-Eff")
    narrow, many = min(mbv3_costs.WIDTHS), paper.said("imagenet_classes")
    per_class = mbv3_costs.head_params(narrow)
    readings = [[per_class * k for k in reading] for reading in _readings(paper)]
    least = min(map(half_width, readings))
    range_of_heads = max(readings[0]) - min(readings[0])
    side = max((s for s in TRIED_SIDES if mbv3_costs.floor(narrow, 10, s).macs <= _high(macs)), default=None)
    if params.ci95 is None or side is None or (params.ci95 + 0.005) * MILLION >= least:
        return None
    floor = mbv3_costs.floor(narrow, many, side)
    if floor.macs <= _high(macs):
        return None
    without_head = mbv3_costs.floor(narrow, 1, side).macs - (per_class - 1)
    fitting = (_high(macs) - without_head) // (per_class - 1)
    return Flaw(
        "The params vary less over the data sets than heads of the data sets' own sizes would make them, so one head "
        "was counted for all; with ImageNet's head the MACs lie below their floor at the largest side that fits them.",
        f"own heads: up to {range_of_heads / MILLION:.2f} M apart, half-width {least / MILLION:.2f} M for equal "
        f"networks, printed {params.ci95:.2f} M; {many} classes: floor {floor.params / MILLION:.2f} M params (printed "
        f"{params.value:.2f} M) and {floor.macs / MILLION:.2f} M MACs at {side}×{side} (printed {macs.value:.2f} M; "
        f"{_floor(narrow, 10, side)} M with 10 classes). One head of at most {fitting:.0f} classes would fit both "
        "columns",
        (params, macs),
    )


@rule(23, "impossible", "DiffusionNAG's params above the largest network without a width", "Table 5")
def diffusionnag_params_above_the_ceiling(paper: Paper) -> Flaw | None:
    """Table 5: a method whose encoding has no width cannot exceed the largest network of the width that it has.

    Impossible for the baseline as released; with a width of 1.2 added to it, it would be another method.
    """
    printed = paper.row(table="5", space="mbv3", metric="params", method="DiffusionNAG")
    widths = paper.said("diffusionnag_mbv3_widths")
    most, many = max(map(max, paper.said("dataset_classes").values())), paper.said("imagenet_classes")
    side = _mbv3_side(paper)
    ceilings = {k: max(mbv3_costs.ceiling(w, k, side).params for w in widths) for k in sorted({10, most, many})}
    if _low(printed) <= max(ceilings.values()):
        return None
    return Flaw(
        "The baseline as released generates networks of one width; their mean cannot exceed the largest of them.",
        "largest network: "
        + ", ".join(f"{params / MILLION:.2f} M ({k} classes)" for k, params in ceilings.items())
        + f"; printed {printed.text} M",
        (printed,),
    )


@rule(24, "caveat", "DiffusionNAG's params vary too little for one NASBench201 cell a data set", "Table 5")
def nb201_params_vary_too_little(paper: Paper) -> Flaw | None:
    """Table 5: the few values that params take on NASBench201 bound the half-width of a mean of single cells.

    A caveat, because means over several cells a data set can vary as little as printed.
    """
    printed = paper.row(table="5", space="nb201", metric="params", method="DiffusionNAG")
    if printed.ci95 is None:
        return None
    readings = _readings(paper)
    least = min(nb201_facts.least_half_width(k, _low(printed), _high(printed)) for k in readings)
    if (printed.ci95 + 0.005) * MILLION >= least:
        return None
    n = len(readings[0])
    values = len(nb201_facts.distinct_costs(10, paper.said("nb201_input_side")))
    heads = min(half_width([float(nb201_facts.distinct_costs(k, 32)[0, 0]) for k in reading]) for reading in readings)
    returned = paper.row(table="text", method="DiffusionNAG", metric="returned_architectures").value
    return Flaw(
        "Single cells whose mean prints like this differ more between data sets than the interval says. Either several "
        "cells a data set were averaged, which is not said, or the unit is not a million.",
        f"{values} values of params; least half-width of {n} single cells with a mean of {printed.value:.2f} M: "
        f"{least / MILLION:.3f} M ({least * Z / t_quantile(n) / MILLION:.3f} M by the normal quantile), printed "
        f"{printed.ci95:.2f} M. Equal means of the {returned:.0f} returned cells on all data sets would leave "
        f"{heads / MILLION:.3f} M from the heads",
        (printed,),
    )


def _macs_range(params: PaperNumber, classes: list[int], side: int) -> tuple[float, float]:
    """Least and greatest mean MACs of NASBench201 networks whose mean params print like this; nan if there are none."""
    return nb201_facts.mean_macs_range(_low(params), _high(params), classes, side)


def _class_counts(paper: Paper) -> list[int]:
    return [k for counts in paper.said("dataset_classes").values() for k in counts]


def _readings(paper: Paper) -> list[tuple[int, ...]]:
    """Numbers of classes of all data sets, once for each reading of those that have two label sets."""
    return list(product(*paper.said("dataset_classes").values()))


def _mbv3_side(paper: Paper) -> int:
    return int(paper.row(table="text", space="mbv3", metric="input_side", statistic="used").value)


def _all_fit(rows: tuple[PaperNumber, ...], side: int) -> bool:
    least = mbv3_costs.floor(min(mbv3_costs.WIDTHS), 10, side).macs
    most = mbv3_costs.ceiling(max(mbv3_costs.WIDTHS), 10, side).macs
    return all(_high(n) >= least and _low(n) <= most for n in rows)


def _floor(width: float, classes: int, side: int) -> str:
    return f"{mbv3_costs.floor(width, classes, side).macs / MILLION:.2f}"


def _low(number: PaperNumber) -> float:
    return number.value * MILLION - HALF_DIGIT


def _high(number: PaperNumber) -> float:
    return number.value * MILLION + HALF_DIGIT


def _listed(numbers: tuple[PaperNumber, ...]) -> str:
    return ", ".join(f"{n.method} {n.value:.2f} M" for n in numbers)
