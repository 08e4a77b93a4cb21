from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from pomonag import search_space
from pomonag.data.sources import DataMissing
from pomonag.errors import UserError
from pomonag.evaluation.tabular import AccuracyTable
from pomonag.predictors.external_check import (
    REFERENCES,
    TWELVE_EPOCHS,
    agreement,
    best_of_top,
    reference_score,
    scored_architectures,
)

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
    columns["cifar100_test_acc_12ep"] = rising
    with gzip.open(path, "wt") as file:
        pd.DataFrame(columns).to_csv(file, index=False)
    return AccuracyTable(path)


def test_agreement_is_over_connected_architectures(made_up):
    cells = [*CELLS[5000:5200], *(CELLS[i] for i in DEAD[:50])]
    noise = np.random.default_rng(0).normal(size=len(cells))
    params = SPACE.cost(cells).params
    assert agreement(made_up, "cifar10", cells, params) == pytest.approx(1)
    assert agreement(made_up, "cifar100", cells, params) == pytest.approx(-1)
    live = [i for i, cell in enumerate(cells) if cell.is_connected]
    expected = spearmanr(noise[live], SPACE.cost([cells[i] for i in live]).params).statistic
    assert agreement(made_up, "cifar10", cells, noise) == pytest.approx(expected)


def test_the_gap_is_that_of_the_best_of_the_first(made_up):
    truth = made_up.accuracies("cifar10")
    # The dead ones are the table's best: who puts one of them among the first five loses nothing.
    scores = np.zeros(len(CELLS))
    middle = int(np.argsort(truth)[9000])
    scores[middle], scores[DEAD[0]] = 2.0, 1.0
    gap, chosen = best_of_top(made_up, "cifar10", CELLS, scores, top=1)
    assert chosen == [CELLS[middle]]
    assert gap == pytest.approx(90 - truth[middle])
    gap, chosen = best_of_top(made_up, "cifar10", CELLS, scores, top=2)
    assert (gap, chosen[1]) == (0.0, CELLS[DEAD[0]])


def test_minus_infinity_is_never_among_the_first(made_up):
    scores = np.full(len(CELLS), -np.inf)
    scores[100:105] = [1, 5, 4, 3, 2]
    assert best_of_top(made_up, "cifar10", CELLS, scores)[1] == [CELLS[i] for i in (101, 102, 103, 104, 100)]


def test_scores_of_another_length_are_refused(made_up):
    for judge in (agreement, best_of_top):
        with pytest.raises(UserError, match=r"got scores of shape \(2,\), expected \(3,\)"):
            judge(made_up, "cifar10", CELLS[:3], [1.0, 2.0])


def test_every_reference_scores_every_architecture_and_is_its_own(made_up):
    cells = scored_architectures(SPACE)
    found = {name: reference_score(name, SPACE, made_up, "cifar100") for name in REFERENCES}
    assert {values.shape for values in found.values()} == {(len(cells),)}
    assert agreement(made_up, "cifar10", cells, found["params"]) == pytest.approx(1)
    # The made-up accuracy after 12 epochs is the reverse of the one after 200.
    assert agreement(made_up, "cifar100", cells, found[TWELVE_EPOCHS]) == pytest.approx(-1)
    assert agreement(made_up, "cifar10", cells, found["vote"]) > agreement(made_up, "cifar10", cells, found["naswot"])
    with pytest.raises(UserError, match="Did you mean 'own_vote'"):
        reference_score("own_votes", SPACE, made_up, "cifar10")


def test_without_any_real_table_the_published_accuracies_are_ranked():
    try:
        table = AccuracyTable()
    except DataMissing as missing:
        pytest.skip(str(missing))
    cells = scored_architectures(SPACE)
    assert len(cells) == SPACE.size
    for dataset, target in (("cifar10", 0.88), ("cifar100", 0.87)):
        own, params = (
            agreement(table, dataset, cells, reference_score(name, SPACE, table, dataset))
            for name in ("own_vote", "params")
        )
        assert own >= target
        assert own > params
