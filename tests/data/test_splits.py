import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pomonag.data.splits import LITE, SPLITS, Counts, Shares, divide, split_of
from pomonag.errors import UserError


def test_the_named_splits():
    assert LITE.counts(240) == (160, 0, 80)
    assert split_of("paper").counts(1300) == (1040, 130, 130)
    assert split_of("paper-a3").counts(1300) == (1000, 0, 10)
    with pytest.raises(UserError, match="Did you mean 'paper'"):
        split_of("papper")


@given(images=st.integers(1, 2000), split=st.sampled_from([*SPLITS.values(), Shares(0.2, 0.4), Counts(7, 3)]))
def test_parts_share_no_image_and_have_what_the_split_says(images, split):
    try:
        counts = split.counts(images)
    except ValueError:
        with pytest.raises(UserError, match="'cat'"):
            divide(images, split, "folder", "cat")
        return
    parts = divide(images, split, "folder", "cat")
    together = np.concatenate([parts.train, parts.validation, parts.test])
    assert len(set(together.tolist())) == len(together)
    assert set(together.tolist()) <= set(range(images))
    assert (len(parts.train), len(parts.validation), len(parts.test)) == counts
    if isinstance(split, Shares):
        assert len(together) == images


def test_the_order_is_the_classs_own():
    first = divide(100, LITE, "folder", "cat")
    assert np.array_equal(first.test, divide(100, LITE, "folder", "cat").test)
    assert not np.array_equal(first.test, divide(100, LITE, "folder", "dog").test)
    assert not np.array_equal(first.test, divide(100, LITE, "imagenet32", "cat").test)


@pytest.mark.parametrize(
    ("split", "images", "message"),
    [
        ("lite", 1, "'cat' has 1 images"),
        ("paper", 4, "a part would be empty"),
        ("paper-a3", 1009, "'cat' has 1,009 images, expected at least 1,010"),
    ],
)
def test_too_few_images_name_the_class(split, images, message):
    with pytest.raises(UserError, match=re.escape(message)):
        divide(images, SPLITS[split], "folder", "cat")


@pytest.mark.parametrize("make", [lambda: Shares(0), lambda: Shares(0.5, 0.5), lambda: Counts(0, 1)])
def test_impossible_splits_are_refused(make):
    with pytest.raises(UserError, match="expected"):
        make()
