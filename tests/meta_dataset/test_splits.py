"""Splits: nothing unseen was learned from, whatever the rows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pomonag.errors import UserError
from pomonag.meta_dataset.splits import TESTS, split_rows


def made_up_rows(tasks=30, per_task=24, anchors=4, classes=2000, seed=0):
    """Rows of `tasks` tasks, a fifth of them held out; class names are numbers, fresh ones drawn with repeats."""
    draws = np.random.default_rng(seed)
    rows = []
    for task in range(tasks):
        fresh = draws.integers(anchors, classes, per_task - anchors)
        for number, key in enumerate([*range(anchors), *fresh]):
            rows.append(
                {
                    "task": f"t{task}",
                    "held_out": task % 5 == 4,
                    "architecture": f"a{key}",
                    "isomorphism_class": f"c{key}",
                    "anchor": number < anchors,
                    "seed": 0,
                    "accuracy": float(draws.random()),
                }
            )
    return pd.DataFrame(rows)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([60, 300, 5000]))
def test_what_is_unseen_was_not_learned_from(seed, classes):
    rows = made_up_rows(classes=classes, seed=seed)
    split = split_rows(rows, f"split {seed}")
    for division, whole in ((split.outer, rows), (split.inner, split.outer.learned)):
        tasks, keys = set(division.learned["task"]), set(division.learned["isomorphism_class"])
        parts = division.tests
        assert tasks.isdisjoint(parts["tasks"]["task"])
        assert tasks.isdisjoint(parts["both"]["task"])
        assert keys.isdisjoint(parts["architectures"]["isomorphism_class"])
        assert keys.isdisjoint(parts["both"]["isomorphism_class"])
        assert keys.issuperset(parts["tasks"]["isomorphism_class"])
        # Every row is in one part; only a seen architecture of a seen task that was drawn falls out, and none can.
        together = pd.concat([division.learned, *parts.values()]).index
        assert sorted(together) == sorted(whole.index)
    assert not split.outer.learned["held_out"].any()


def test_anchors_are_seen_architectures_on_unseen_tasks():
    rows = made_up_rows()
    outer = split_rows(rows).outer
    assert outer.learned.loc[outer.learned["anchor"], "task"].nunique() == 24
    assert not outer.tests["both"]["anchor"].any()
    assert not outer.tests["architectures"]["anchor"].any()
    assert outer.tests["tasks"]["anchor"].sum() == 6 * 4


def test_a_split_belongs_to_its_name_and_later_rows_move_no_earlier_class():
    rows = made_up_rows()
    few = split_rows(rows[rows.index % 2 == 0], "a")
    many = split_rows(rows, "a")
    held = set(many.outer.tests["architectures"]["isomorphism_class"])
    assert set(few.outer.tests["architectures"]["isomorphism_class"]) <= held
    assert split_rows(rows, "a").outer.tests["architectures"].equals(many.outer.tests["architectures"])
    assert set(split_rows(rows, "b").outer.tests["architectures"]["isomorphism_class"]) != held


def test_shares_are_about_as_asked():
    rows = made_up_rows(tasks=100)
    split = split_rows(rows, architectures=0.25)
    fresh = rows[~rows["anchor"] & ~rows["held_out"]]
    assert len(split.outer.tests["architectures"]) == pytest.approx(0.25 * len(fresh), rel=0.25)
    assert 0.05 < split.inner.unseen["task"].nunique() / split.outer.learned["task"].nunique() <= 1.0


def test_repeats_are_in_no_part():
    rows = made_up_rows()
    repeats = rows.assign(seed=1)
    outer = split_rows(pd.concat([rows, repeats], ignore_index=True)).outer
    assert (pd.concat([outer.learned, *(outer.tests[t] for t in TESTS)])["seed"] == 0).all()


def test_too_few_rows_are_said_to_be_so():
    with pytest.raises(UserError, match="leave no"):
        split_rows(made_up_rows(tasks=4))
