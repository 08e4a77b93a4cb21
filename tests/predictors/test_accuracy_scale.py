"""From scores to percent: the order of scores is never lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pomonag.predictors.accuracy_scale import fit_accuracy_scale, normal_scores


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
    st.lists(st.integers(-600, 600), min_size=2, max_size=30, unique=True),
    st.floats(0.0, 1.0),
)
@settings(max_examples=200, deadline=None)
def test_percent_rises_strictly_with_the_score(hundredths, separability):
    scores = np.sort(np.array(hundredths)) / 100
    percent = SCALE(scores, separability)
    assert (percent >= 0).all()
    assert (percent <= 100).all()
    inside = percent > 0
    assert (np.diff(percent[inside]) > 0).all()


@pytest.mark.parametrize(("seed", "level", "separability"), [(0, 94.0, 0.9), (1, 73.0, 0.6)])
def test_a_data_set_it_was_fitted_to_gets_its_own_median_and_best(seed, level, separability):
    accuracy = labels(seed, level)
    assert SCALE(np.array([0.0]), separability)[0] == pytest.approx(np.median(accuracy), abs=0.3)
    assert SCALE(np.array([3.09]), separability)[0] == pytest.approx(np.quantile(accuracy, 0.999), abs=0.3)


def test_easier_data_sets_are_predicted_higher_also_from_a_single_one():
    single = fit_accuracy_scale([labels(0, 94.0)], [0.8])
    assert single.datasets == 1
    assert single(np.array([0.0]), 0.9)[0] > single(np.array([0.0]), 0.7)[0]
