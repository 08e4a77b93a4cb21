"""Extremes that are known from elsewhere, and that no network lies outside them."""

import pytest

from pomonag.spaces import search_space
from pomonag.spaces.encoding import generator_of
from reports.consistency.mbv3_costs import ceiling, floor, head_params


@pytest.mark.parametrize(
    ("width", "classes", "least", "most"),
    [
        (1.0, 10, 2_142_602, 6_396_570),
        (1.0, 1000, 3_410_792, 7_664_760),
        (1.2, 20, 3_096_196, 9_195_372),
        (1.2, 1000, 4_602_456, 10_701_632),
    ],
)
def test_least_and_most_params(width, classes, least, most):
    assert floor(width, classes, 224).params == least
    assert ceiling(width, classes, 32).params == most


@pytest.mark.parametrize(
    ("width", "side", "least", "most"),
    [
        (1.0, 224, 120.011, 564.903),
        (1.0, 112, 32.522, 149.123),
        (1.0, 32, 3.935, 15.198),
        (1.2, 160, 98.800, 432.043),
        (1.2, 112, 51.509, 221.655),
    ],
)
def test_least_and_most_macs(width, side, least, most):
    assert floor(width, 10, side).macs / 1e6 == pytest.approx(least, abs=5e-4)
    assert ceiling(width, 10, side).macs / 1e6 == pytest.approx(most, abs=5e-4)


def test_a_class_costs_its_column_of_the_head():
    for width, params in ((1.0, 1281), (1.2, 1537)):
        assert head_params(width) == params
        few, more = floor(width, 10, 224), floor(width, 1000, 224)
        assert (more.params - few.params, more.macs - few.macs) == (990 * params, 990 * (params - 1))


def test_no_network_lies_outside():
    space = search_space("mbv3")
    nets = space.sample(200, generator_of(0))
    costs = space.cost(nets, classes=10, resolution=96)
    for net, params, macs in zip(nets, costs.params, costs.macs):
        least, most = floor(net.width, 10, 96), ceiling(net.width, 10, 96)
        assert least.params <= params <= most.params
        assert least.macs <= macs <= most.macs
