"""Scores within tasks, and the level that comes back."""

import numpy as np
import pandas as pd
import pytest

from pomonag.predictors.task_level import fit_task_level, task_scores


@pytest.fixture
def rows():
    draws = np.random.default_rng(0)
    tasks = np.repeat([f"t{i}" for i in range(30)], 20)
    quality = draws.normal(size=600)
    level = np.repeat(np.linspace(20, 60, 30), 20)
    return pd.DataFrame({"task": tasks, "accuracy": level + 2 * quality, "loss": 3 - 0.1 * quality, "quality": quality})


def test_scores_have_no_task_in_them(rows):
    scores = task_scores(rows, "accuracy")
    groups = pd.Series(scores).groupby(rows["task"])
    assert groups.mean().abs().max() < 1e-9
    assert groups.std().to_numpy() == pytest.approx(1.0)


def test_two_noisy_labels_are_better_than_one(rows):
    draws = np.random.default_rng(1)
    noisy = rows.assign(
        accuracy=rows["accuracy"] + 2 * draws.normal(size=600), loss=rows["loss"] + 0.1 * draws.normal(size=600)
    )
    alone, both = task_scores(noisy, "accuracy"), task_scores(noisy)
    assert np.corrcoef(both, rows["quality"])[0, 1] > np.corrcoef(alone, rows["quality"])[0, 1] + 0.05


def test_a_task_of_equal_labels_scores_zero(rows):
    assert (task_scores(rows.assign(accuracy=50.0), "accuracy") == 0).all()


def test_the_level_of_an_unseen_task_follows_its_code(rows):
    codes = {f"t{i}": [float(i)] for i in range(30)}
    level = fit_task_level(rows[rows["task"] != "t15"], codes)
    found = level(np.array([-1.0, 1.0]), np.array([[15.0], [15.0]]))
    assert found.mean() == pytest.approx(20 + 40 * 15 / 29, abs=1.0)
    assert found[1] - found[0] == pytest.approx(4.0, rel=0.2)
