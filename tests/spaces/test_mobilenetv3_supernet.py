"""The super-network's own promises at lite size; tests/spaces/test_once_for_all.py holds it against the package."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from pomonag.errors import UserError
from pomonag.spaces import search_space
from pomonag.spaces.encoding import generator_of
from pomonag.spaces.mobilenetv3 import SLOTS, MobileNetV3Net, MobileNetV3Skeleton
from pomonag.spaces.mobilenetv3_network import SqueezeExcitation
from pomonag.spaces.mobilenetv3_supernet import MobileNetV3SuperNetwork

SPACE = search_space("mbv3")
SKELETON = MobileNetV3Skeleton(5, resolution=16, width_scale=0.25, divisor=4, strides=(1, 1, 2, 2, 1, 1))


def of_width(width: float, n: int, seed: int) -> list[MobileNetV3Net]:
    return [MobileNetV3Net(width, net.kernels, net.expansions) for net in SPACE.sample(n, generator_of(seed))]


def smallest(width: float) -> MobileNetV3Net:
    slots = [int(slot % 4 < 2) for slot in range(SLOTS)]
    return MobileNetV3Net(width, tuple(3 * slot for slot in slots), tuple(3 * slot for slot in slots))


def super_network(width: float = 1.0, seed: int = 0) -> MobileNetV3SuperNetwork:
    """With no weight at a value that would hide a mistake: statistics, biases, matrices and zero scales are drawn."""
    torch.manual_seed(seed)
    network = MobileNetV3SuperNetwork(width, SKELETON)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.1)
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 1.5)
        elif isinstance(module, SqueezeExcitation):
            nn.init.normal_(module.squeeze.bias)
            nn.init.normal_(module.excite.bias)
    for transform in network.transforms:
        for matrix in transform.parameters():
            nn.init.normal_(matrix.data, std=0.2)
    return network


def images(n: int = 2) -> torch.Tensor:
    return torch.randn(n, 3, 16, 16, generator=generator_of(9))


@pytest.mark.parametrize("width", [1.0, 1.2])
def test_networks_taken_out_compute_the_same(width):
    network = super_network(width).eval()
    with torch.inference_mode():
        for net in (network.largest, smallest(width), *of_width(width, 4, 1)):
            alone = network.sub_network(net)
            assert not alone.training
            torch.testing.assert_close(alone(images()), network(images(), net))
            assert sum(p.numel() for p in alone.parameters()) == SPACE.cost([net], SKELETON).params[0]
        torch.testing.assert_close(network(images()), network(images(), network.largest), rtol=0, atol=0)


def test_it_has_the_largest_network_s_parameters_and_the_matrices():
    network = MobileNetV3SuperNetwork(1.2, SKELETON)
    own = SPACE.cost([network.largest], SKELETON).params[0]
    assert sum(p.numel() for p in network.parameters()) == own + SLOTS * (25**2 + 9**2)


def test_new_matrices_leave_the_centres_of_kernels_as_they_are():
    transform = MobileNetV3SuperNetwork(1.0, SKELETON).transforms[0]
    kernels = torch.randn(3, 1, 7, 7)
    assert torch.equal(transform(kernels, 7), kernels)
    assert torch.equal(transform(kernels, 5), kernels[:, :, 1:6, 1:6])
    assert torch.equal(transform(kernels, 3), kernels[:, :, 2:5, 2:5])


def test_a_smaller_kernel_goes_through_both_matrices():
    transform = super_network().transforms[0]
    kernels = torch.randn(3, 1, 7, 7)
    five = transform(kernels, 5)
    torch.testing.assert_close(five.flatten(1), kernels[:, 0, 1:6, 1:6].flatten(1) @ transform.to_5.T)
    expected = five[:, 0, 1:4, 1:4].flatten(1) @ transform.to_3.T
    torch.testing.assert_close(transform(kernels, 3).flatten(1), expected)


def test_copies_are_not_the_super_network_s_own_weights():
    network = super_network().eval()
    before = network(images(), network.largest)
    alone = network.sub_network(network.largest)
    assert all(parameter.requires_grad and parameter.is_leaf for parameter in alone.parameters())
    with torch.no_grad():
        for tensor in (*alone.parameters(), *alone.buffers()):
            tensor.zero_()
    assert torch.equal(network(images(), network.largest), before)


def test_training_a_small_network_reaches_the_weights_and_statistics_it_uses_and_no_others():
    network = super_network().train()
    statistics = {name: buffer.clone() for name, buffer in network.named_buffers()}
    network(images(), smallest(1.0)).square().sum().backward()
    block, deeper = network.network.features[2], network.network.features[2 + 2]
    expand, depthwise = block.main[0], block.main[1]
    inner = 3 * expand.convolution.in_channels
    assert expand.convolution.weight.grad[:inner].abs().sum((1, 2, 3)).count_nonzero() > 0
    assert not expand.convolution.weight.grad[inner:].any()
    assert not depthwise.convolution.weight.grad[:, :, 0].any()
    assert depthwise.convolution.weight.grad[:inner, :, 1:-1, 1:-1].any()
    assert network.transforms[0].to_5.grad.any()
    assert network.transforms[0].to_3.grad.any()
    assert all(parameter.grad is None for parameter in deeper.parameters())
    moved = {name for name, buffer in network.named_buffers() if not torch.equal(buffer, statistics[name])}
    assert "network.features.2.main.0.norm.running_mean" in moved
    assert not any(name.startswith("network.features.4.") for name in moved)
    mean = network.network.features[2].main[0].norm.running_mean
    assert torch.equal(mean[inner:], statistics["network.features.2.main.0.norm.running_mean"][inner:])
    assert not torch.equal(mean[:inner], statistics["network.features.2.main.0.norm.running_mean"][:inner])


def test_gradients_of_shared_weights_are_those_of_the_network_alone():
    network = super_network().train()
    net = of_width(1.0, 1, 3)[0]
    alone = network.sub_network(net)
    network(images(4), net).square().mean().backward()
    alone(images(4)).square().mean().backward()
    torch.testing.assert_close(network.network.classifier.weight.grad, alone.classifier.weight.grad)
    inner = alone.features[2].main[0].convolution.out_channels
    torch.testing.assert_close(
        network.network.features[2].main[0].convolution.weight.grad[:inner],
        alone.features[2].main[0].convolution.weight.grad,
    )


def test_sorting_keeps_the_largest_network_and_puts_important_channels_first():
    network = super_network().eval()
    net = smallest(1.0)
    with torch.inference_mode():
        before, small = network(images()), network(images(), net)
        network.sort_channels()
        torch.testing.assert_close(network(images()), before, rtol=1e-4, atol=1e-4 * before.abs().max().item())
        assert (network(images(), net) - small).abs().max() > 1e-3 * small.abs().max()
        sorted_weights = {name: weight.clone() for name, weight in network.state_dict().items()}
        network.sort_channels()
    for slot in range(SLOTS):
        norm = network.network.features[2 + slot].main[-1].convolution.weight.abs().sum((0, 2, 3))
        assert (norm.diff() <= 0).all()
    assert all(torch.equal(weight, sorted_weights[name]) for name, weight in network.state_dict().items())


def test_state_dicts_round_trip():
    network, other = super_network(seed=0).eval(), super_network(seed=1).eval()
    net = of_width(1.0, 1, 5)[0]
    other.load_state_dict(network.state_dict())
    assert torch.equal(other(images(), net), network(images(), net))


def test_weights_of_another_width_are_refused():
    network = super_network(1.0)
    net = smallest(1.2)
    with pytest.raises(UserError, match=r"weights of another width: the super-network has width 1\.0"):
        network(images(), net)
    with pytest.raises(UserError, match="weights of another width"):
        network.sub_network(net)
    with pytest.raises(UserError, match=r"width 1\.1"):
        MobileNetV3SuperNetwork(1.1, SKELETON)
