from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from pomonag import search_space
from pomonag.errors import UserError
from pomonag.meta_dataset.training_free import SCORES, synflow, training_free_scores, vote
from pomonag.spaces.encoding import generator_of
from pomonag.spaces.nasbench201 import NasBench201Skeleton

torch.set_num_threads(1)

SPACE = search_space("nb201")
SMALL = NasBench201Skeleton(channels=4, cells=1, resolution=8)
ALL_3X3 = SPACE.parse("|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|")
ALL_POOL = SPACE.parse(
    "|avg_pool_3x3~0|+|avg_pool_3x3~0|avg_pool_3x3~1|+|avg_pool_3x3~0|avg_pool_3x3~1|avg_pool_3x3~2|"
)
DEAD = SPACE.parse("|none~0|+|none~0|nor_conv_3x3~1|+|none~0|none~1|nor_conv_3x3~2|")


def images(n=6, side=8):
    return torch.randn(n, 3, side, side, generator=generator_of(0))


def test_synflow_of_a_chain_by_hand():
    # R = |a| |b| x summed over the image of ones; each of the two layers has |w dR/dw| = R.
    chain = nn.Sequential(nn.Conv2d(3, 1, 1, bias=False), nn.BatchNorm2d(1), nn.ReLU(), nn.Conv2d(1, 1, 1, bias=False))
    with torch.no_grad():
        chain[0].weight.copy_(torch.tensor([1.0, -2.0, 3.0]).reshape(1, 3, 1, 1))
        chain[3].weight.fill_(-0.5)
    assert synflow(chain, 2) == pytest.approx(math.log(2 * (6 * 0.5 * 4)))
    assert float(chain[3].weight.detach().sum()) == -0.5


def test_synflow_of_the_full_network_is_finite_and_zero_without_a_path():
    assert math.isfinite(synflow(SPACE.build(ALL_3X3), 32))
    assert synflow(SPACE.build(DEAD, SMALL), 8) == -math.inf


def scores_of(cell, seed=0, n=16):
    labels = torch.arange(n) % 10
    return training_free_scores(SPACE, cell, images(n), labels, SMALL, seed)


def test_more_operations_score_higher():
    rich, poor = scores_of(ALL_3X3), scores_of(ALL_POOL)
    assert rich.naswot > poor.naswot
    assert rich.synflow > poor.synflow
    assert rich.cpu_seconds > 0


def test_params_are_those_of_the_full_network():
    assert scores_of(ALL_3X3).params == SPACE.cost([ALL_3X3]).params[0]


def test_scores_depend_on_the_seed_alone():
    state = torch.random.get_rng_state()
    first = scores_of(ALL_3X3, seed=1)
    torch.rand(7)
    again, other = scores_of(ALL_3X3, seed=1), scores_of(ALL_3X3, seed=2)
    for name in SCORES:
        assert getattr(first, name) == getattr(again, name), name
        assert getattr(first, name) != getattr(other, name), name
    torch.random.set_rng_state(state)
    scores_of(ALL_3X3)
    assert torch.equal(state, torch.random.get_rng_state())


def test_without_a_path_only_naswot_may_be_finite():
    scores = scores_of(DEAD)
    assert {getattr(scores, name) for name in SCORES if name != "naswot"} == {-math.inf}


def test_the_vote_is_the_mean_logarithm_of_ranks():
    log = np.log
    assert vote({"a": [1.0, 5.0, 3.0]}) == pytest.approx(log(np.array([1, 3, 2]) / 3))
    two = vote({"a": [1.0, 2.0, 3.0], "b": [300, 100, 200]})
    assert two == pytest.approx([log(1 / 3) / 2, log(2 / 9) / 2, log(2 / 3) / 2])
    ties = vote({"ties": [2.0, 2.0, 1.0], "flow": [-math.inf, 1.0, 2.0]})
    assert ties == pytest.approx([log(2.5 / 9) / 2, log(5 / 9) / 2, log(1 / 3) / 2])
    assert vote({"one": [7.0]}).tolist() == [0.0]


def test_the_vote_knows_ranks_alone_and_prefers_the_even():
    generator = np.random.default_rng(0)
    a, b = generator.normal(size=(2, 50))
    assert np.array_equal(vote({"a": a, "b": b}), vote({"b": np.exp(b), "a": a**3}))
    # Both have the same mean rank: the one that no score thinks poorly of wins.
    assert np.argmax(vote({"a": [3, 2, 1], "b": [1, 2, 3]})) == 1


@pytest.mark.parametrize("scores", [{}, {"a": [1.0], "b": [1.0, 2.0]}, {"a": [math.nan, 1.0]}])
def test_scores_that_cannot_vote_are_refused(scores):
    with pytest.raises(UserError, match="expected one or more of one length"):
        vote(scores)
