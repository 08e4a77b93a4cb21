from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from pomonag import search_space
from pomonag.errors import UserError
from pomonag.meta_dataset.training_free import naswot, synflow, training_free_scores, vote
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


def test_naswot_is_the_determinant_of_agreeing_units():
    # One ReLU over three units; the codes of the three images differ in one, two and three places.
    x = torch.tensor([[1.0, 1.0, 1.0], [1.0, 1.0, -1.0], [-1.0, -1.0, -1.0]]).reshape(3, 3, 1, 1)
    agreements = np.array([[3, 2, 0], [2, 3, 1], [0, 1, 3]])
    assert naswot(nn.Sequential(nn.ReLU()), x) == pytest.approx(math.log(np.linalg.det(agreements)))


def test_naswot_sums_over_all_relus_as_published():
    network = SPACE.build(ALL_3X3, SMALL)
    codes = []

    def hook(module, inputs, output):
        codes.append((output > 0).flatten(1).double())

    handles = [m.register_forward_hook(hook) for m in network.modules() if isinstance(m, nn.ReLU)]
    network.train()(images())
    for handle in handles:
        handle.remove()
    kernel = sum(c @ c.T + (1 - c) @ (1 - c).T for c in codes)
    assert naswot(network, images()) == pytest.approx(float(torch.linalg.slogdet(kernel)[1]))


def test_naswot_leaves_the_network_as_it_was():
    network = SPACE.build(ALL_3X3, SMALL).eval()
    before = {k: v.clone() for k, v in network.state_dict().items() if "num_batches" not in k}
    naswot(network, images())
    assert not network.training
    assert all(torch.equal(v, network.state_dict()[k]) for k, v in before.items())
    assert all(m.momentum == 0.1 for m in network.modules() if isinstance(m, nn.BatchNorm2d))
    assert not any(m._forward_pre_hooks for m in network.modules())


def test_equal_images_have_no_naswot():
    assert naswot(SPACE.build(ALL_POOL, SMALL), images(1).repeat(3, 1, 1, 1)) == -math.inf


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


def test_more_operations_score_higher():
    batches = {"noise": images(16)}
    rich = training_free_scores(SPACE, ALL_3X3, batches, skeleton=SMALL)
    poor = training_free_scores(SPACE, ALL_POOL, batches, skeleton=SMALL)
    assert rich.naswot["noise"] > poor.naswot["noise"]
    assert rich.synflow > poor.synflow
    assert rich.params == SPACE.cost([ALL_3X3], SMALL).params[0]
    assert rich.cpu_seconds > 0


def test_scores_depend_on_the_seed_alone():
    batches = {"noise": images(8)}
    state = torch.random.get_rng_state()
    first = training_free_scores(SPACE, ALL_3X3, batches, 1, SMALL)
    torch.rand(7)
    again = training_free_scores(SPACE, ALL_3X3, batches, 1, SMALL)
    other = training_free_scores(SPACE, ALL_3X3, batches, 2, SMALL)
    assert (first.naswot, first.synflow) == (again.naswot, again.synflow)
    assert (first.naswot, first.synflow) != (other.naswot, other.synflow)
    torch.random.set_rng_state(state)
    training_free_scores(SPACE, ALL_3X3, batches, 1, SMALL)
    assert torch.equal(state, torch.random.get_rng_state())


def test_the_vote_is_the_mean_rank():
    assert vote({"a": [1.0, 5.0, 3.0]}).tolist() == [0.0, 1.0, 0.5]
    assert vote({"a": [1.0, 2.0, 3.0], "b": [300, 100, 200]}).tolist() == [0.5, 0.25, 0.75]
    assert vote({"ties": [2.0, 2.0, 1.0], "flow": [-math.inf, 1.0, 2.0]}).tolist() == [0.375, 0.625, 0.5]
    assert vote({"one": [7.0]}).tolist() == [0.0]


@pytest.mark.parametrize("scores", [{}, {"a": [1.0], "b": [1.0, 2.0]}, {"a": [math.nan, 1.0]}])
def test_scores_that_cannot_vote_are_refused(scores):
    with pytest.raises(UserError, match="expected one or more of one length"):
        vote(scores)
