from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call

from pomonag import search_space
from pomonag.meta_dataset.batch_scores import batch_scores, jacobian_covariance
from pomonag.spaces.encoding import generator_of
from pomonag.spaces.nasbench201 import NasBench201Skeleton

torch.set_num_threads(1)

SPACE = search_space("nb201")
SMALL = NasBench201Skeleton(channels=4, cells=1, resolution=8)
MIXED = SPACE.parse("|nor_conv_3x3~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|skip_connect~0|none~1|nor_conv_3x3~2|")
POOLS = SPACE.parse("|avg_pool_3x3~0|+|avg_pool_3x3~0|avg_pool_3x3~1|+|avg_pool_3x3~0|avg_pool_3x3~1|avg_pool_3x3~2|")
DEAD = SPACE.parse("|none~0|+|none~0|nor_conv_3x3~1|+|none~0|none~1|nor_conv_3x3~2|")
LABELS = torch.tensor([0, 3, 9, 3, 5, 1])


def images(n=6, side=8, seed=0):
    return torch.randn(n, 3, side, side, generator=generator_of(seed))


def network(cell=MIXED):
    torch.manual_seed(0)
    return SPACE.build(cell, SMALL)


def layers(net):
    return {n: m for n, m in net.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)}


def test_naswot_is_the_determinant_of_agreeing_units():
    # One ReLU over three units; the codes of the three images differ in one, two and three places.
    x = torch.tensor([[1.0, 1.0, 1.0], [1.0, 1.0, -1.0], [-1.0, -1.0, -1.0]]).reshape(3, 3, 1, 1)
    agreements = np.array([[3, 2, 0], [2, 3, 1], [0, 1, 3]])
    net = nn.Sequential(nn.ReLU(), nn.Flatten(), nn.Linear(3, 2))
    assert batch_scores(net, x, torch.tensor([0, 1, 0])).naswot == pytest.approx(math.log(np.linalg.det(agreements)))


@pytest.mark.parametrize("activation", [nn.ReLU, nn.ReLU6, nn.Hardswish, nn.SiLU, nn.GELU])
def test_naswot_sees_the_activations_of_other_spaces_alike(activation):
    def score(kind):
        net = nn.Sequential(kind(), nn.Flatten(), nn.Linear(3 * 8 * 8, 2))
        return batch_scores(net, images(), torch.tensor([0, 1, 0, 1, 0, 1])).naswot

    assert score(activation) == score(nn.ReLU)
    assert math.isfinite(score(activation))


def test_naswot_sums_over_all_relus_as_published():
    net, codes = network(), []
    handles = [
        m.register_forward_hook(lambda module, inputs, output: codes.append((output > 0).flatten(1).double()))
        for m in net.modules()
        if isinstance(m, nn.ReLU)
    ]
    net.train()(images())
    for handle in handles:
        handle.remove()
    kernel = sum(c @ c.T + (1 - c) @ (1 - c).T for c in codes)
    assert batch_scores(net, images(), LABELS).naswot == pytest.approx(float(torch.linalg.slogdet(kernel)[1]))


def test_the_jacobian_is_that_of_the_summed_output():
    net = network().train()
    jacobian = torch.autograd.functional.jacobian(lambda x: net(x).sum(), images())
    correlations = np.corrcoef(jacobian.flatten(1).double().numpy())
    eigenvalues = np.linalg.eigvals(correlations).real
    expected = -np.sum(np.log(eigenvalues + 1e-5) + 1 / (eigenvalues + 1e-5))
    assert batch_scores(net, images(), LABELS).jacobian_covariance == pytest.approx(expected, rel=1e-3)


