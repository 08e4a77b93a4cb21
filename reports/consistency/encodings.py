"""How the text describes search spaces and encodings, against each other and against the spaces themselves."""

from __future__ import annotations

import numpy as np

from reports.consistency import mbv3_costs, nb201_facts
from reports.consistency.paper import Paper
from reports.consistency.rule import Flaw, rule
from reports.consistency.space_size import networks, stage_settings


@rule(10, "caveat", "More rows of operations than rows of connections", "Appendix A.2")
def matrices_of_different_size(paper: Paper) -> Flaw | None:
    """Appendix A.2: the two matrices of an encoding describe the same nodes."""
    wrong = []
    for space in ("nb201", "mbv3"):
        operations = paper.row(table="text", space=space, metric="operations_matrix_rows")
        connections = paper.row(table="text", space=space, metric="adjacency_matrix_rows")
        if operations.value != connections.value:
            wrong.append((operations, connections))
    if not wrong:
        return None
    return Flaw(
        "The row of the width has an operation but no place in the matrix of connections, so the network that reads "
        "both cannot be built as described.",
        "; ".join(
            f"{v.space}: {v.value:.0f} rows of operations, {e.value:.0f}×{e.value:.0f} connections" for v, e in wrong
        ),
        tuple(number for pair in wrong for number in pair),
    )


@rule(17, "caveat", "The expansion ratio is explained by the widths", "Appendix A.2")
def expansion_is_not_width(paper: Paper) -> Flaw | None:
    """Appendix A.2: the list of dimensions and the encoding describe the same choices."""
    bullet, encoded = paper.said("mbv3_expansion_bullet_values"), paper.said("mbv3_expansions")
    if bullet == len(encoded):
        return None
    return Flaw(
        "The list of dimensions describes the expansion ratio as a choice of width multipliers; the encoding has an "
        "expansion for each block and, apart from them, one width for the whole network.",
        f"{bullet} values in the list, {len(encoded)} ({', '.join(map(str, encoded))}) in the encoding; a width has "
        f"{networks(paper):.2e} networks with {len(encoded)} expansions and {networks(paper, bullet):.1e} with "
        f"{bullet}",
        paper.rows(table="text", space="mbv3", metric=("expansion_ratio", "width_multiplier")),
    )


@rule(21, "caveat", "The MobileNetV3 space is larger than said", "Appendix A.2")
def size_of_mbv3(paper: Paper) -> Flaw | None:
    """Appendix A.2: sizes of the space to the one digit that the paper prints.

    A caveat: the count is wrong, but no measurement rests on it.
    """
    one_width = networks(paper)
    exact = {"space_size": one_width, "space_size_with_width": len(mbv3_costs.WIDTHS) * one_width}
    wrong = tuple(
        number
        for metric, networks_there in exact.items()
        if f"{(number := paper.row(table='text', space='mbv3', metric=metric)).value:.0e}" != f"{networks_there:.0e}"
    )
    if not wrong:
        return None
    return Flaw(
        "The choices that the text lists give another number of networks than it states, for one width and for both.",
        f"a stage has {stage_settings(paper):,} settings, a width {one_width:.2e} networks (said "
        f"{_said(paper, 'space_size')}), all {exact['space_size_with_width']:.2e} (said "
        f"{_said(paper, 'space_size_with_width')})",
        wrong,
    )


@rule(22, "caveat", "Another order of operations than the benchmark's", "Appendix A.1")
def order_of_a_convolution(paper: Paper) -> Flaw | None:
    """Appendix A.1: operations of the cell are the benchmark's, or its accuracies are of other networks."""
    said, known = paper.said("nb201_convolution_order"), paper.said("benchmark_convolution_order")
    if list(said) == list(known):
        return None
    affected, cells = nb201_facts.cells_with_a_convolution(), nb201_facts.size()
    return Flaw(
        "The text puts normalisation and activation behind a convolution; the benchmark, whose accuracies are looked "
        "up, has the activation before it. Costs are the same, trained networks are not.",
        f"said: {', '.join(said)}; benchmark: {', '.join(known)}; {affected:,} of {cells:,} cells "
        f"({100 * affected / cells:.1f} %) hold a convolution",
    )


@rule(41, "caveat", "Four objectives that are three on NASBench201", "Abstract; Tables 3 and 5")
def params_and_macs_are_one(paper: Paper) -> Flaw | None:
    """Abstract; Tables 3 and 5: objectives that rank all architectures alike are one objective."""
    secondary = paper.said("secondary_objectives")
    if not {"params", "macs"} <= set(secondary):
        return None
    costs = nb201_facts.distinct_costs(10, paper.said("nb201_input_side"))
    params, macs = costs[:, 0], costs[:, 1]
    # Rows come in the order of params, each pair once: alike means that both rise from every row to the next.
    if not (np.diff(params) > 0).all() or not (np.diff(macs) > 0).all():
        return None
    scores = paper.rows(table="3", space="nb201", metric=("spearman_params_noisy", "spearman_macs_noisy"))
    columns = paper.rows(table="5", space="nb201", metric=("params", "macs"))
    return Flaw(
        "Params and MACs order the cells identically, so two of the fronts coincide, two guides follow one target, and "
        "two printed correlations are scores of two predictors on the same ranking.",
        f"{len(costs)} different pairs, {len(np.unique(params))} values of params and {len(np.unique(macs))} of MACs, "
        f"both rising together; correlations {', '.join(f'{n.value:.3f}' for n in scores)}; {len(secondary) + 1} "
        f"objectives are {len(secondary)}",
        (*scores, *columns),
    )


def _said(paper: Paper, metric: str) -> str:
    return f"{paper.row(table='text', space='mbv3', metric=metric).value:.0e}"
