from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy.stats import spearmanr

from pomonag import search_space
from pomonag.data.sources import DataMissing
from pomonag.errors import UserError
from pomonag.evaluation.tabular import AccuracyTable
from pomonag.meta_dataset.training_free import SCORES
from pomonag.meta_dataset.training_free_table import shipped_scores
from pomonag.predictors.external_check import agreement, external_check, main

SPACE = search_space("nb201")
CELLS = list(SPACE.enumerate())
DEAD = [i for i, cell in enumerate(CELLS) if not cell.is_connected]
PARAMS = SPACE.cost(CELLS).params


@pytest.fixture(scope="module")
def made_up(tmp_path_factory):
    """A table in which accuracy on CIFAR-10 is params and on CIFAR-100 their reverse; the dead ones are best."""
    folder = tmp_path_factory.mktemp("data")
    rising = 10 + 50 * PARAMS / PARAMS.max()
    rising[DEAD] = 90
    path = folder / "accuracies.csv.gz"
    columns = {"arch_str": list(map(str, CELLS)), "cifar10_test_acc_200ep": rising}
    columns["cifar100_test_acc_200ep"] = 95 - rising
    with gzip.open(path, "wt") as file:
        pd.DataFrame(columns).to_csv(file, index=False)
    return AccuracyTable(path)


def test_agreement_is_over_connected_architectures(made_up):
    cells = [*CELLS[5000:5200], *(CELLS[i] for i in DEAD[:50])]
    noise = np.random.default_rng(0).normal(size=len(cells))
    found = agreement(made_up, cells, {"params": SPACE.cost(cells).params, "noise": noise})
    assert list(found.index) == ["params", "noise"]
    assert list(found.columns) == ["cifar10", "cifar100"]
    assert found.loc["params"].tolist() == pytest.approx([1, -1])
    live = [i for i, cell in enumerate(cells) if cell.is_connected]
    expected = spearmanr(noise[live], SPACE.cost([cells[i] for i in live]).params).statistic
    assert found.loc["noise", "cifar10"] == pytest.approx(expected)


def test_a_score_of_another_length_is_refused(made_up):
    with pytest.raises(UserError, match=r"got \(2,\) values of 'few', expected \(3,\)"):
        agreement(made_up, CELLS[:3], {"few": [1.0, 2.0]})


def test_every_score_and_vote_is_checked(made_up):
    found = external_check(SPACE, made_up)
    assert {*SCORES, "params", "lite rows", "own vote"} < set(found.index)
    assert found.loc["params"].tolist() == pytest.approx([1, -1])
    assert np.isfinite(found.to_numpy()).all()
    # What params vote in agrees with params more than what params have no part in.
    assert found.loc["own vote", "cifar10"] > found.loc["lite rows", "cifar10"]


def test_the_command_needs_the_table(monkeypatch):
    monkeypatch.delenv("POMONAG_DATA_DIR", raising=False)
    assert isinstance(CliRunner().invoke(main).exception, DataMissing)


def test_without_any_real_table_the_published_accuracies_are_ranked():
    try:
        table = AccuracyTable()
    except DataMissing as missing:
        pytest.skip(str(missing))
    found = external_check(SPACE, table)
    assert found.loc["own vote", "cifar10"] >= 0.88
    assert found.loc["own vote", "cifar100"] >= 0.87
    assert (found.loc["own vote"] > found.loc["params"]).all()
    assert len(shipped_scores("nb201")) >= 600
