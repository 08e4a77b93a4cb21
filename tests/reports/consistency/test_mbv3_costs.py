"""Extremes that are known from elsewhere, and networks of the package that defines the space."""

import random

import pytest

from reports.consistency import mbv3_costs
from reports.consistency.mbv3_costs import Block, ceiling, cost, floor, head_params


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


def test_widths_are_rounded_to_eight_and_never_below_nine_tenths():
    assert mbv3_costs.channels(1.2) == (24, 24, 32, 48, 96, 136, 192, 1152, 1536)
    assert mbv3_costs.divisible(4) == 8


@pytest.mark.parametrize("width", [1.0, 1.2])
def test_no_network_lies_outside(width):
    draw = random.Random(0)
    for _ in range(200):
        counted = cost(_network(draw), width=width, classes=10, resolution=96)
        assert floor(width, 10, 96).params <= counted.params <= ceiling(width, 10, 96).params
        assert floor(width, 10, 96).macs <= counted.macs <= ceiling(width, 10, 96).macs


@pytest.mark.parametrize("width", [1.0, 1.2])
def test_counts_are_those_of_the_once_for_all_package(width):
    torch = pytest.importorskip("torch")
    networks = pytest.importorskip("ofa.imagenet_classification.elastic_nn.networks")
    from torch.utils.flop_counter import FlopCounterMode

    elastic = networks.OFAMobileNetV3(
        n_classes=20,
        dropout_rate=0,
        width_mult=width,
        ks_list=list(mbv3_costs.KERNELS),
        expand_ratio_list=list(mbv3_costs.EXPANSIONS),
        depth_list=list(mbv3_costs.DEPTHS),
    )
    draw = random.Random(width)
    smallest, largest = ((Block(*choice),) * depth for depth, choice in ((2, (3, 3)), (4, (7, 6))))
    for stages in ((smallest,) * 5, (largest,) * 5, _network(draw), _network(draw)):
        padded = [block for stage in stages for block in (*stage, *(stage[-1],) * (4 - len(stage)))]
        elastic.set_active_subnet(
            ks=[b.kernel for b in padded], e=[b.expansion for b in padded], d=[len(stage) for stage in stages]
        )
        network = elastic.get_active_subnet(preserve_weight=False).eval()
        # An odd side: what a stride makes of it is rounded up.
        with FlopCounterMode(display=False) as counter, torch.inference_mode():
            network(torch.zeros(1, 3, 45, 45))
        counted = cost(stages, width=width, classes=20, resolution=45)
        assert counted.params == sum(p.numel() for p in network.parameters())
        assert counted.macs == counter.get_total_flops() / 2


def _network(draw: random.Random) -> tuple[tuple[Block, ...], ...]:
    return tuple(
        tuple(
            Block(draw.choice(mbv3_costs.KERNELS), draw.choice(mbv3_costs.EXPANSIONS))
            for _ in range(draw.choice(mbv3_costs.DEPTHS))
        )
        for _ in range(5)
    )
