"""Batch normalisation measured anew: exact on one batch, a mean over several, forgetful of what was there."""

import torch
from torch import nn

from pomonag.training import recalibration
from pomonag.training.recalibration import recalibrated


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))


def test_statistics_are_those_of_the_images():
    images = 3 + 2 * torch.randn(50, 3, 6, 6)
    net = network()
    net[1].running_mean.fill_(100.0)
    assert recalibrated(net, images) is net
    assert not net.training
    inner = net[0](images)
    torch.testing.assert_close(net[1].running_mean, inner.mean((0, 2, 3)))
    torch.testing.assert_close(net[1].running_var, inner.var((0, 2, 3)))
    out = net(images)
    torch.testing.assert_close(out.mean((0, 2, 3)), torch.zeros(4), atol=1e-5, rtol=0)


def test_several_batches_are_averaged_and_a_rest_is_left_out(monkeypatch):
    monkeypatch.setattr(recalibration, "BATCH", 10)
    images = torch.randn(25, 3, 6, 6)
    net = recalibrated(network(), images)
    inner = net[0](images[:20]).unflatten(0, (2, 10))
    torch.testing.assert_close(net[1].running_mean, inner.mean((0, 1, 3, 4)))
    torch.testing.assert_close(net[1].running_var, inner.var((1, 3, 4)).mean(0))


def test_weights_and_momentum_stay():
    net = network()
    before = net[0].weight.clone()
    recalibrated(net, torch.randn(8, 3, 6, 6))
    assert torch.equal(net[0].weight, before)
    assert net[1].momentum == 0.1
    assert net[0].weight.grad is None
