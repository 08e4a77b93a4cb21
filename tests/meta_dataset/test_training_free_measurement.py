from __future__ import annotations

import io
import os
import pickle

import numpy as np
import pytest
import torch
from rich.console import Console

from pomonag import search_space
from pomonag.errors import UserError
from pomonag.execution.executor import executor
from pomonag.meta_dataset import training_free_measurement
from pomonag.meta_dataset.training_free import SCORES, training_free_scores
from pomonag.meta_dataset.training_free_measurement import (
    Measure,
    TrainingFreeProtocol,
    as_columns,
    default_reduction,
    image_batch,
    listed_architectures,
    measure,
)
from pomonag.records.record_store import RecordStore
from pomonag.spaces import Skeleton

torch.set_num_threads(1)

SPACE = search_space("nb201")
REDUCED = (("cells", 1), ("channels", 4), ("resolution", 8))
CELLS = listed_architectures(SPACE, 4)


@pytest.fixture
def protocol(tmp_path, monkeypatch):
    """A protocol whose images, 80 of 16 x 16 in two classes, are made up."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "data"
    folder.mkdir()
    np.savez(folder / "some.npz", x=rng.integers(0, 255, (80, 16, 16, 3), dtype=np.uint8), y=np.repeat([0, 1], 40))
    monkeypatch.setenv("POMONAG_DATA_DIR", str(folder))
    without = TrainingFreeProtocol("nb201", REDUCED, "some.npz", 8, 0)
    return TrainingFreeProtocol("nb201", REDUCED, "some.npz", 8, 0, image_batch(without)[2])


def run(cells, protocol, folder, kind="serial"):
    return measure(cells, protocol, RecordStore(folder), executor(kind, 2), Console(file=io.StringIO()))


def test_the_list_of_architectures_grows_at_its_end():
    few = listed_architectures(SPACE, 20)
    assert listed_architectures(SPACE, 40)[:20] == few
    assert len(set(few)) == 20
    assert all(cell.is_connected for cell in few)
    assert listed_architectures(SPACE, None) == list(SPACE.enumerate())
    with pytest.raises(UserError, match="expected at most half, or all"):
        listed_architectures(SPACE, SPACE.size)


def test_a_space_too_large_to_list_needs_a_number():
    class Huge:
        name = "huge"

    with pytest.raises(UserError, match="huge cannot be listed whole; give a number of rows"):
        listed_architectures(Huge(), None)


def test_the_hash_changes_with_every_setting():
    base = TrainingFreeProtocol()
    others = [
        TrainingFreeProtocol(space="other"),
        TrainingFreeProtocol(reduced=REDUCED),
        TrainingFreeProtocol(images="x"),
        TrainingFreeProtocol(images_sha256="x"),
        TrainingFreeProtocol(batch_size=3),
        TrainingFreeProtocol(seed=1),
    ]
    assert len({p.hash for p in [base, *others]}) == 7
    assert TrainingFreeProtocol().hash == base.hash


def test_a_setting_that_the_space_lacks_is_named():
    with pytest.raises(UserError, match=r"nb201 has no skeleton setting cels; it has .*cells"):
        TrainingFreeProtocol(reduced=(("cels", 1),)).skeleton()


def test_the_default_keeps_to_the_settings_that_a_space_has():
    class Plain:
        skeleton_type = Skeleton

    assert default_reduction(SPACE) == TrainingFreeProtocol().reduced
    assert default_reduction(Plain()) == (("resolution", 8),)


def test_a_batch_is_normalised_and_settled_by_its_seed(protocol):
    many = TrainingFreeProtocol("nb201", (("resolution", 16),), "some.npz", 64, 0)
    batch, labels, digest = image_batch(many)
    assert batch.shape == (64, 3, 16, 16)
    assert labels.shape == (64,)
    assert set(labels.tolist()) == {0, 1}
    assert len(digest) == 64
    assert float(batch.mean()) == pytest.approx(0, abs=0.05)
    assert float(batch.std()) == pytest.approx(1, abs=0.05)
    small = image_batch(TrainingFreeProtocol("nb201", (("resolution", 8),), "some.npz", 64, 0))[0]
    assert torch.allclose(small, batch.unflatten(3, (8, 2)).unflatten(2, (8, 2)).mean((3, 5)), atol=1e-6)
    other = image_batch(TrainingFreeProtocol("nb201", (("resolution", 16),), "some.npz", 64, 1))[0]
    assert not torch.equal(batch, other)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 81}, "at least 81 images"),
        ({"reduced": (("classes", 1),)}, "has 2 classes, the networks have 1 outputs"),
    ],
)
def test_images_that_do_not_fit(protocol, settings, message):
    with pytest.raises(UserError, match=message):
        image_batch(TrainingFreeProtocol(**{"images": "some.npz", **settings}))


def test_a_record_holds_the_scores_of_its_architecture(protocol):
    batch, labels, _ = image_batch(protocol)
    expected = training_free_scores(SPACE, CELLS[0], batch, labels, protocol.skeleton(), protocol.seed)
    record = pickle.loads(pickle.dumps(Measure(protocol)))(str(CELLS[0]))
    assert {name: record[name] for name in SCORES} == {name: getattr(expected, name) for name in SCORES}
    assert record["protocol"] == protocol.hash
    assert record["params"] == SPACE.cost(CELLS[:1]).params[0]


def test_other_images_than_at_the_start_are_refused(protocol):
    path = os.path.join(os.environ["POMONAG_DATA_DIR"], "some.npz")  # noqa: PTH118
    np.savez(path, x=np.zeros((80, 16, 16, 3), dtype=np.uint8), y=np.repeat([0, 1], 40))
    with pytest.raises(UserError, match="another file than at the start"):
        Measure(protocol)(str(CELLS[0]))


def test_what_is_recorded_is_not_measured_again(protocol, tmp_path, monkeypatch):
    first = run(CELLS[:2], protocol, tmp_path / "records")
    measured = []
    real = training_free_measurement.training_free_scores
    monkeypatch.setattr(training_free_measurement, "training_free_scores", lambda *a: measured.append(a[1]) or real(*a))
    rows = run(CELLS, protocol, tmp_path / "records")
    assert measured == CELLS[2:]
    assert rows[:2] == first
    assert [row["architecture"] for row in rows] == [str(cell) for cell in CELLS]
    other = TrainingFreeProtocol("nb201", REDUCED, "some.npz", 8, 1, protocol.images_sha256)
    run(CELLS[:1], other, tmp_path / "records")
    assert measured == [*CELLS[2:], CELLS[0]]


def test_processes_measure_the_same(protocol, tmp_path):
    here, there = run(CELLS, protocol, tmp_path / "here"), run(CELLS, protocol, tmp_path / "there", "processes")
    for one, other in zip(here, there, strict=True):
        assert {**one, "cpu_seconds": 0} == {**other, "cpu_seconds": 0}


def test_a_failure_costs_only_its_architecture(protocol, tmp_path, monkeypatch):
    real = training_free_measurement.training_free_scores

    def failing(space, architecture, *rest):
        if architecture == CELLS[1]:
            raise RuntimeError("boom")
        return real(space, architecture, *rest)

    monkeypatch.setattr(training_free_measurement, "training_free_scores", failing)
    with pytest.raises(UserError, match=r"1 of 3 architectures could not be measured.*boom"):
        run(CELLS[:3], protocol, tmp_path / "records")
    monkeypatch.setattr(training_free_measurement, "training_free_scores", real)
    assert len(RecordStore(tmp_path / "records").read()[0]) == 2
    assert len(run(CELLS[:3], protocol, tmp_path / "records")) == 3


def test_without_a_path_scores_are_minus_infinity_in_columns_and_null_in_records(protocol, tmp_path):
    dead = next(cell for cell in SPACE.enumerate() if not cell.is_connected)
    records = run([dead, CELLS[0]], protocol, tmp_path / "records")
    assert records[0]["synflow"] is None
    columns = as_columns(records)
    assert columns["synflow"][0] == -np.inf
    assert np.isfinite(columns["synflow"][1])
