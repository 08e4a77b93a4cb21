"""Features of cells: a worked example, and what isomorphic cells share."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pomonag.spaces.nasbench201 import CONV_1X1, CONV_3X3, NONE, POOL, SKIP, NasBench201, NasBench201Cell
from pomonag.spaces.nasbench201_features import cell_features

SPACE = NasBench201()
OPERATIONS = st.tuples(*[st.integers(0, 4)] * 6)


def features(operations):
    return cell_features(np.array([operations]))[0]


def test_a_cell_worked_by_hand():
    # Edges 1<-0, 2<-0, 2<-1, 3<-0, 3<-1, 3<-2. Live paths: 0-3 (a pure skip) and 0-1-2-3 (1x1, pool, 3x3); edge 2<-0
    # and edge 3<-1 are none.
    found = features((CONV_1X1, NONE, POOL, SKIP, NONE, CONV_3X3))
    assert found.shape == (81,)
    assert found.dtype == np.float32
    assert found[:30].reshape(6, 5).argmax(1).tolist() == [CONV_1X1, NONE, POOL, SKIP, NONE, CONV_3X3]
    words = found[30:70]
    assert words.sum() == 2
    assert words[0] == 1  # the empty word
    # Words of three letters follow 1 + 3 + 9 shorter ones, in order; this one is 1x1, pool, 3x3.
    assert words[13 + 9 * 0 + 3 * 2 + 1] == 1
    assert found[70:75].tolist() == [0, 1, 1, 1, 1]
    paths, fewest, most, mean, threes, pure_skip = found[75:]
    assert (paths, fewest, most, mean, threes, pure_skip) == (2, 0, 2, 1, 1, 1)


def test_a_cell_without_paths_has_none():
    found = features((CONV_3X3, CONV_3X3, CONV_3X3, NONE, NONE, NONE))
    assert not found[30:].any()


@given(OPERATIONS)
@settings(max_examples=200, deadline=None)
def test_counts_agree_with_each_other(operations):
    found = features(operations)
    assert found[:30].sum() == 6
    assert found[30:70].sum() == found[75]  # one word a live path
    assert 0 <= found[75] <= 4
    assert (found[75] > 0) == NasBench201Cell(operations).is_connected
    assert found[76] <= found[78] <= found[77]
    assert found[79] <= found[77]
    assert found[70:75].sum() <= 6
    assert found[70] == 0


@given(OPERATIONS, st.integers(0, 4))
@settings(max_examples=200, deadline=None)
def test_what_lies_on_no_path_changes_no_path_feature(operations, other):
    # Node 1 leads nowhere, so the edge into it is dead.
    first, last = list(operations), list(operations)
    first[2] = last[2] = first[4] = last[4] = NONE
    last[0] = other
    assert np.array_equal(features(first)[30:], features(last)[30:])
    assert NasBench201Cell(tuple(first)).canonical_form() == NasBench201Cell(tuple(last)).canonical_form()


@given(OPERATIONS)
@settings(max_examples=200, deadline=None)
def test_exchanging_the_two_inner_nodes_changes_no_path_feature(operations):
    # Without an edge between nodes 1 and 2 the cell is isomorphic to the one with both exchanged.
    cell = list(operations)
    cell[2] = NONE
    swapped = [cell[1], cell[0], NONE, cell[3], cell[5], cell[4]]
    assert np.array_equal(features(cell)[30:], features(swapped)[30:])


def test_the_space_hands_them_out_alone_and_in_a_batch():
    import torch

    cells = SPACE.sample(30, torch.Generator().manual_seed(0))
    batch = SPACE.features(cells)
    assert np.array_equal(batch, np.concatenate([SPACE.features([cell]) for cell in cells]))
