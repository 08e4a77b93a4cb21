"""NAS-Bench-201 against published values, the benchmark's own package, its table, and networks that were built."""

from __future__ import annotations

import contextlib
import itertools
import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from nas_201_api import NASBench201API
from torch.utils.flop_counter import FlopCounterMode

from pomonag import search_space
from pomonag.errors import UserError
from pomonag.spaces.encoding import generator_of
from pomonag.spaces.nasbench201 import EDGES, NasBench201, NasBench201Cell, NasBench201Skeleton

torch.set_num_threads(1)

SPACE = NasBench201()
CELLS = st.tuples(*[st.integers(0, 4)] * 6).map(NasBench201Cell)
ALL_3X3 = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|"
EMPTY = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"


@pytest.mark.parametrize(
    ("classes", "resolution", "params", "official_flops"),
    [
        (10, 32, (73_306, 1_531_546), (7_783_050, 220_119_690)),
        (100, 32, (79_156, 1_537_396), (7_788_900, 220_125_540)),
        (120, 16, (80_456, 1_538_696), (1_953_400, 55_037_560)),
    ],
)
def test_extremes_are_the_published_ones(classes, resolution, params, official_flops):
    costs = SPACE.cost(SPACE.enumerate(), classes=classes, resolution=resolution)
    assert (costs.params.min(), costs.params.max()) == params
    # The benchmark counts one operation for each bias of the classifier, `macs` does not.
    assert (costs.macs.min() + classes, costs.macs.max() + classes) == official_flops


def test_params_and_macs_take_28_values_and_rank_alike():
    costs = SPACE.cost(SPACE.enumerate())
    pairs = sorted(set(zip(costs.params.tolist(), costs.macs.tolist())))
    assert len(pairs) == 28
    assert [macs for _, macs in pairs] == sorted(macs for _, macs in pairs)


def test_costs_of_the_whole_space_take_no_time():
    cells = list(SPACE.enumerate())
    SPACE.cost(cells[:10])
    assert min(_seconds(lambda: SPACE.cost(cells)) for _ in range(5)) < 0.05


def _seconds(work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def test_the_table_of_published_costs():
    # Rows of (number of 1x1, number of 3x3) -> params and MACs in millions, ten classes, 32 x 32.
    table = {(0, 0): (0.073, 7.8), (6, 0): (0.241, 31.4), (3, 2): (0.643, 90.4), (1, 5): (1.317, 188.7)}
    for (n1, n3), (params, macs) in table.items():
        cell = NasBench201Cell(tuple([2] * n1 + [3] * n3 + [0] * (6 - n1 - n3)))
        costs = SPACE.cost([cell])
        assert costs.params[0] / 1e6 == pytest.approx(params, abs=0.0005)
        assert costs.macs[0] / 1e6 == pytest.approx(macs, abs=0.05)


def test_cost_of_no_architectures_is_empty():
    assert SPACE.cost([]).params.shape == (0,)


@settings(max_examples=25, deadline=None)
@given(
    cell=CELLS,
    skeleton=st.builds(
        NasBench201Skeleton,
        classes=st.integers(1, 30),
        resolution=st.sampled_from([4, 8, 16]),
        channels=st.integers(1, 9),
        cells=st.integers(1, 2),
    ),
)
def test_costs_are_those_of_the_built_network(cell, skeleton):
    _assert_cost_matches_network(cell, skeleton)


@pytest.mark.parametrize("text", [ALL_3X3, EMPTY])
@pytest.mark.parametrize("skeleton", [NasBench201Skeleton(), NasBench201Skeleton(classes=120, resolution=16)])
def test_costs_are_those_of_the_full_network(text, skeleton):
    _assert_cost_matches_network(SPACE.parse(text), skeleton)


def _assert_cost_matches_network(cell, skeleton):
    network = SPACE.build(cell, skeleton).eval()
    costs = SPACE.cost([cell], skeleton)
    assert costs.params[0] == sum(p.numel() for p in network.parameters())
    images = torch.randn(1, 3, skeleton.resolution, skeleton.resolution, generator=generator_of(0))
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        logits = network(images)
    assert logits.shape == (1, skeleton.classes)
    # The counter counts a multiplication and an addition for each MAC, and no bias.
    assert 2 * costs.macs[0] == counter.get_total_flops()


def test_a_disconnected_network_ignores_its_input():
    cell = SPACE.parse("|none~0|+|none~0|nor_conv_3x3~1|+|none~0|none~1|nor_conv_3x3~2|")
    network = SPACE.build(cell, channels=4, cells=1, resolution=8).eval()
    images = torch.randn(3, 3, 8, 8, generator=generator_of(1))
    # The residual reductions carry the zeros of the first stage on, so nothing of the images is left.
    logits = network(images)
    assert not cell.is_connected
    assert torch.equal(logits[0], logits[1])
    assert torch.equal(logits[0], logits[2])


def test_a_cell_computes_the_sum_of_its_edges():
    from pomonag.spaces.nasbench201_network import Cell

    x = torch.randn(2, 4, 8, 8, generator=generator_of(2))
    skips = Cell(NasBench201Cell((1, 1, 1, 1, 1, 1)), 4)
    # node 1 = x, node 2 = x + node 1 = 2x, node 3 = x + node 1 + node 2 = 4x
    assert torch.allclose(skips(x), 4 * x)
    pooled = Cell(NasBench201Cell((0, 0, 0, 4, 0, 0)), 4)(torch.ones(1, 4, 8, 8))
    # Border averages are over the real pixels only, so a constant image stays constant.
    assert torch.allclose(pooled, torch.ones(1, 4, 8, 8))


def test_operations_are_pre_activation():
    network = SPACE.build(SPACE.parse(ALL_3X3), channels=4, cells=1)
    for edge in network.features[2].edges.values():
        assert [type(layer).__name__ for layer in edge] == ["ReLU", "Conv2d", "BatchNorm2d"]
        assert edge[1].bias is None


@pytest.mark.parametrize("text", [ALL_3X3, EMPTY])
def test_built_networks_train(text):
    network = SPACE.build(SPACE.parse(text), channels=4, cells=1, resolution=8, classes=3)
    images = torch.randn(6, 3, 8, 8, generator=generator_of(3))
    loss = torch.nn.functional.cross_entropy(network(images), torch.tensor([0, 1, 2, 0, 1, 2]))
    loss.backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.classifier.parameters())


