import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pomonag.data.sampling import check_class_counts, sample_class, sample_classes
from pomonag.errors import UserError


@given(st.lists(st.integers(5, 60), min_size=2, max_size=6), st.integers(0, 5))
def test_drawing_from_what_was_drawn_changes_nothing(counts, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    drawn = sample_classes(labels, 20, seed)
    assert drawn.shape == (len(counts), 20)
    assert (labels[drawn] == np.arange(len(counts))[:, None]).all()
    kept = np.unique(drawn)
    again = kept[sample_classes(labels[kept], 20, seed)]
    assert np.array_equal(again, drawn)


@pytest.mark.parametrize("count", [5, 19])
def test_every_image_of_a_small_class_is_used(count):
    assert set(sample_class(count, 20, 0, 0)) == set(range(count))


def test_enough_images_are_drawn_without_replacement_and_by_seed_and_class():
    drawn = sample_class(100, 20, 0, 0)
    assert len(set(drawn)) == 20
    assert not np.array_equal(drawn, sample_class(100, 20, 1, 0))
    assert not np.array_equal(drawn, sample_class(100, 20, 0, 1))


def test_counts():
    assert check_class_counts({"a": 20, "b": 30}, 20) == []
    assert "'a' (5)" in check_class_counts({"a": 5, "b": 30}, 20)[0]
    with pytest.raises(UserError, match="'a' has 4, 'b' has 0"):
        check_class_counts({"a": 4, "b": 0, "c": 9}, 20)
    with pytest.raises(UserError, match="no class"):
        check_class_counts({}, 20)
