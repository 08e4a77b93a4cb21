from collections import Counter

import pytest

from pomonag.data.tasks import task
from pomonag.errors import UserError
from pomonag.meta_dataset.plan import Plan, isomorphism_hash, lite_plan
from pomonag.spaces import search_space

SPACE = search_space("nb201")


@pytest.fixture(scope="module")
def rows():
    return Plan().first(50 * 40)


def test_anchors_stand_in_every_task_and_fresh_ones_differ(rows):
    anchors = {row.architecture for row in rows if row.anchor}
    assert len(anchors) == 8
    for name in Plan().tasks:
        of_task = [row for row in rows if row.task == name]
        assert len(of_task) == 40
        assert {row.architecture for row in of_task if row.anchor} == anchors
        classes = {isomorphism_hash(SPACE, SPACE.parse(row.architecture)) for row in of_task}
        assert len(classes) == 40
    # 1,600 uniform draws from 6,466 classes hit about 1,418 different ones.
    assert len({row.architecture for row in rows}) > 1350


def test_every_prefix_covers_the_tasks_evenly(rows):
    for length in (1, 49, 50, 437, 1000, 2000):
        counts = Counter(row.task for row in rows[:length])
        assert max(counts.values()) - min(counts[name] for name in Plan().tasks) <= 1


def test_ten_tasks_are_held_out():
    assert [task(name).held_out for name in Plan().tasks] == [False] * 40 + [True] * 10


def test_a_longer_plan_begins_with_the_shorter_one(rows):
    assert Plan().first(77) == rows[:77]
    assert Plan().first(2100)[:2000] == rows


def test_the_plan_of_a_task_does_not_depend_on_the_other_tasks(rows):
    few = Plan(training_tasks=2, held_out_tasks=0).first(40)
    for name in ("train-000", "train-001"):
        assert [r for r in few if r.task == name] == [r for r in rows if r.task == name][:20]


def test_repeats_are_planned_rows_with_another_seed(rows):
    repeats = Plan().repeated(100, 1000)
    keys = {(row.task, row.architecture) for row in rows[:1000]}
    assert len({(r.task, r.architecture) for r in repeats} & keys) == 100
    assert {r.seed for r in repeats} == {1}
    assert len({r.task for r in repeats}) > 35
    assert Plan().repeated(10, 1000) == repeats[:10]


def test_isomorphic_cells_share_a_hash():
    one = SPACE.parse("|nor_conv_3x3~0|+|skip_connect~0|none~1|+|none~0|nor_conv_1x1~1|none~2|")
    hashes = {
        isomorphism_hash(SPACE, cell) for cell in SPACE.enumerate() if cell.canonical_form() == one.canonical_form()
    }
    assert hashes == {isomorphism_hash(SPACE, one)}


@pytest.mark.parametrize("wrong", [{"training_tasks": 0, "held_out_tasks": 0}, {"anchors": -1}])
def test_refuses_empty_plans(wrong):
    with pytest.raises(UserError):
        Plan(**wrong)


def test_the_plans_that_ship_share_their_tasks_and_a_space_without_one_is_named():
    nets = lite_plan("mbv3")
    rows = nets.first(900)
    counts = Counter(row.task for row in rows)
    assert set(counts.values()) == {30}
    assert set(counts) < set(lite_plan("nb201").tasks)
    assert sum(task(name).held_out for name in counts) == 8
    assert len({row.architecture for row in rows if row.anchor}) == 8
    # Draws tilted towards small values meet the smallest network more than once.
    assert len({row.architecture for row in rows}) > 640
    with pytest.raises(UserError, match="space with a lite meta-dataset"):
        lite_plan("nb102")