def test_the_space_counts_as_published():
    cells = SPACE.enumerate()
    assert len(cells) == SPACE.size == 15_625
    assert [cell.index for cell in cells] == list(range(15_625))
    assert np.array_equal(SPACE.positions(cells), np.arange(15_625))
    assert len({cell.canonical_form() for cell in cells}) == 6_466
    assert sum(not cell.is_connected for cell in cells) == 341


PATHS = [(3, 0)], [(1, 0), (3, 1)], [(2, 0), (3, 2)], [(1, 0), (2, 1), (3, 2)]


def _live_edges(cell: NasBench201Cell) -> set[tuple[int, int]]:
    """The edges on some input-output path, by listing all paths."""
    op = dict(zip(EDGES, cell.operations))
    return {edge for path in PATHS if all(op[edge] for edge in path) for edge in path}


def test_convolutions_that_are_missing_or_dead():
    connected_without = dead = 0
    for cell in SPACE.enumerate():
        convolutions = {edge for edge, op in zip(EDGES, cell.operations) if op in (2, 3)}
        connected_without += cell.is_connected and not convolutions
        dead += bool(convolutions - _live_edges(cell))
    assert connected_without == 662
    assert dead == 4_250


@given(CELLS)
def test_connectivity_is_that_of_the_listed_paths(cell):
    assert cell.is_connected == bool(_live_edges(cell))


@given(CELLS)
def test_strings_round_trip_and_are_the_benchmarks(cell):
    text = str(cell)
    assert SPACE.parse(text) == cell
    assert SPACE.parse(f"  {text}\n") == cell
    nodes = NASBench201API.str2lists(text)
    assert [(target, source) for target, node in enumerate(nodes, 1) for _, source in node] == list(EDGES)
    matrix = NASBench201API.str2matrix(text)
    assert [int(matrix[target, source]) for target, source in EDGES] == list(cell.operations)


def test_the_first_official_architectures():
    first = SPACE.parse(
        "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
    )
    assert first.operations == (4, 2, 1, 2, 1, 1)
    assert str(NasBench201Cell((3, 3, 4, 1, 3, 1))) == (
        "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|"
    )


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "1 nodes"),
        ("|none~0|+|none~0|none~1|", "2 nodes"),
        ("|none~0|+|none~0|+|none~0|none~1|none~2|", "2 edge(s)"),
        ("|none~0|+|none~0|none~0|+|none~0|none~1|none~2|", "'none~0'"),
        ("|none~0|+|none~0|none~01|+|none~0|none~1|none~2|", "'none~01'"),
        ("|none~0|+|none~0|none~١|+|none~0|none~1|none~2|", "operation~1"),
        ("|none~0|+|none~0|none|+|none~0|none~1|none~2|", "'none'"),
        ("|none~0|+|none~0|nor_conv_3X3~1|+|none~0|none~1|none~2|", "Did you mean 'nor_conv_3x3'?"),
        ("|nor_conv_7x7~0|+|none~0|none~1|+|none~0|none~1|none~2|", "'nor_conv_7x7'"),
    ],
)
def test_broken_strings_are_explained(text, part):
    with pytest.raises(UserError) as error:
        SPACE.parse(text)
    assert part in str(error.value)


@given(st.text(alphabet="none~012|+skip_connect nor_conv_3x3", max_size=60))
def test_no_string_breaks_the_parser(text):
    with contextlib.suppress(UserError):
        assert str(SPACE.parse(text)) == text.strip()


@pytest.mark.parametrize("operations", [(0, 1, 2), (0, 0, 0, 0, 0, 5), (-1, 0, 0, 0, 0, 0)])
def test_cells_hold_six_known_operations(operations):
    with pytest.raises(UserError, match="six indices"):
        NasBench201Cell(operations)


