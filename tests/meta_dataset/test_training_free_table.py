from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy.stats import spearmanr

from pomonag import search_space
from pomonag.data.sources import DataMissing
from pomonag.errors import UserError
from pomonag.meta_dataset import training_free_table
from pomonag.meta_dataset.training_free import SCORES, VOTERS, vote
from pomonag.meta_dataset.training_free_measurement import TrainingFreeProtocol, listed_architectures
from pomonag.meta_dataset.training_free_table import SHIPPED, main, shipped_scores, write_table
from pomonag.predictors.supervision import supervision

SPACE = search_space("nb201")


def record(architecture, **values):
    return {
        "architecture": architecture, **dict.fromkeys(SCORES, 1.5), "params": 100_001, "cpu_seconds": 0.1,
        "protocol": "p", **values,
    }  # fmt: skip


def test_the_command_needs_images(monkeypatch):
    monkeypatch.delenv("POMONAG_DATA_DIR", raising=False)
    result = CliRunner().invoke(main, [])
    assert isinstance(result.exception, DataMissing)
    assert "POMONAG_DATA_DIR is not set" in str(result.exception)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--rows", "some"], "got 'some', expected 'all' or a number"),
        (["--rows", "0"], "got '0', expected 'all' or a number"),
        (["--reduced", "cells"], "got 'cells', expected SETTING=NUMBER"),
    ],
)
def test_options_that_cannot_be_read(option, message):
    result = CliRunner().invoke(main, option)
    assert result.exit_code == 2
    assert message in result.output


def test_a_table_holds_what_was_recorded(tmp_path):
    records = [record("a"), record("b", synflow=None, params=3)]
    write_table(records, TrainingFreeProtocol("some", images_sha256="0" * 64), {"commit": "c"}, tmp_path / "new")
    frame = pd.read_parquet(tmp_path / "new" / "some.parquet")
    assert list(frame["architecture"]) == ["a", "b"]
    assert list(frame["params"]) == [100_001, 3]
    assert list(frame["synflow"]) == [1.5, -math.inf]
    assert {str(frame[name].dtype) for name in SCORES} == {"float32"}
    about = json.loads((tmp_path / "new" / "some.json").read_text())
    assert about["schema"] == 2
    assert about["rows"] == 2
    assert about["provenance"] == {"commit": "c"}
    assert about["protocol"]["images_sha256"] == "0" * 64


def test_the_shipped_table():
    frame = shipped_scores("nb201")
    about = json.loads((SHIPPED / "nb201.json").read_text())
    assert len(frame) == about["rows"] >= 600
    cells = [SPACE.parse(text) for text in frame["architecture"]]
    assert cells == listed_architectures(SPACE, None if len(frame) == SPACE.size else len(frame))
    assert np.array_equal(frame["params"], SPACE.cost(cells).params)
    connected = frame[[cell.is_connected for cell in cells]]
    assert np.isfinite(connected[list(SCORES)]).all(axis=None)
    assert not frame[list(SCORES)].isna().any(axis=None)
    dead = frame[[not cell.is_connected for cell in cells]]
    assert (dead[list(SCORES[1:])] == -math.inf).all(axis=None)
    assert (SHIPPED / "nb201.parquet").stat().st_size <= 1_000_000
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
    for read in (shipped_scores, lambda space: supervision("training_free", SPACE)):
        with pytest.raises(UserError, match=r"nb201.parquet is not a whole table of scores \(.*restore it"):
            read("nb201")


def test_a_table_of_something_else(table):
    shipped_scores("nb201").drop(columns=["synflow", "naswot"]).to_parquet(table)
    shipped_scores.cache_clear()
    with pytest.raises(UserError, match="it lacks naswot, synflow"):
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
    votes = vote({name: frame[name] for name in VOTERS})
    assert spearmanr(votes, accuracy).statistic > 0.85
