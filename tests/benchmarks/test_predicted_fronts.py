import numpy as np
import pytest
import torch

from benchmarks import generation, inputs, predicted_fronts
from benchmarks.generation import Generated
from pomonag.data.sources import DataMissing
from reports.paper_figures.datasets import PAPER_DATASETS

EVERY_HUNDREDTH = slice(0, None, 100)


def test_every_data_set_of_figure_3_without_a_table_has_a_run_of_both_methods():
    runs = predicted_fronts.runs()
    expected = {(m, d.id) for d in PAPER_DATASETS[2:] for m in ("pomonag", "diffusionnag")}
    assert {(run.key.method, run.key.dataset) for run in runs} == expected
    assert all(q.evaluation == "predicted" for run in runs for q in run.quantities if q.unit == "%")


def test_fronts_are_by_predictions_and_costs_by_the_classes_of_the_images(monkeypatch):
    if inputs.LATENCIES.missing():
        pytest.skip(inputs.LATENCIES.missing())
    space = inputs.space()
    chosen = space.enumerate()[EVERY_HUNDREDTH]
    predicted = np.random.default_rng(0).uniform(60, 90, len(chosen))
    made = Generated(len(chosen), len(chosen), [str(a) for a in chosen], predicted, 5376)
    monkeypatch.setattr(generation, "embedding", lambda dataset, seed: torch.zeros(30, 20, 1280))
    outcome = predicted_fronts._outcome(lambda dataset, seed: made, "aircraft", 0)
    assert outcome.values == {"predicted_accuracy": predicted.max(), "predictor_calls": 5376}
    params = dict(zip(made.architectures, space.cost(chosen, classes=30).params / 1e6))
    for name, front in outcome.details["fronts"].items():
        points = front["points"]
        assert [p["cost"] for p in points] == sorted(p["cost"] for p in points)
        assert [p["accuracy"] for p in points] == sorted(p["predicted"] for p in points)
        if name == "params":
            assert [p["cost"] for p in points] == pytest.approx([params[p["architecture"]] for p in points], abs=1e-6)
    assert set(outcome.details["fronts"]) == {"params", "macs", "latency"}


def test_images_are_found_as_a_file_or_a_folder_of_the_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("POMONAG_DATA_DIR", str(tmp_path))
    (need,) = inputs.images_need("bloodmnist")
    assert "images/bloodmnist.npz" in need.missing()
    with pytest.raises(DataMissing, match="There are no images of BloodMNIST"):
        inputs.own_images_path("bloodmnist")
    (tmp_path / "images" / "pets").mkdir(parents=True)
    assert inputs.own_images_path("pets") == tmp_path / "images" / "pets"
    pixels = np.random.default_rng(0).integers(0, 255, (60, 28, 28, 3), np.uint8)
    np.savez(tmp_path / "images" / "bloodmnist.npz", images=pixels, labels=np.arange(60) % 2)
    assert need.missing() is None
    drawn = [inputs.images("bloodmnist", seed) for seed in (0, 0, 1)]
    assert len(drawn[0].images) == 40
    assert np.array_equal(drawn[0].images, drawn[1].images)
    assert not np.array_equal(drawn[0].images, drawn[2].images)