@pytest.mark.parametrize(
    "settings",
    [{"resolution": 30}, {"resolution": 0}, {"classes": 0}, {"channels": 0}, {"cells": 0}],
)
def test_impossible_skeletons_are_refused(settings):
    with pytest.raises(UserError):
        SPACE.skeleton(**settings)


@given(cell=CELLS, seed=st.integers(0, 2**32))
def test_mutation_changes_exactly_one_edge(cell, seed):
    mutant = SPACE.mutate(cell, generator_of(seed))
    assert sum(a != b for a, b in zip(cell.operations, mutant.operations)) == 1


def test_mutation_reaches_all_24_neighbours_evenly():
    cell, generator = NasBench201Cell((0, 1, 2, 3, 4, 0)), generator_of(0)
    counts: dict[NasBench201Cell, int] = {}
    for _ in range(4800):
        mutant = SPACE.mutate(cell, generator)
        counts[mutant] = counts.get(mutant, 0) + 1
    assert len(counts) == 24
    assert all(120 < count < 280 for count in counts.values())  # 200 expected, sd 14


def test_samples_repeat_by_seed_and_are_uniform():
    a, b = SPACE.sample(5000, generator_of(7)), SPACE.sample(5000, generator_of(7))
    assert a == b
    operations = np.array([cell.operations for cell in a])
    for edge, op in itertools.product(range(6), range(5)):
        assert (operations[:, edge] == op).mean() == pytest.approx(0.2, abs=0.03)
    # The expectation for 256 uniform draws: 99.2 % distinct strings, 84.0 % distinct classes.
    sets = [SPACE.sample(256, generator_of(seed)) for seed in range(40)]
    assert np.mean([len(set(s)) / 256 for s in sets]) == pytest.approx(0.992, abs=0.003)
    assert np.mean([len({c.canonical_form() for c in s}) / 256 for s in sets]) == pytest.approx(0.840, abs=0.01)


def test_class_samples_are_uniform_over_classes():
    empty = SPACE.parse(EMPTY).canonical_form()
    draws = SPACE.sample_classes(6466, generator_of(3))
    # The largest class holds hundreds of the strings but is one of 6,466 classes.
    assert sum(cell.canonical_form() == empty for cell in draws) < 8
    assert len({cell.canonical_form() for cell in draws}) / 6466 == pytest.approx(1 - np.exp(-1), abs=0.02)


def test_top_samples_hold_95_percent_of_the_top():
    scores = SPACE.cost(SPACE.enumerate()).params + np.arange(15_625) / 15_625
    top = {SPACE.enumerate()[i] for i in np.argsort(-scores)[:250]}
    draws = SPACE.sample_top(4000, generator_of(1), scores)
    assert np.mean([cell in top for cell in draws]) == pytest.approx(0.95, abs=0.015)
    with pytest.raises(UserError, match="15625 numbers"):
        SPACE.sample_top(5, generator_of(1), scores[:100])
    with pytest.raises(UserError, match="top of 1"):
        SPACE.sample_top(5, generator_of(1), scores, top=15_625)


def test_the_space_by_name():
    assert search_space("nb201") is search_space("nb201")
    with pytest.raises(UserError, match="Did you mean 'nb201'"):
        search_space("nb2O1")


@pytest.fixture(scope="module")
def rows():
    """The 15,625 rows of the benchmark's published table."""
    from pomonag.data.sources import DataMissing, data_path

    try:
        path = data_path("nasbench201/accuracies.csv.gz")
    except DataMissing as missing:
        pytest.skip(str(missing))
    import pandas as pd

    return pd.read_csv(path)


def test_costs_are_the_tables(rows):
    cells = [SPACE.parse(text) for text in rows["arch_str"]]
    assert len(set(cells)) == 15_625
    for classes, name in ((10, "cifar10"), (100, "cifar100")):
        costs = SPACE.cost(cells, classes=classes)
        assert np.abs(costs.params / 1e6 - rows[f"params_m_{name}"]).max() < 1e-9
        assert np.abs((costs.macs + classes) / 1e6 - rows[f"macs_m_{name}"]).max() < 1e-9


def test_isomorphism_classes_are_the_published_groups(rows):
    keys = [SPACE.equivalence_key(SPACE.parse(text)) for text in rows["arch_str"]]
    pairs = set(zip(keys, rows["iso_group"]))
    assert len(pairs) == len(set(keys)) == rows["iso_group"].nunique() == 6_466


def test_only_disconnected_cells_stand_at_chance(rows):
    connected = np.array([SPACE.parse(text).is_connected for text in rows["arch_str"]])
    assert (rows.loc[~connected, "cifar10_test_acc_200ep"].round(2) == 10.0).all()
    assert (rows.loc[~connected, "cifar100_test_acc_200ep"].round(2) == 1.0).all()
    assert rows.loc[connected, "cifar10_test_acc_200ep"].min() > 46
