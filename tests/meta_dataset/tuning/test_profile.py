"""What a profile makes of Tables 7 and 8, and the pairs it tunes for."""

from __future__ import annotations

import itertools

import pytest

from pomonag.meta_dataset.tuning.profile import drawn_pairs, tuning_profile
from pomonag.spaces import search_space
from pomonag.training.pipeline import PAPER_PIPELINES
from pomonag.training.pipeline_space import PAPER_PIPELINE_SPACE

SPACE = search_space("nb201")


def test_the_papers_profile_is_the_papers():
    profile = tuning_profile(SPACE, "paper")
    assert profile.choices == PAPER_PIPELINE_SPACE
    assert profile.base == PAPER_PIPELINES["nb201"]
    assert profile.pipeline(profile.table_8) == PAPER_PIPELINES["nb201"]


def test_the_lite_profile_shortens_and_leaves_all_other_choices():
    profile = tuning_profile(SPACE, "lite")
    for name in PAPER_PIPELINE_SPACE.settings:
        lite, paper = getattr(profile.choices, name), getattr(PAPER_PIPELINE_SPACE, name)
        if "epochs" in name:
            assert [profile.divisor * epochs for epochs in lite] == list(paper)
        else:
            assert lite == paper


@pytest.mark.parametrize("name", ["lite", "paper"])
def test_every_pipeline_of_the_space_is_one(name):
    profile = tuning_profile(SPACE, name)
    together = ("epochs", "warmup_epochs", "scheduler", "optimiser")
    for choice in itertools.product(*(getattr(profile.choices, setting) for setting in together)):
        assert profile.pipeline(dict(zip(together, choice))).epochs == choice[0]


def test_pairs_follow_from_the_seed_and_differ():
    five = drawn_pairs(SPACE, 5, 0)
    assert drawn_pairs(SPACE, 3, 0) == five[:3]
    assert drawn_pairs(SPACE, 5, 1) != five
    assert len({pair.task for pair in five}) == len({pair.architecture for pair in five}) == 5
    assert all(pair.task.startswith("train-") for pair in five)
    for pair in five:
        SPACE.parse(pair.architecture)


def test_lengths_that_do_not_divide_are_refused():
    with pytest.raises(ValueError, match="divisor"):
        PAPER_PIPELINE_SPACE.shortened(25)
