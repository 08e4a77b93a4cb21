import pytest
import torch
from torch import nn

from pomonag.training.average_pooling import QuickAveragePooling, with_quick_average_pooling


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("side", [(4, 4), (7, 7), (8, 5)])
def test_equals_average_pooling_and_its_gradient(kernel, side):
    theirs = nn.AvgPool2d(kernel, stride=1, padding=kernel // 2, count_include_pad=False)
    x = torch.randn(2, 6, *side, generator=torch.Generator().manual_seed(0))
    a, b = x.clone().requires_grad_(), x.clone().requires_grad_()
    weights = torch.randn(2, 6, *side, generator=torch.Generator().manual_seed(1))
    one, two = theirs(a), QuickAveragePooling(kernel)(b)
    torch.testing.assert_close(one, two, rtol=1e-5, atol=1e-6)
    (one * weights).sum().backward()
    (two * weights).sum().backward()
    torch.testing.assert_close(a.grad, b.grad, rtol=1e-5, atol=1e-6)


def test_follows_changes_of_shape_and_type():
    pool = QuickAveragePooling(3)
    for x in (torch.ones(1, 2, 4, 4), torch.ones(1, 3, 6, 6), torch.ones(1, 3, 6, 4), torch.ones(1, 3, 6, 4).double()):
        assert torch.equal(pool(x).round(decimals=4), x)


def test_replaces_only_its_equals():
    network = nn.Sequential(
        nn.AvgPool2d(3, 1, 1, count_include_pad=False),
        nn.AvgPool2d(2),
        nn.AvgPool2d(3, 1, 1),
        nn.Sequential(nn.AvgPool2d(3, 1, 1, count_include_pad=False)),
    )
    with_quick_average_pooling(network)
    assert isinstance(network[0], QuickAveragePooling)
    assert isinstance(network[1], nn.AvgPool2d)
    assert isinstance(network[2], nn.AvgPool2d)
    assert isinstance(network[3][0], QuickAveragePooling)
