"""What the reference networks need to know of a search space: its matrix, its positions, its graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pomonag.errors import unknown_name


@dataclass(frozen=True)
class ReferenceSpace:
    """Size, positions, graph and noise range of a search space in DiffusionNAG's encoding.

    `period` is the number of rows after which the position encoding starts again; `sigma_max` is one value for score
    network, predictors and sampler alike (the release keeps several, which disagree).
    """

    name: str
    nodes: int
    operations: int
    period: int
    edges: tuple[tuple[int, int], ...]
    sigma_max: float
    sigma_min: float = 0.1

    @property
    def adjacency(self) -> Tensor:
        """The fixed graph as a float matrix [nodes, nodes]; entry (i, j) is 1 for an edge from i to j."""
        matrix = torch.zeros(self.nodes, self.nodes)
        for source, target in self.edges:
            matrix[source, target] = 1.0
        return matrix


# The release's graph of nb201: against the rows of the matrix, the cell edges (2 <- 1) and (3 <- 0) are exchanged. The
# published networks were trained so; with all 15,625 architectures as training set the rows are independent anyway.
_NB201_EDGES = ((0, 1), (0, 2), (0, 3), (1, 4), (1, 5), (2, 6), (3, 7), (4, 6), (5, 7), (6, 7))

REFERENCE_SPACES: Mapping[str, ReferenceSpace] = {
    "nb201": ReferenceSpace("nb201", nodes=8, operations=7, period=8, edges=_NB201_EDGES, sigma_max=5.0),
    "mbv3": ReferenceSpace(
        "mbv3", nodes=20, operations=9, period=4, edges=tuple((i, i + 1) for i in range(19)), sigma_max=1.0
    ),
}


def reference_space(name: str) -> ReferenceSpace:
    """The space called `name`; an unknown name is a `UserError` that lists the known ones."""
    if name not in REFERENCE_SPACES:
        raise unknown_name("search space", name, REFERENCE_SPACES)
    return REFERENCE_SPACES[name]


def transitive_closure(adjacency: Tensor) -> Tensor:
    """Reachability by one or more edges: [nodes, nodes] of zeros and ones, the released sampler's mask for nb201.

    >>> transitive_closure(torch.tensor([[0.0, 1, 0], [0, 0, 1], [0, 0, 0]])).tolist()
    [[0.0, 1.0, 1.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    """
    reach = adjacency > 0
    for middle in range(adjacency.shape[-1]):  # Warshall
        reach = reach | (reach[:, middle, None] & reach[None, middle, :])
    return reach.to(adjacency.dtype)
