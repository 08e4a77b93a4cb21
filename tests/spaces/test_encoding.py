"""One-hot matrices, the threshold, the two adjacencies, and the metrics of generated sets against the released code."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pomonag.errors import UserError
from pomonag.spaces.encoding import Invalid, generation_metrics, generator_of, quantise
from pomonag.spaces.nasbench201 import NasBench201, NasBench201Cell

torch.set_num_threads(1)

SPACE = NasBench201()
GOLDEN = np.load(Path(__file__).parent / "golden" / "nb201_validity.npz", allow_pickle=False)
RULES = {1: "row_not_one_hot", 2: "input_output_missing", 3: "input_output_inside"}


@pytest.mark.parametrize("name", sorted(SPACE.encodings))
def test_validity_equals_the_release(name):
    decoded = SPACE.encodings[name].decode(torch.from_numpy(GOLDEN["x"]))
    for item, valid, error, text in zip(decoded, GOLDEN["valid"], GOLDEN["error"], GOLDEN["decoded"]):
        if valid:
            assert str(item) == text
        else:
            assert isinstance(item, Invalid)
            assert item.rule == RULES[error]


def test_generation_metrics_equal_the_release():
    decoded = SPACE.encoding.decode(torch.from_numpy(GOLDEN["x"]))
    metrics = generation_metrics(decoded, GOLDEN["novelty_reference"].tolist())
    assert metrics.validity == pytest.approx(float(GOLDEN["validity"]))
    assert metrics.uniqueness == pytest.approx(float(GOLDEN["uniqueness"]))
    assert metrics.novelty == pytest.approx(float(GOLDEN["novelty"]))
    by_cell = generation_metrics(decoded, [SPACE.parse(text) for text in GOLDEN["novelty_reference"].tolist()])
    assert by_cell == metrics


def test_generation_metrics_by_class_and_without_denominators():
    # Both are one pooling, before or after a skip.
    a, b = NasBench201Cell((4, 0, 0, 0, 1, 0)), NasBench201Cell((1, 0, 0, 0, 4, 0))
    decoded = [a, a, b, Invalid(0, "row_not_one_hot")]
    by_string = generation_metrics(decoded, [a])
    assert (by_string.validity, by_string.uniqueness, by_string.novelty) == (0.75, pytest.approx(2 / 3), 0.5)
    by_class = generation_metrics(decoded, [a], key=SPACE.equivalence_key)
    assert (by_class.validity, by_class.uniqueness, by_class.novelty) == (0.75, pytest.approx(1 / 3), 0.0)
    nothing = generation_metrics([])
    assert math.isnan(nothing.validity)
    assert math.isnan(nothing.uniqueness)
    all_invalid = generation_metrics([Invalid(0, "row_not_one_hot")], [a])
    assert all_invalid.validity == 0
    assert math.isnan(all_invalid.novelty)


def test_threshold_equals_the_release():
    assert np.array_equal(quantise(torch.from_numpy(GOLDEN["quantize_in"])).numpy(), GOLDEN["quantize_out"])


@pytest.mark.parametrize("rule", ["threshold", "arg_max"])
def test_every_cell_encodes_and_decodes(rule):
    cells = list(SPACE.enumerate())
    x = SPACE.encoding.encode(cells)
    assert x.shape == (15_625, 8, 7)
    assert x.dtype == torch.float32
    assert SPACE.encoding.decode(x, rule) == cells


def test_columns_are_input_output_then_the_operations():
    x = SPACE.encoding.encode([NasBench201Cell((0, 1, 2, 3, 4, 0))])[0]
    assert x.argmax(-1).tolist() == [0, 2, 3, 4, 5, 6, 2, 1]


@given(st.integers(0, 2**32))
def test_decoding_says_row_and_rule(seed):
    generator = generator_of(seed)
    cell = SPACE.sample(1, generator)[0]
    x = SPACE.encoding.encode([cell])
    row = int(torch.randint(8, (1,), generator=generator))
    x[0, row] = 0.49
    assert SPACE.encoding.decode(x) == [Invalid(row, "row_not_one_hot")]
    x[0, row] = 0.5
    assert SPACE.encoding.decode(x) == [Invalid(row, "row_not_one_hot")]


def test_the_rules_in_their_order():
    x = SPACE.encoding.encode([NasBench201Cell((0,) * 6)] * 4)
    x[0, 7] = torch.eye(7)[0]  # input where the output belongs
    x[1, 0] = torch.eye(7)[3]  # an operation where the input belongs
    x[2, 4] = torch.eye(7)[1]  # an output inside
    x[3, 4], x[3, 0], x[3, 6] = torch.eye(7)[1], torch.eye(7)[3], 0.0
    decoded = SPACE.encoding.decode(x)
    assert decoded == [
        Invalid(7, "input_output_missing"),
        Invalid(0, "input_output_missing"),
        Invalid(4, "input_output_inside"),
        Invalid(6, "row_not_one_hot"),
    ]
    assert all(isinstance(cell, NasBench201Cell) for cell in SPACE.encoding.decode(x, "arg_max"))


def test_nan_is_no_architecture():
    x = SPACE.encoding.encode([NasBench201Cell((0,) * 6)])
    x[0, 3, 2] = float("nan")
    assert SPACE.encoding.decode(x) == [Invalid(3, "row_not_one_hot")]


def test_decoding_refuses_other_shapes_and_rules():
    with pytest.raises(UserError, match=r"\[b, 8, 7\]"):
        SPACE.encoding.decode(torch.zeros(1, 20, 9))
    with pytest.raises(UserError, match="Did you mean 'threshold'"):
        SPACE.encoding.decode(torch.zeros(1, 8, 7), "treshold")
    assert SPACE.encoding.decode(torch.zeros(0, 8, 7)) == []


def test_the_default_adjacency_is_the_line_graph_of_the_rows():
    mask = SPACE.encoding.attention_mask
    from pomonag.spaces.nasbench201 import EDGES

    for i, (target, source) in enumerate(EDGES, start=1):
        assert mask[0, i] == (source == 0)
        assert mask[i, 7] == (target == 3)
        for j, (_, other_source) in enumerate(EDGES, start=1):
            assert mask[i, j] == (target == other_source)
    assert mask[:, 0].sum() == 0
    assert mask[7].sum() == 0


def test_the_reference_adjacency_exchanges_rows_3_and_4():
    swap = [0, 1, 2, 4, 3, 5, 6, 7]
    line_graph, reference = (SPACE.encodings[name].attention_mask for name in ("line_graph", "reference"))
    assert torch.equal(reference, line_graph[swap][:, swap])
    assert not torch.equal(reference, line_graph)
