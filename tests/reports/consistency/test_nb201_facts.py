import itertools
import math
import random

import numpy as np
import pytest

from reports.consistency import nb201_facts
from reports.consistency.quantiles import half_width


def test_published_extremes():
    cifar10, imagenet16 = nb201_facts.distinct_costs(10, 32), nb201_facts.distinct_costs(120, 16)
    assert cifar10.shape == (28, 2)
    assert (cifar10[0, 0], cifar10[-1, 0]) == (73_306, 1_531_546)
    # The benchmark also counts one operation for each of the classifier's biases.
    assert (cifar10[0, 1] + 10, cifar10[-1, 1] + 10) == (7_783_050, 220_119_690)
    assert (imagenet16[0, 1] + 120, imagenet16[-1, 1] + 120) == (1_953_400, 55_037_560)


def test_classes_of_isomorphic_cells():
    sizes = nb201_facts.class_sizes()
    assert (len(sizes), sum(sizes)) == (6466, 15625)
    # Three of five operations on six edges hold no convolution.
    assert nb201_facts.cells_with_a_convolution() == 15625 - 3**6


@pytest.mark.parametrize("classes", [[10], [4, 10, 200]])
def test_no_set_of_networks_has_other_mean_macs(classes):
    draw = random.Random(0)
    for _ in range(300):
        networks = [draw.choice(nb201_facts.distinct_costs(draw.choice(classes), 32).tolist()) for _ in range(5)]
        params, macs = np.mean(networks, axis=0)
        low, high = nb201_facts.mean_macs_range(params - 100, params + 100, classes, 32)
        assert low <= macs <= high


def test_the_range_of_mean_macs_is_reached():
    smallest, *_, largest = nb201_facts.distinct_costs(10, 32).tolist()
    for network in (smallest, largest):
        assert nb201_facts.mean_macs_range(network[0], network[0], [10], 32) == (network[1], network[1])
    # Half a million params more: all by 1x1 or all by 3x3 convolutions.
    low, high = nb201_facts.mean_macs_range(241_306, 241_306, [10], 32)
    assert low == pytest.approx(7_783_040 + 3_932_160 * 6)
    assert high == pytest.approx(7_783_040 + 3_932_160 * 9 * (241_306 - 73_306) / 243_040)


def test_params_that_no_set_has():
    assert all(math.isnan(bound) for bound in nb201_facts.mean_macs_range(2e6, 3e6, [10], 32))


@pytest.mark.parametrize("classes", [[10, 10, 10], [10, 100, 200]])
@pytest.mark.parametrize("mean", [200_000, 700_000, 1_020_000])
def test_the_least_half_width_is_that_of_all_choices(classes, mean):
    bounds = (mean - 5_000, mean + 5_000)
    columns = [nb201_facts.distinct_costs(k, 32)[:, 0].tolist() for k in classes]
    widths = [half_width(choice) for choice in itertools.product(*columns) if bounds[0] <= sum(choice) / 3 <= bounds[1]]
    assert nb201_facts.least_half_width(classes, *bounds) == pytest.approx(min(widths), rel=1e-6, abs=1.0)


def test_no_choice_has_such_a_mean():
    assert nb201_facts.least_half_width([10, 10], 2e6, 3e6) == math.inf
