"""Pooled and within-task rank correlations."""

import numpy as np
import pytest

from pomonag.predictors.rank_correlation import pooled_spearman, within_task_spearman


def test_a_pooled_figure_of_task_difficulty_alone_is_nothing_within_tasks():
    tasks = np.repeat(np.arange(20), 10)
    labels = 10.0 * tasks + np.tile(np.arange(10), 20)
    predictions = 10.0 * tasks + np.tile(np.arange(10)[::-1], 20)
    assert pooled_spearman(predictions, labels) > 0.98
    assert within_task_spearman(predictions, labels, tasks) == pytest.approx(-1.0)


def test_tasks_count_by_their_rows_less_one_and_those_of_two_rows_do_not():
    labels = np.array([1.0, 2, 3, 1, 2, 3, 4, 5, 1, 2])
    predictions = np.array([1.0, 2, 3, 5, 4, 3, 2, 1, 2, 1])
    tasks = ["a"] * 3 + ["b"] * 5 + ["c"] * 2
    assert within_task_spearman(predictions, labels, tasks) == pytest.approx((2 * 1 - 4 * 1) / 6)


def test_what_does_not_vary():
    labels = np.arange(6.0)
    assert np.isnan(pooled_spearman(np.ones(6), labels))
    assert within_task_spearman(np.ones(6), labels, ["a"] * 6) == 0.0
    assert np.isnan(within_task_spearman(labels, labels, list("aabbcc")))