def test_jacobian_covariance_is_highest_for_rows_without_correlation():
    rows = torch.tensor([[1.0, -1, 0, 0, 0, 0], [0, 0, 1, -1, 0, 0], [0, 0, 0, 0, 1, -1]], dtype=torch.float64)
    best = jacobian_covariance(rows)
    assert best == pytest.approx(-3 * (math.log(1 + 1e-5) + 1 / (1 + 1e-5)))
    mixed = torch.randn(3, 6, generator=generator_of(1), dtype=torch.float64)
    assert jacobian_covariance(mixed) < best
    scaled = mixed * torch.tensor([[2.0], [0.1], [7.0]]) + 3
    assert jacobian_covariance(scaled) == pytest.approx(jacobian_covariance(mixed))
    # Equal rows: eigenvalues 3, 0, 0.
    equal = jacobian_covariance(mixed[:1].repeat(3, 1))
    assert equal == pytest.approx(-(math.log(3) + 1 / 3) - 2 * (math.log(1e-5) + 1e5), rel=1e-4)
    assert jacobian_covariance(torch.ones(3, 6)) == -math.inf


def test_the_gradient_norm_is_the_sum_of_the_layers_norms():
    net = network().train()
    nn.functional.cross_entropy(net(images()), LABELS).backward()
    total = sum(float(m.weight.grad.norm()) for m in layers(net).values() if m.weight.grad is not None)
    assert batch_scores(net, images(), LABELS).gradient_norm == pytest.approx(math.log(total), rel=1e-5)


def test_snip_is_the_sensitivity_to_masks_on_the_weights():
    # Lee et al.: the derivative by a factor on each connection, where all factors are one.
    net = network().train()
    weights = {f"{n}.weight": m.weight.detach() for n, m in layers(net).items()}
    masks = {n: torch.ones_like(w, requires_grad=True) for n, w in weights.items()}
    logits = functional_call(net, {n: w * masks[n] for n, w in weights.items()}, images())
    nn.functional.cross_entropy(logits, LABELS).backward()
    total = sum(float(m.grad.abs().sum()) for m in masks.values() if m.grad is not None)
    assert batch_scores(net, images(), LABELS).snip == pytest.approx(math.log(total), rel=1e-5)


def test_what_batch_normalisation_undoes_changes_the_gradient_norm_but_not_the_others():
    before = batch_scores(network(), images(), LABELS)
    net = network()
    with torch.no_grad():
        for name, layer in layers(net).items():
            if "edges" in name:
                layer.weight.mul_(4)
    after = batch_scores(net, images(), LABELS)
    assert after.gradient_norm < before.gradient_norm - 0.01
    for name in ("naswot", "jacobian_covariance", "snip"):
        assert getattr(after, name) == pytest.approx(getattr(before, name), rel=2e-3), name


@pytest.mark.parametrize("cell", [MIXED, POOLS])
def test_the_order_of_the_images_does_not_matter(cell):
    order = torch.tensor([3, 1, 5, 0, 4, 2])
    first = batch_scores(network(cell), images(), LABELS)
    second = batch_scores(network(cell), images()[order], LABELS[order])
    for name, value in vars(first).items():
        assert getattr(second, name) == pytest.approx(value, rel=1e-3), name


def test_the_network_is_left_as_it_was():
    net = network().eval()
    before = {k: v.clone() for k, v in net.state_dict().items() if "num_batches" not in k}
    batch = images()
    batch_scores(net, batch, LABELS)
    assert not net.training
    assert all(torch.equal(v, net.state_dict()[k]) for k, v in before.items())
    assert all(m.momentum == 0.1 for m in net.modules() if isinstance(m, nn.BatchNorm2d))
    assert not any(m._forward_pre_hooks for m in net.modules())
    assert all(p.grad is None for p in net.parameters())
    assert not batch.requires_grad


def test_equal_images_have_no_naswot():
    assert batch_scores(network(POOLS), images(1).repeat(6, 1, 1, 1), LABELS).naswot == -math.inf


def test_without_a_path_nothing_has_a_gradient():
    scores = batch_scores(network(DEAD), images(), LABELS)
    assert scores.jacobian_covariance == scores.gradient_norm == scores.snip == -math.inf
