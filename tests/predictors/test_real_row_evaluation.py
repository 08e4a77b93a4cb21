"""The figures on real rows: their definitions by hand, and the whole evaluation on made-up rows."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import spearmanr

from pomonag.predictors.real_row_baselines import RowRidge, residual_ceiling
from pomonag.predictors.real_row_evaluation import NoisyEvaluation, evaluate_real_rows, task_groups, within_task
from pomonag.predictors.real_row_model import RealRowTraining
from pomonag.predictors.real_rows import TaskClasses, read_real_rows
from tests.made_up_real_rows import SPACE, write_rows

TRAINING = RealRowTraining(rows=150, steps=12, unseen_candidates=300)


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    path = write_rows(tmp_path_factory.mktemp("rows"), n=300)
    return read_real_rows(path, TaskClasses.beside(path), SPACE)


def evaluate(rows, train, held_out, seed=0, draws=3):
    return evaluate_real_rows(
        SPACE, rows.take(train), rows.take(held_out), seed, training=TRAINING, noise=NoisyEvaluation(draws=draws)
    )


@pytest.fixture(scope="module")
def found(rows):
    return evaluate(rows, np.arange(0, 300, 2), np.arange(1, 300, 2))


def test_all_figures_are_there_and_are_json(found):
    names = {"pooled", "residual_block0", "within_task"}
    assert set(found["noisy"]) == set(found["denoised"]) == names
    assert all(set(figures) == names for figures in found["baselines"].values())
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_the_order_that_made_up_rows_must_show(found):
    for name in ("pooled", "residual_block0", "within_task"):
        assert found["denoised"][name] > found["noisy"][name]
    assert found["denoised"]["pooled"] > found["baselines"]["classes_and_block"]["pooled"]
    assert found["denoised"]["within_task"] > 0.6
    # Whoever does not know the architecture cannot order two of them on one task.
    for blind in ("classes_and_block", "architecture_unknown"):
        assert found["baselines"][blind]["within_task"] == pytest.approx(0, abs=1e-9)
    assert found["baselines"]["classes_and_block"]["residual_block0"] is None


def test_the_residual_figure_is_what_a_ridge_on_the_training_rows_leaves(rows, found):
    train, held_out = rows.take(np.arange(0, 300, 2)), rows.take(np.arange(1, 300, 2))
    base, inside = RowRidge.fit(train)(held_out), held_out.block == 0
    ceiling = residual_ceiling(held_out.accuracy[inside], (held_out.accuracy - base)[inside])
    assert found["ceiling_residual_block0"] == pytest.approx(ceiling)
    assert found["rows"]["evaluate_block0"] == inside.sum()


def test_a_seed_repeats_and_rows_of_both_files_are_counted(rows):
    first = evaluate(rows, np.arange(100), np.arange(80, 180))
    again = evaluate(rows, np.arange(100), np.arange(80, 180))
    assert first["rows"]["also_in_train"] == 20
    for name in ("noisy", "denoised", "baselines"):
        assert first[name] == again[name]


def test_a_figure_without_rows_is_none(rows):
    one = evaluate(rows, np.arange(0, 300, 2), np.array([1]))
    assert set(one["denoised"].values()) == {None}
    assert one["ceiling_residual_block0"] is None


def test_within_task_by_hand(rows):
    part = rows.take(np.arange(7))
    part.task[:] = [5, 5, 5, 8, 8, 9, 9]
    part.block[:] = [0, 0, 0, 0, 0, 0, 1]
    part.accuracy[:] = [70, 71, 72, 60, 61, 70, 50]
    groups = task_groups(part)
    assert [group.tolist() for group in groups] == [[0, 1, 2], [3, 4]]  # task 9's rows are of two blocks
    assert within_task(part.accuracy, np.array([1.0, 2, 3, 9, 8, 0, 0]), groups) == pytest.approx((1 - 1) / 2)
    assert within_task(part.accuracy, np.array([1.0, 3, 2, 8, 9, 0, 0]), groups) == pytest.approx((0.5 + 1) / 2)
    assert within_task(part.accuracy, np.zeros(7), groups) == 0
    assert within_task(part.accuracy, np.zeros(7), []) is None


def test_the_ceiling_is_what_coarse_labels_allow():
    random = np.random.default_rng(0)
    true = random.normal(0, 2.5, 200_000)
    accuracy = random.binomial(500, np.clip((70 + true) / 100, 0, 1)) / 5
    ceiling = residual_ceiling(accuracy, accuracy - 70)
    assert ceiling == pytest.approx(spearmanr(true, accuracy).statistic, abs=0.01)
    assert residual_ceiling(np.full(50, 70.0), random.normal(0, 0.5, 50)) is None
