"""From scores to percent: the order of scores is never lost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pomonag.predictors.accuracy_scale import bounded, fit_accuracy_scale, normal_scores
from pomonag.predictors.predictor_set import load_predictor_set
from pomonag.spaces import search_space


def labels(seed, level):
    return level - 10 * np.random.default_rng(seed).gamma(1.0, 1.0, 2000)


SCALE = fit_accuracy_scale([labels(0, 94.0), labels(1, 73.0)], [0.9, 0.6])


def test_normal_scores_are_standard_normal_ranks():
    found = normal_scores(np.array([3.0, 1.0, 2.0, 2.0]))
    assert found[0] == max(found)
    assert found[1] == -found[0]
    assert found[2] == found[3]
    many = normal_scores(np.random.default_rng(0).random(5000))
    assert many.mean() == pytest.approx(0, abs=1e-9)
    assert many.std() == pytest.approx(1, abs=0.01)


@given(
    st.lists(st.integers(-80_000, 80_000), min_size=2, max_size=30, unique=True),
    st.floats(0.0, 1.0),
    st.tuples(st.floats(-6, 6), st.floats(-2, 3)),
    st.tuples(st.floats(-6, 6), st.floats(-2, 3)),
)
@settings(max_examples=300, deadline=None)
def test_percent_rises_strictly_with_the_score(ten_thousandths, separability, median, best):
    scores = np.sort(np.array(ten_thousandths)) / 10_000
    # Also on lines that cross, or that say 0 or 100 % for most scores.
    for scale in (SCALE, replace(SCALE, median=median, best=best)):
        percent = scale(scores, separability)
        assert (percent > 0).all()
        assert (percent < 100).all()
        assert (np.diff(percent) > 0).all()


@given(st.lists(st.floats(-300, 300).map(lambda x: round(x, 5)), min_size=2, max_size=30, unique=True))
def test_only_what_lies_beyond_1_and_99_percent_is_bent(values):
    percent = np.sort(np.array(values))
    found = bounded(percent)
    ordinary = (percent >= 1) & (percent <= 99)
    assert np.array_equal(found[ordinary], percent[ordinary])
    assert (np.diff(found) > 0).all()
    assert ((found > 0) & (found < 100)).all()


def test_bending_begins_without_a_step():
    near = np.array([1 - 1e-9, 1.0, 1 + 1e-9, 99 - 1e-9, 99.0, 99 + 1e-9])
    assert bounded(near) == pytest.approx(near, abs=1e-12)
    assert bounded(np.array([-8.0, 0.0, 100.0, 108.0])) == pytest.approx([0.1, 0.5, 99.5, 99.9])
    assert np.isnan(bounded(np.array([np.nan])))


@pytest.mark.parametrize("name", ["shipped", "without_cifar10", "without_cifar100", "lite_rows"])
def test_what_ships_ranks_in_percent_as_it_ranks_by_score(name):
    scores = np.random.default_rng(0).permutation(np.linspace(-6, 6, 5001))
    for scale in load_predictor_set(search_space("nb201"), name).scales.values():
        for separability in (0.05, 0.4, 0.99):
            percent = scale(scores, separability)
            assert np.array_equal(np.argsort(-percent, kind="stable"), np.argsort(-scores, kind="stable"))


@pytest.mark.parametrize(("seed", "level", "separability"), [(0, 94.0, 0.9), (1, 73.0, 0.6)])
def test_a_data_set_it_was_fitted_to_gets_its_own_median_and_best(seed, level, separability):
    accuracy = labels(seed, level)
    assert SCALE(np.array([0.0]), separability)[0] == pytest.approx(np.median(accuracy), abs=0.3)
    assert SCALE(np.array([3.09]), separability)[0] == pytest.approx(np.quantile(accuracy, 0.999), abs=0.3)


def test_easier_data_sets_are_predicted_higher_also_from_a_single_one():
    single = fit_accuracy_scale([labels(0, 94.0)], [0.8])
    assert single.datasets == 1
    assert single(np.array([0.0]), 0.9)[0] > single(np.array([0.0]), 0.7)[0]


def test_predictions_beyond_the_best_of_few_rows_still_differ():
    generator = np.random.default_rng(0)
    difficulties = np.linspace(0.3, 0.7, 20)
    scale = fit_accuracy_scale([25 + 3 * generator.normal(size=30) for _ in difficulties], list(difficulties))
    low, mid, best, beyond, far = scale(np.array([-3.0, 0.0, 2.0, 2.5, 3.0]), 0.5)
    # About as steep as among the rows themselves, three percent a score.
    assert 0.5 < far - beyond < 3
    assert 0.5 < beyond - best < 3
    assert mid - low > 4
