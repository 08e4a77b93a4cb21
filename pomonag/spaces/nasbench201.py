"""NAS-Bench-201: 15,625 cells of four nodes and six edges with five operations each (Dong & Yang, 2020)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from pomonag.errors import UserError, unknown_name
from pomonag.spaces.encoding import Invalid, RowPatterns, quantise
from pomonag.spaces.search_space import Costs, Skeleton

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
NONE, SKIP, CONV_1X1, CONV_3X3, POOL = range(5)
# (target, source) of the six edges, in the order of strings, one-hot rows and operation tuples.
EDGES = ((1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2))


@dataclass(frozen=True)
class NasBench201Cell:
    """One cell: six operation indices in the order of `EDGES`."""

    operations: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.operations) != len(EDGES) or any(not 0 <= op < len(OPERATIONS) for op in self.operations):
            raise UserError(f"got operations {self.operations}; a NAS-Bench-201 cell has six indices in 0..4")

    def __str__(self) -> str:
        edges = iter(zip(EDGES, self.operations))
        nodes = ([next(edges) for _ in range(target)] for target in (1, 2, 3))
        return "+".join(
            "|" + "|".join(f"{OPERATIONS[op]}~{source}" for (_, source), op in node) + "|" for node in nodes
        )

    @property
    def index(self) -> int:
        """The base-5 number of the operations, first edge most significant: 0..15624 (not the official index)."""
        return sum(op * 5**power for op, power in zip(self.operations, range(5, -1, -1)))

    @property
    def is_connected(self) -> bool:
        """Whether a path of operations other than `none` leads from the input to the output (341 cells have none)."""
        reached = {0}
        for (target, source), op in zip(EDGES, self.operations):
            if op != NONE and source in reached:
                reached.add(target)
        return 3 in reached

    def canonical_form(self) -> str:
        """The benchmark authors' string of the simplified graph: equal for isomorphic cells (6,466 classes).

        A source counts as zero only if it is exactly one zero term: a node with two is `#+#` and does not vanish
        further down. That quirk is the authors' rule and gives their 6,466.
        """
        nodes = ["0"]
        for target in (1, 2, 3):
            terms = []
            for (edge_target, source), op in zip(EDGES, self.operations):
                if edge_target != target:
                    continue
                if op == NONE or nodes[source] == "#":
                    terms.append("#")
                elif op == SKIP:
                    terms.append(nodes[source])
                else:
                    terms.append(f"({nodes[source]})@{OPERATIONS[op]}")
            nodes.append("+".join(sorted(terms)))
        return nodes[3]


@dataclass(frozen=True)
class NasBench201Skeleton(Skeleton):
    """Three stages of `cells` cells at `channels`, 2x and 4x `channels`, with a strided residual block between them."""

    channels: int = 16
    cells: int = 5

    def __post_init__(self) -> None:
        # The two branches of the reduction block round an odd side differently.
        if self.resolution < 4 or self.resolution % 4:
            raise UserError(f"got resolution {self.resolution}; NAS-Bench-201 networks need a multiple of 4")
        if min(self.classes, self.channels, self.cells) < 1:
            raise UserError(f"got {self}; classes, channels and cells are at least 1")


# 'line_graph': edge (row) i feeds edge j where i's target is j's source. 'reference': the released DiffusionNAG matrix,
# which belongs to a row order with rows 3 and 4 exchanged, although its rows follow the string order.
_SUCCESSORS = {
    "line_graph": {0: (1, 2, 4), 1: (3, 5), 2: (6,), 3: (6,), 4: (7,), 5: (7,), 6: (7,)},
    "reference": {0: (1, 2, 3), 1: (4, 5), 2: (6,), 3: (7,), 4: (6,), 5: (7,), 6: (7,)},
}


@dataclass(frozen=True)
class NasBench201Encoding:
    """8 x 7 one-hot rows: input, six edges, output; columns input, output, then the five operations."""

    name: str = "line_graph"
    num_nodes: ClassVar[int] = 8
    num_operations: ClassVar[int] = 7

    @cached_property
    def attention_mask(self) -> Tensor:
        """The adjacency of the eight rows, float [8, 8], row = from."""
        mask = torch.zeros(8, 8)
        for node, successors in _SUCCESSORS[self.name].items():
            mask[node, list(successors)] = 1.0
        return mask

    @property
    def categories(self) -> Tensor:
        """The seven one-hot rows, float [7, 7]."""
        return torch.eye(self.num_operations)

    @property
    def patterns(self) -> tuple[RowPatterns, ...]:
        """None: an edge's operation leaves the others free."""
        return ()

    def encode(self, architectures: Sequence[NasBench201Cell]) -> Tensor:
        """Float32 [b, 8, 7]."""
        operations = torch.from_numpy(operation_indices(architectures))
        columns = torch.zeros(len(architectures), 8, dtype=torch.long)
        columns[:, 1:7] = operations + 2
        columns[:, 7] = 1
        return nn.functional.one_hot(columns, 7).float()

    def decode(self, x: Tensor, rule: str = "threshold") -> list[NasBench201Cell | Invalid]:
        """x [b, 8, 7] in [0, 1] -> a cell or an `Invalid` each; the rules are checked in the reference's order."""
        if x.shape[1:] != (self.num_nodes, self.num_operations):
            raise UserError(f"got matrices of shape {list(x.shape)}; NAS-Bench-201 architectures are [b, 8, 7]")
        if rule == "arg_max":
            return [NasBench201Cell(tuple(row)) for row in x[:, 1:7, 2:].argmax(-1).tolist()]
        if rule != "threshold":
            raise unknown_name("decoding rule", rule, ["threshold", "arg_max"])
        bits = quantise(x)
        hot = bits.argmax(-1)
        inner = hot[:, 1:7]
        broken_row = bits.sum(-1) != 1
        broken_ends = torch.stack([hot[:, 0] != 0, hot[:, 7] != 1], dim=1)
        inside = inner < 2
        decoded: list[NasBench201Cell | Invalid] = []
        flags = zip(broken_row.any(1).tolist(), broken_ends.any(1).tolist(), inside.any(1).tolist())
        for i, (row, ends, within) in enumerate(flags):
            if row:
                decoded.append(Invalid(int(broken_row[i].float().argmax()), "row_not_one_hot"))
            elif ends:
                decoded.append(Invalid(0 if broken_ends[i, 0] else 7, "input_output_missing"))
            elif within:
                decoded.append(Invalid(1 + int(inside[i].float().argmax()), "input_output_inside"))
            else:
                decoded.append(NasBench201Cell(tuple((inner[i] - 2).tolist())))
        return decoded


