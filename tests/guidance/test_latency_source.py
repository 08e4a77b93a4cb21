"""Latencies by prediction, by device and by a user's file, and the noisy predictor's column that goes with each."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pomonag.errors import UserError
from pomonag.evaluation.device_latency import device_latency
from pomonag.guidance.latency_source import latency_source
from pomonag.predictors.performance_predictor import CONDITION_SIZE
from pomonag.predictors.set_training import device_head

UNSEEN = 99  # the seed of cells that no source was fitted on


@pytest.fixture
def predicted(space, predictors):
    """`predicted(source, cells, sigma)`: the z-score that the source's column predicts of noisy cells."""

    def predict(source, cells, sigma):
        generator = torch.Generator().manual_seed(5)
        clean = 2 * space.encoding.encode(cells) - 1
        x = clean + sigma * torch.randn(clean.shape, generator=generator)
        with torch.no_grad():
            heads = predictors.noisy(x, torch.full((len(x),), sigma), torch.zeros(CONDITION_SIZE))
        return (heads @ source.column).double().numpy()

    return predict


def correlation(a, b):
    return np.corrcoef(a, b)[0, 1]


@pytest.fixture
def cells(space):
    return space.sample(500, torch.Generator().manual_seed(UNSEEN))


def per_operation(cells):
    """A made-up device: each operation has its milliseconds on each edge."""
    ms = np.random.default_rng(3).uniform(0.2, 1.0, (6, 1)) * np.array([0.0, 0.3, 1.0, 4.0, 2.0])
    return np.array([0.5 + sum(ms[edge, op] for edge, op in enumerate(cell.operations)) for cell in cells])


def write(path, cells, latency_ms):
    rows = "".join(f"{cell},{value:.6f}\n" for cell, value in dict(zip(cells, latency_ms)).items())
    path.write_text("arch_str,latency_ms\n" + rows)
    return str(path)


def test_by_default_the_latency_is_predicted(space, predictors, cells, predicted):
    source = latency_source(space, predictors, None)
    assert "this project's measurements" in source.name
    assert np.array_equal(source.of(cells), predictors.latency_ms(cells))
    head = predictors.noisy.column("latency_ms")
    assert source.column.nonzero().flatten().tolist() == [head]
    assert source.column.sum() == 1
    z = (source.of(cells) - source.mean_ms) / source.scale_ms
    assert abs(z.mean()) < 0.2
    assert z.std() == pytest.approx(1.0, abs=0.2)
    assert correlation(predicted(source, cells, 0.1), z) > 0.95


def test_a_device_is_looked_up_by_its_name(space, predictors, cells, predicted, data_dir):
    source = latency_source(space, predictors, "pixel3")
    assert "pixel3" in source.name
    measured = device_latency("pixel3", space)(cells)
    np.testing.assert_array_equal(source.of(cells), measured)
    assert source.column.nonzero().flatten().tolist() == [predictors.noisy.column(device_head("pixel3"))]
    timed = ~np.isnan(measured)  # not the graphs that were pruned away
    assert timed.mean() > 0.95
    z = (measured[timed] - source.mean_ms) / source.scale_ms
    found = predicted(source, cells, 0.1)[timed]
    assert correlation(found, z) > 0.9
    assert np.abs(found - z).mean() < 0.4


def test_a_file_is_predicted_by_a_combination_of_known_latencies(space, predictors, cells, predicted, tmp_path):
    timed = space.sample(6000, torch.Generator().manual_seed(1))
    source = latency_source(space, predictors, write(tmp_path / "mine.csv", timed, per_operation(timed)))
    assert source.name.startswith("mine.csv")
    heads = [predictors.noisy.heads[i] for i in source.column.nonzero().flatten().tolist()]
    assert len(heads) > 10
    assert all(head.startswith("latency_ms") for head in heads)
    # Also of cells that were not timed, and in their own units.
    z = (per_operation(cells) - source.mean_ms) / source.scale_ms
    clean = predicted(source, cells, 0.1)
    assert correlation(clean, z) > 0.9
    assert np.abs(clean - z).mean() < 0.4
    assert correlation(predicted(source, cells, 1.0), z) > 0.5
    unknown = [cell for cell in cells if cell not in set(timed)]
    assert np.isnan(source.of(unknown)).all()
    assert source.of(timed[:5]) == pytest.approx(per_operation(timed[:5]), abs=1e-5)


def test_a_mixture_of_known_latencies_is_found_again(space, predictors, cells, predicted, tmp_path):
    devices = ("latency_ms", device_head("pixel3"), device_head("gold_6226"))
    columns = [predictors.noisy.column(head) for head in devices]

    def mixture(cells):
        x = 2 * space.encoding.encode(cells) - 1
        with torch.no_grad():
            heads = predictors.noisy(x, torch.full((len(x),), 0.1), torch.zeros(CONDITION_SIZE))[:, columns]
        return 10 + (heads @ torch.tensor([0.5, 1.0, 2.0])).numpy()

    timed = space.sample(6000, torch.Generator().manual_seed(1))
    source = latency_source(space, predictors, write(tmp_path / "mine.csv", timed, mixture(timed)))
    assert correlation(predicted(source, cells, 0.1), mixture(cells)) > 0.98


def test_what_is_no_device_and_no_file(space, predictors, tmp_path):
    with pytest.raises(UserError, match="Did you mean 'pixel3'"):
        latency_source(space, predictors, "pixel4")
    with pytest.raises(UserError, match=r"mine\.csv is no file"):
        latency_source(space, predictors, str(tmp_path / "mine.csv"))
    (tmp_path / "mine.csv").write_text("arch_str,ms\n" + f"{space.sample(1, torch.Generator())[0]},3\n")
    with pytest.raises(UserError, match="no column latency_ms"):
        latency_source(space, predictors, str(tmp_path / "mine.csv"))


def test_a_file_of_few_cells_is_fitted_on_all_of_them(space, predictors, cells, predicted, tmp_path):
    latency = per_operation(cells)
    few = latency_source(space, predictors, write(tmp_path / "few.csv", cells[:60], latency[:60]))
    assert few.mean_ms == pytest.approx(latency[:60].mean(), rel=0.05)
    assert correlation(predicted(few, cells, 0.1), latency) > 0.8


@pytest.mark.parametrize("kept", [1, 10])
def test_too_few_cells_are_refused(space, predictors, cells, tmp_path, kept):
    file = write(tmp_path / "one.csv", cells[:kept], per_operation(cells[:kept]))
    with pytest.raises(UserError, match="expected 20 at least"):
        latency_source(space, predictors, file)


def test_the_same_latency_everywhere_cannot_guide(space, predictors, cells, tmp_path):
    with pytest.raises(UserError, match="different latencies"):
        latency_source(space, predictors, write(tmp_path / "flat.csv", cells, np.full(len(cells), 3.0)))
