"""The kernel is that of operations and their pairs, and it learns what they make."""

import itertools

import numpy as np
import pytest
import torch

from pomonag.errors import UserError
from pomonag.predictors.pair_ridge import PairRidge
from pomonag.predictors.rank_correlation import pooled_spearman
from pomonag.spaces import search_space


@pytest.fixture(scope="module")
def drawn():
    space = search_space("nb201")
    return space, space.sample(400, torch.Generator().manual_seed(0))


def explicit(cells):
    """One-hot operations and the products of every two of them."""
    one_hot = np.eye(5)[np.array([cell.operations for cell in cells])]
    pairs = [
        np.einsum("ni,nj->nij", one_hot[:, a], one_hot[:, b]).reshape(len(cells), -1)
        for a, b in itertools.combinations(range(6), 2)
    ]
    return np.hstack([one_hot.reshape(len(cells), -1), *pairs])


def test_the_kernel_is_that_of_the_explicit_features(drawn):
    space, cells = drawn
    codes = np.random.default_rng(0).normal(size=(60, 2))
    ridge = PairRidge(space, 0.01).fit(cells[:60], codes, np.random.default_rng(1).normal(size=60))
    found = ridge._kernel(ridge._categorised(cells[60:90]), codes[:30])
    expected = explicit(cells[60:90]) @ explicit(cells[:60]).T + codes[:30] @ codes.T
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_it_learns_pairs_and_tasks(drawn):
    space, cells = drawn
    draws = np.random.default_rng(2)
    truth = explicit(cells) @ draws.normal(size=explicit(cells).shape[1])
    codes = draws.normal(size=(len(cells), 1))
    labels = truth + 5 * codes[:, 0] + 0.5 * draws.normal(size=len(cells))
    ridge = PairRidge(space).fit(cells[:300], codes[:300], labels[:300])
    found = ridge.predict(cells[300:], codes[300:])
    assert pooled_spearman(found, truth[300:] + 5 * codes[300:, 0]) > 0.9
    assert 0.001 <= ridge.penalty <= 100


def test_more_noise_more_penalty(drawn):
    space, cells = drawn
    signal = explicit(cells)[:, 3]
    none = np.zeros((len(cells), 0))
    noise = np.random.default_rng(3).normal(size=len(cells))
    chosen = [PairRidge(space).fit(cells, none, signal + level * noise).penalty for level in (0.01, 10.0)]
    assert chosen[0] < chosen[1]


def test_unequal_lengths_are_refused(drawn):
    space, cells = drawn
    with pytest.raises(UserError, match="3 architectures, 2 codes and 3 labels"):
        PairRidge(space).fit(cells[:3], np.zeros((2, 1)), np.zeros(3))
