"""What the reference networks need to know of a search space: its matrix, its positions, its graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from pomonag.errors import unknown_name
from pomonag.spaces import search_space
from pomonag.spaces.encoding import Encoding


@dataclass(frozen=True)
class ReferenceSpace:
    """A search space in one of its encodings, and what DiffusionNAG fixes beside the matrix and its graph.

    `positions` are those of the rows in the position encoding; `predictor` is the kind of its noisy predictors;
    `sigma_max` is one value for score network, predictors and sampler alike (the release keeps several, which
    disagree). `lite_steps` is how long the score network is trained on a laptop; `files` begins the checkpoints' names.
    """

    name: str
    encoding: str
    positions: tuple[int, ...]
    predictor: str
    sigma_max: float
    sigma_min: float = 0.1
    lite_steps: int = 6_000
    files: str = "reference"

    @property
    def matrix(self) -> Encoding:
        """The encoding itself."""
        return search_space(self.name).encodings[self.encoding]

    @property
    def nodes(self) -> int:
        """Rows of a matrix."""
        return self.matrix.num_nodes

    @property
    def operations(self) -> int:
        """Columns of a matrix."""
        return self.matrix.num_operations

    @property
    def adjacency(self) -> Tensor:
        """The fixed graph as a float matrix [nodes, nodes]; entry (i, j) is 1 for an edge from i to j."""
        return self.matrix.attention_mask.clone()

    @property
    def title(self) -> str:
        """Tells the trainings of a space's encodings apart."""
        return self.name if self.files == "reference" else f"{self.name} ({self.encoding})"

    def checkpoint(self, folder: Path, part: str) -> Path:
        """Where in a folder of checkpoints the weights of `score` or of an objective's predictor lie."""
        return folder / self.name / f"{self.files}_{part}.safetensors"


# Against the rows of its matrix, the release's graph of nb201 has the cell edges (2 <- 1) and (3 <- 0) exchanged. The
# published networks were trained so; with all 15,625 architectures as training set the rows are independent anyway.
_NB201 = ReferenceSpace("nb201", "reference", positions=tuple(range(8)), predictor="graph", sigma_max=5.0)
# The release counts positions within a stage; POMONAG's width row, which belongs to none, has one of its own.
_STAGES = 5 * tuple(range(4))
_MBV3 = ReferenceSpace(
    "mbv3", "pomonag", positions=(4, *_STAGES), predictor="transformer", sigma_max=1.0, lite_steps=4_000
)
_MBV3_RELEASE = ReferenceSpace(
    "mbv3",
    "diffusionnag",
    positions=_STAGES,
    predictor="transformer",
    sigma_max=1.0,
    lite_steps=4_000,
    files="reference_diffusionnag",
)

# The encodings of a line share their matrices, and with them the networks.
REFERENCE_SPACES: Mapping[str, Mapping[str, ReferenceSpace]] = {
    "nb201": {"reference": _NB201, "line_graph": _NB201},
    "mbv3": {"diffusionnag": _MBV3_RELEASE, "pomonag": _MBV3, "pomonag_strict": _MBV3},
}
"""By search space and encoding; the release's encoding is the first of its space."""


def reference_space(name: str, encoding: str | None = None) -> ReferenceSpace:
    """The space called `name` in an encoding, the release's by default; for unknown names a `UserError` lists those."""
    if name not in REFERENCE_SPACES:
        raise unknown_name("search space", name, REFERENCE_SPACES)
    known = REFERENCE_SPACES[name]
    if encoding is not None and encoding not in known:
        raise unknown_name(f"encoding of {name}", encoding, known)
    return known[encoding or next(iter(known))]


def transitive_closure(adjacency: Tensor) -> Tensor:
    """Reachability by one or more edges: [nodes, nodes] of zeros and ones, the released sampler's mask for nb201.

    >>> transitive_closure(torch.tensor([[0.0, 1, 0], [0, 0, 1], [0, 0, 0]])).tolist()
    [[0.0, 1.0, 1.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    """
    reach = adjacency > 0
    for middle in range(adjacency.shape[-1]):  # Warshall
        reach = reach | (reach[:, middle, None] & reach[None, middle, :])
    return reach.to(adjacency.dtype)
