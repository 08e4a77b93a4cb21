from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from scipy.stats import spearmanr

from pomonag import search_space
from pomonag.data.sources import DataMissing
from pomonag.errors import UserError
from pomonag.meta_dataset import training_free_table
from pomonag.meta_dataset.training_free import vote
from pomonag.meta_dataset.training_free_table import (
    SHIPPED,
    TrainingFreeProtocol,
    connected_architectures,
    image_batch,
    main,
    measure,
    shipped_scores,
)
from pomonag.predictors.supervision import proxy_tasks
from pomonag.records.record_store import RecordStore

torch.set_num_threads(1)

SPACE = search_space("nb201")
PROTOCOL = TrainingFreeProtocol("nb201", 4, 0, (("noise", "0" * 64),))


def test_the_list_of_architectures_grows_at_its_end():
    few = connected_architectures(SPACE, 20)
    assert connected_architectures(SPACE, 40)[:20] == few
    assert len(set(few)) == 20
    assert all(cell.is_connected for cell in few)


def test_what_is_recorded_is_not_measured_again(tmp_path, monkeypatch):
    # The cheapest cells of the list, since the full networks are measured.
    cells = sorted(connected_architectures(SPACE, 60), key=lambda c: SPACE.cost([c]).macs[0])[:3]
    batches = {"noise": torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))}
    first = measure(SPACE, cells[:2], batches, PROTOCOL, RecordStore(tmp_path))
    measured = []
    real = training_free_table.training_free_scores
    monkeypatch.setattr(training_free_table, "training_free_scores", lambda *a: measured.append(a[1]) or real(*a))
    rows = measure(SPACE, cells, batches, PROTOCOL, RecordStore(tmp_path))
    assert measured == cells[2:]
    assert rows[:2] == first
    assert [row["architecture"] for row in rows] == [str(cell) for cell in cells]
    other = TrainingFreeProtocol("nb201", 4, 1, PROTOCOL.images)
    measure(SPACE, cells[:1], batches, other, RecordStore(tmp_path))
    assert measured == [cells[2], cells[0]]


def test_a_batch_is_normalised_and_settled_by_its_seed(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "some.npz"
    np.savez(path, x=rng.integers(0, 255, (80, 8, 8, 3), dtype=np.uint8), y=np.repeat([0, 1], 40))
    batch, digest = image_batch(path, 64, 0)
    assert batch.shape == (64, 3, 8, 8)
    assert len(digest) == 64
    assert float(batch.mean()) == pytest.approx(0, abs=0.05)
    assert float(batch.std()) == pytest.approx(1, abs=0.05)
    assert torch.equal(batch, image_batch(path, 64, 0)[0])
    assert not torch.equal(batch, image_batch(path, 64, 1)[0])
    with pytest.raises(UserError, match="at least 81"):
        image_batch(path, 81, 0)


def test_the_command_needs_images(monkeypatch):
    monkeypatch.delenv("POMONAG_DATA_DIR", raising=False)
    result = CliRunner().invoke(main, [])
    assert isinstance(result.exception, DataMissing)
    assert "POMONAG_DATA_DIR is not set" in str(result.exception)


def test_the_shipped_table():
    frame = shipped_scores("nb201")
    about = json.loads((SHIPPED / "nb201.json").read_text())
    assert len(frame) == about["rows"] >= 600
    cells = [SPACE.parse(text) for text in frame["architecture"]]
    assert cells == connected_architectures(SPACE, len(frame))
    assert np.array_equal(frame["params"], SPACE.cost(cells).params)
    assert np.isfinite(frame.select_dtypes("number").to_numpy()).all()
    with pytest.raises(UserError, match="Did you mean 'nb201'"):
        shipped_scores("nb202")


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A copy of the shipped table, to be damaged."""
    copy = tmp_path / "nb201.parquet"
    copy.write_bytes((SHIPPED / "nb201.parquet").read_bytes())
    monkeypatch.setattr(training_free_table, "SHIPPED", tmp_path)
    shipped_scores.cache_clear()
    yield copy
    shipped_scores.cache_clear()


@pytest.mark.parametrize("share", [0.0, 0.5, 0.999])
def test_a_shipped_table_that_is_cut_off(table, share):
    content = table.read_bytes()
    table.write_bytes(content[: int(share * len(content))])
    for read in (shipped_scores, lambda space: proxy_tasks(SPACE, "vote")):
        with pytest.raises(UserError, match=r"nb201.parquet is not a whole table of scores \(.*restore it"):
            read("nb201")


def test_a_table_of_something_else(table):
    shipped_scores("nb201").drop(columns=["synflow", "naswot_cifar10"]).to_parquet(table)
    shipped_scores.cache_clear()
    with pytest.raises(UserError, match="it lacks naswot_cifar10, synflow"):
        shipped_scores("nb201")


@pytest.mark.parametrize("dataset", ["cifar10", "cifar100"])
def test_the_vote_ranks_trained_networks(dataset):
    from pomonag.evaluation.tabular import AccuracyTable

    try:
        table = AccuracyTable()
    except DataMissing as missing:
        pytest.skip(str(missing))
    frame = shipped_scores("nb201")
    accuracy = table.accuracy([SPACE.parse(text) for text in frame["architecture"]], dataset)
    votes = vote({name: frame[name] for name in (f"naswot_{dataset}", "synflow", "params")})
    assert spearmanr(votes, accuracy).statistic > 0.78
