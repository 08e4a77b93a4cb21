"""Latencies that add up over the operations are recovered; those that were measured are ranked."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from pomonag.meta_dataset.schema import meta_dataset
from pomonag.predictors.latency_model import LatencyModel, fit_latency_model
from pomonag.spaces.encoding import generator_of
from pomonag.spaces.nasbench201 import NasBench201

torch.set_num_threads(1)
SPACE = NasBench201()
# Milliseconds of each operation on each edge; `none` is not free, so no sum is zero.
COSTS_MS = np.array([0.1, 0.2, 0.9, 2.5, 0.6]) * np.linspace(1, 2, 6)[:, None]


def additive_ms(cells):
    return 1.5 + np.array([sum(COSTS_MS[edge, op] for edge, op in enumerate(cell.operations)) for cell in cells])


def predicted(model, cells):
    return model(torch.from_numpy(SPACE.features(cells))).numpy()


@pytest.fixture(scope="module")
def model():
    cells = SPACE.sample(400, generator_of(0))
    return fit_latency_model(SPACE, cells, additive_ms(cells))


def test_additive_latencies_are_recovered_to_the_microsecond_on_cells_never_seen(model):
    cells = SPACE.sample(500, generator_of(1))
    above = additive_ms(cells) > float(model.floor)
    assert above.mean() > 0.95
    assert abs(predicted(model, cells) - additive_ms(cells))[above].max() < 5e-3


def test_noise_of_a_tenth_is_averaged_out():
    cells = SPACE.sample(600, generator_of(2))
    noisy = additive_ms(cells) * np.random.default_rng(0).normal(1, 0.1, 600)
    unseen = SPACE.sample(500, generator_of(3))
    found = predicted(fit_latency_model(SPACE, cells, noisy), unseen)
    assert np.sqrt(np.mean((found / additive_ms(unseen) - 1) ** 2)) < 0.06


def test_below_the_fastest_seen_latencies_stay_positive_and_differ():
    cells = SPACE.sample(400, generator_of(4))
    slow = sorted(cells, key=lambda cell: additive_ms([cell])[0])[200:]
    model = fit_latency_model(SPACE, slow, additive_ms(slow))
    floor = additive_ms(slow).min()
    faster = [cell for cell in SPACE.enumerate() if additive_ms([cell])[0] < 0.95 * floor]
    truth, found = additive_ms(faster), predicted(model, faster)
    assert 0 < found.min() <= found.max() < floor
    order = np.argsort(truth)
    steps = np.diff(truth[order]) > 0.01
    assert (np.diff(found[order])[steps] > 0).all()


def test_where_the_line_ends_value_and_slope_go_on():
    model = LatencyModel(1)
    model.weight.fill_(1.0)
    model.floor.fill_(2.0)
    x = torch.tensor([[2.0 - 1e-3], [2.0], [2.0 + 1e-3]], dtype=torch.float32)
    low, middle, high = model(x).tolist()
    assert middle == 2.0
    assert high - middle == pytest.approx(1e-3, rel=1e-2)
    assert middle - low == pytest.approx(1e-3, rel=1e-2)


def test_the_order_of_the_batch_does_not_matter(model):
    cells = SPACE.sample(30, generator_of(5))
    forwards = predicted(model, cells)
    assert np.allclose(predicted(model, cells[::-1])[::-1], forwards, rtol=1e-6)
    assert np.allclose([predicted(model, [cell])[0] for cell in cells], forwards, rtol=1e-6)


def test_an_empty_batch_and_an_untrained_model(model):
    assert model(torch.zeros(0, 81)).shape == (0,)
    assert LatencyModel(81)(torch.ones(3, 81)).tolist() == pytest.approx([0, 0, 0], abs=1e-6)
    assert {name for name, _ in LatencyModel(81).named_parameters()} == set()  # fitted, never descended


def test_measured_latencies_that_ship_are_ranked():
    rows = meta_dataset("nb201")
    # Other work shows in CPU time too, by shared caches; predictors learn from calm measurements as well.
    rows = rows[rows["latency_ms"].notna() & (rows["latency_disturbed"] == False)]  # noqa: E712 - a pandas column
    cells = [SPACE.parse(text) for text in rows["architecture"]]
    measured_ms = rows["latency_ms"].to_numpy()
    # Cells that occur in both halves would be known by heart.
    learned = np.array([cell.index % 2 == 0 for cell in cells])
    model = fit_latency_model(SPACE, [c for c, use in zip(cells, learned) if use], measured_ms[learned])
    unseen = predicted(model, [c for c, use in zip(cells, learned) if not use])
    assert spearmanr(unseen, measured_ms[~learned])[0] > 0.9