class NasBench201:
    """The NAS-Bench-201 space, complete."""

    name: ClassVar[str] = "nb201"
    size: ClassVar[int] = 5**6
    skeleton_type = NasBench201Skeleton
    encodings: ClassVar = {name: NasBench201Encoding(name) for name in _SUCCESSORS}

    @property
    def encoding(self) -> NasBench201Encoding:
        """The encoding with the true line graph."""
        return self.encodings["line_graph"]

    def enumerate(self) -> tuple[NasBench201Cell, ...]:
        """All 15,625 cells in order of `index`."""
        return _all_cells()

    def positions(self, architectures: Sequence[NasBench201Cell]) -> np.ndarray:
        """The `index` of each, int64 [b]."""
        return operation_indices(architectures) @ 5 ** np.arange(5, -1, -1)

    def sample(self, n: int, generator: torch.Generator) -> list[NasBench201Cell]:
        """n cells, uniform over the 15,625 strings, with replacement."""
        draws = torch.randint(len(OPERATIONS), (n, len(EDGES)), generator=generator)
        return [NasBench201Cell(tuple(row)) for row in draws.tolist()]

    def sample_classes(self, n: int, generator: torch.Generator) -> list[NasBench201Cell]:
        """n cells, uniform over the 6,466 isomorphism classes and then over the members of the class."""
        classes = _isomorphism_classes()
        picks = torch.randint(len(classes), (n,), generator=generator).tolist()
        within = torch.rand(n, generator=generator).tolist()
        return [classes[pick][int(u * len(classes[pick]))] for pick, u in zip(picks, within)]

    def sample_top(
        self, n: int, generator: torch.Generator, scores: np.ndarray, top: int = 250, share: float = 0.95
    ) -> list[NasBench201Cell]:
        """n cells of which `share` comes from the `top` highest of `scores`, the others from the rest (POMONAG App. A).

        `scores` [15625] follows the order of `enumerate`, e.g. the mean accuracy over the benchmark's datasets.
        """
        cells = self.enumerate()
        if np.shape(scores) != (len(cells),) or np.isnan(scores).any() or not 0 < top < len(cells):
            raise UserError(
                f"got scores of shape {np.shape(scores)} and top={top}; expected {len(cells)} numbers without nan, "
                f"in the order of enumerate(), and a top of 1..{len(cells) - 1}"
            )
        order = np.argsort(-np.asarray(scores), kind="stable")
        from_top = torch.rand(n, generator=generator) < share
        high = torch.randint(top, (n,), generator=generator)
        low = torch.randint(top, len(cells), (n,), generator=generator)
        return [cells[order[i]] for i in torch.where(from_top, high, low).tolist()]

    def mutate(self, architecture: NasBench201Cell, generator: torch.Generator) -> NasBench201Cell:
        """A copy with one uniformly drawn edge set to one of the four other operations."""
        edge = int(torch.randint(len(EDGES), (1,), generator=generator))
        shift = 1 + int(torch.randint(len(OPERATIONS) - 1, (1,), generator=generator))
        operations = list(architecture.operations)
        operations[edge] = (operations[edge] + shift) % len(OPERATIONS)
        return NasBench201Cell(tuple(operations))

    def parse(self, text: str) -> NasBench201Cell:
        """The cell of a string such as `|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|avg_pool_3x3~2|`."""
        example = "expected |a~0|+|b~0|c~1|+|d~0|e~1|f~2|"
        nodes = text.strip().split("+")
        if len(nodes) != 3:
            raise UserError(f"got {text!r} with {len(nodes)} nodes; {example} with three")
        operations = []
        for target, node in enumerate(nodes, start=1):
            edges = node.split("|")
            if edges[0] or edges[-1] or len(edges) != target + 2:
                raise UserError(f"got {node!r} for node {target} in {text!r}; {example}: {target} edge(s) between bars")
            for source, edge in enumerate(edges[1:-1]):
                match = re.fullmatch(r"([A-Za-z0-9_]+)~([0-9]+)", edge)
                if not match or match[2] != str(source):
                    raise UserError(f"got edge {edge!r} in node {target} of {text!r}; expected operation~{source}")
                if match[1] not in OPERATIONS:
                    raise unknown_name("NAS-Bench-201 operation", match[1], OPERATIONS)
                operations.append(OPERATIONS.index(match[1]))
        return NasBench201Cell(tuple(operations))

    def skeleton(self, skeleton: NasBench201Skeleton | None = None, **settings: int) -> NasBench201Skeleton:
        """The skeleton with some fields replaced; the paper's full network by default."""
        return replace(skeleton or NasBench201Skeleton(), **settings)

    def cost(
        self, architectures: Sequence[NasBench201Cell], skeleton: NasBench201Skeleton | None = None, **settings: int
    ) -> Costs:
        """Exact params and MACs from the numbers of 1x1 and 3x3 convolutions; nothing else in a cell has either."""
        s = self.skeleton(skeleton, **settings)
        operations = operation_indices(architectures)
        n1 = (operations == CONV_1X1).sum(1, dtype=np.int64)
        n3 = (operations == CONV_3X3).sum(1, dtype=np.int64)
        c = [s.channels, 2 * s.channels, 4 * s.channels]
        area = [(s.resolution >> stage) ** 2 for stage in range(3)]

        stem_params = 27 * c[0] + 2 * c[0]
        reduction_params = sum(9 * c[i - 1] * c[i] + 9 * c[i] ** 2 + c[i - 1] * c[i] + 4 * c[i] for i in (1, 2))
        head_params = 2 * c[2] + c[2] * s.classes + s.classes
        per_1x1 = s.cells * sum(w * w + 2 * w for w in c)
        per_3x3 = s.cells * sum(9 * w * w + 2 * w for w in c)
        params = stem_params + reduction_params + head_params + n1 * per_1x1 + n3 * per_3x3

        stem_macs = 27 * c[0] * area[0]
        reduction_macs = sum((10 * c[i - 1] * c[i] + 9 * c[i] ** 2) * area[i] for i in (1, 2))
        per_conv = s.cells * sum(w * w * a for w, a in zip(c, area))
        macs = stem_macs + reduction_macs + c[2] * s.classes + (n1 + 9 * n3) * per_conv
        return Costs(params=params, macs=macs)

    def build(
        self, architecture: NasBench201Cell, skeleton: NasBench201Skeleton | None = None, **settings: int
    ) -> nn.Module:
        """The trainable network, images [b, 3, resolution, resolution] -> logits [b, classes]."""
        from pomonag.spaces.nasbench201_network import NasBench201Network

        return NasBench201Network(architecture, self.skeleton(skeleton, **settings))

    def features(self, architectures: Sequence[NasBench201Cell]) -> np.ndarray:
        """Operations and path counts, float32 [b, 81]."""
        from pomonag.spaces.nasbench201_features import cell_features

        return cell_features(operation_indices(architectures))

    def equivalence_key(self, architecture: NasBench201Cell) -> str:
        """The authors' canonical form."""
        return architecture.canonical_form()


def operation_indices(architectures: Sequence[NasBench201Cell]) -> np.ndarray:
    """Operation indices, int64 [b, 6]."""
    return np.array([a.operations for a in architectures], dtype=np.int64).reshape(len(architectures), len(EDGES))


@cache
def _all_cells() -> tuple[NasBench201Cell, ...]:
    return tuple(NasBench201Cell(ops) for ops in itertools.product(range(len(OPERATIONS)), repeat=len(EDGES)))


@cache
def _isomorphism_classes() -> tuple[tuple[NasBench201Cell, ...], ...]:
    classes: dict[str, list[NasBench201Cell]] = {}
    for cell in _all_cells():
        classes.setdefault(cell.canonical_form(), []).append(cell)
    return tuple(tuple(members) for members in classes.values())
