"""Starting weights depend on the seed alone, and on what was asked for."""

import pytest
import torch
from torch import nn

from pomonag.training.initialisation import initialise


def network():
    return nn.Sequential(nn.Conv2d(8, 64, 3), nn.BatchNorm2d(64), nn.Flatten(), nn.Linear(64, 8))


@pytest.mark.parametrize("weights", ["he_normal", "pytorch"])
def test_weights_come_from_the_seed_whatever_was_there(weights):
    state = torch.random.get_rng_state()
    one, two, other = network(), network(), network()
    nn.init.constant_(one[1].weight, 5.0)
    torch.random.set_rng_state(state)
    initialise(one, weights, 1)
    initialise(two, weights, 1)
    initialise(other, weights, 2)
    assert torch.equal(state, torch.random.get_rng_state())
    for a, b in zip(one.state_dict().values(), two.state_dict().values()):
        assert torch.equal(a, b)
    assert not torch.equal(one[0].weight, other[0].weight)
    assert not torch.equal(one[3].weight, other[3].weight)


def test_he_normal_has_the_spread_of_fan_out_in_convolutions_only():
    he, plain = network(), network()
    initialise(he, "he_normal", 1)
    initialise(plain, "pytorch", 1)
    assert he[0].weight.std().item() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.05)
    assert plain[0].weight.abs().max() <= (1 / (8 * 9)) ** 0.5
    assert torch.equal(he[3].weight, plain[3].weight)


def test_loaded_weights_are_left():
    loaded = network()
    before = {key: value.clone() for key, value in loaded.state_dict().items()}
    initialise(loaded, "imagenet", 1)
    assert all(torch.equal(before[key], value) for key, value in loaded.state_dict().items())
