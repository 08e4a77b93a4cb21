"""The Gaussian process on made-up rows: what it finds there; its noisy form is Bayes' rule over the clean one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from pomonag.errors import UserError
from pomonag.predictors.real_row_baselines import RowRidge
from pomonag.predictors.real_row_model import RealRowTraining, train_real_row_model
from pomonag.predictors.real_rows import TaskClasses, read_real_rows
from pomonag.spaces.encoding import to_network_scale
from tests.made_up_real_rows import SPACE, write_rows

TRAINING = RealRowTraining(rows=150, steps=12, unseen_candidates=300)


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    path = write_rows(tmp_path_factory.mktemp("rows"), n=300)
    return read_real_rows(path, TaskClasses.beside(path), SPACE)


@pytest.fixture(scope="module")
def train(rows):
    return rows.take(np.arange(0, 300, 2))


@pytest.fixture(scope="module")
def test(rows):
    return rows.take(np.arange(1, 300, 2))


@pytest.fixture(scope="module")
def model(train):
    return train_real_row_model(SPACE, train, seed=0, training=TRAINING)


def clean(rows):
    return to_network_scale(SPACE.encoding.encode(rows.architectures))


def test_it_finds_the_architectures_effect_in_rows_it_has_not_seen(model, train, test):
    predicted, base = model.denoised(test), RowRidge.fit(train)(test)
    assert spearmanr(predicted, test.accuracy).statistic > 0.9
    residual = spearmanr(predicted - base, test.accuracy - base).statistic
    assert residual > 0.6
    assert np.abs(predicted - test.accuracy).mean() < 2


def test_the_accuracies_of_the_rows_to_predict_are_not_looked_at(model, test):
    blind = test.take(np.arange(len(test)))
    blind.accuracy[:] = 0.0
    assert model.denoised(blind).tolist() == model.denoised(test).tolist()


def test_the_search_raises_the_likelihood(train):
    told = []
    train_real_row_model(SPACE, train, 0, TRAINING, lambda step, loss: told.append((step, loss)))
    assert [step for step, _ in told] == list(range(1, 13))
    assert told[-1][1] < told[0][1]


def test_without_noise_the_noisy_prediction_is_the_denoised_one(model, train):
    x = clean(train)[None]
    predicted = model.noisy(train, x, torch.full((1, len(train)), 1e-2), TRAINING)
    assert predicted[0] == pytest.approx(model.denoised(train), abs=1e-6)


def test_noise_that_hides_everything_leaves_the_prior_mean(model, test):
    levels = torch.full((2, len(test)), 1e6)
    first, second = model.noisy(test, torch.stack([clean(test), -clean(test)]), levels, TRAINING)
    assert first == pytest.approx(second, abs=1e-4)
    # The prior is that of the row's block: rows of one task and block get the same.
    i = np.flatnonzero((test.task == test.task[0]) & (test.block == test.block[0]))
    assert np.ptp(first[i]) < 1e-4


def test_what_it_cannot_learn_from_is_refused(train, test):
    with pytest.raises(UserError, match="has 19 rows to learn from; expected 20"):
        train_real_row_model(SPACE, train.take(np.arange(19)), 0, TRAINING)
    one_block = train.take(np.flatnonzero(train.block == 0))
    model = train_real_row_model(SPACE, one_block, 0, RealRowTraining(rows=50, steps=1, unseen_candidates=10))
    with pytest.raises(UserError, match=r"rows of block 1, of which .* has none to learn from"):
        model.denoised(test)
