"""Reading real rows: how the blocks are told, and that whatever is wrong with a file is told with its line."""

from __future__ import annotations

import pandas as pd
import pytest

from pomonag.errors import UserError
from pomonag.predictors.real_rows import TaskClasses, read_real_rows
from tests.made_up_real_rows import CLASSES, SPACE, save, write_rows


def read(path):
    return read_real_rows(path, TaskClasses.beside(path), SPACE)


@pytest.fixture
def path(tmp_path):
    return write_rows(tmp_path / "rows", n=60)


def test_rows_carry_the_classes_of_their_task(path):
    rows, table = read(path), pd.read_csv(path)
    tasks = pd.read_csv(path.with_name("tasks.csv.gz")).set_index("task")
    assert rows.classes.shape == (60, CLASSES)
    for i in (0, 31, 59):
        of_task = set(tasks.loc[rows.task[i]])
        assert {c + 1 for c in rows.classes[i].nonzero()[0]} == of_task
        assert str(rows.architectures[i]) == table["arch_str"][i]
    assert rows.accuracy.tolist() == table["acc"].tolist()


def test_blocks_are_told_by_column_then_row_then_the_steps_of_the_accuracy(path, tmp_path):
    whole, table = read(path), pd.read_csv(path)
    by_row = read(save(table.drop(columns="block"), path.with_name("by_row.csv.gz")))
    assert (whole.block_from, by_row.block_from) == ("column", "row")
    assert by_row.block.tolist() == whole.block.tolist()
    by_accuracy = read(save(table[["task", "arch_str", "acc"]], path.with_name("by_accuracy.csv.gz")))
    assert by_accuracy.block_from == "accuracy"
    assert by_accuracy.row is None
    # A multiple of 0.2 is one among twenty of block 1's values.
    fifths = (whole.accuracy * 5).round(6) % 1 == 0
    assert by_accuracy.block.tolist() == [0 if fifth else 1 for fifth in fifths]


def test_a_part_keeps_its_rows_together(path):
    rows = read(path)
    part = rows.take([3, 57])
    assert part.keys() == [rows.keys()[3], rows.keys()[57]]
    assert part.row.tolist() == [rows.row[3], rows.row[57]]
    assert (part.classes == rows.classes[[3, 57]]).all()


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("task", 777, "line 5: task 777 is not in"),
        ("task", 1.5, "line 5: task is 1.5; expected a whole number"),
        ("acc", "NA", "line 5: acc is 'NA'; expected a number"),
        ("acc", 101.0, "line 5: acc is 101; expected a percentage"),
        ("acc", None, "line 5: acc is empty; expected a number"),
        ("block", 2, "line 5: block is 2; expected 0 or 1"),
        ("arch_str", "|none~0|", "line 5: got '|none~0|' with 1 nodes"),
        ("arch_str", "|conv~0|+|none~0|none~1|+|none~0|none~1|none~2|", "line 5: unknown NAS-Bench-201 operation"),
        ("arch_str", None, "line 5: got 'nan'"),
    ],
)  # fmt: skip
def test_a_bad_value_is_told_with_its_line(path, column, value, told):
    table = pd.read_csv(path).astype({column: object})
    table.loc[3, column] = value
    with pytest.raises(UserError) as error:
        read(save(table, path))
    assert told in str(error.value)


def test_missing_columns_and_files(path, tmp_path):
    table = pd.read_csv(path)
    with pytest.raises(UserError, match=r"lacks the column task, acc; it has row, block, arch_str"):
        read(save(table.drop(columns=["task", "acc"]), path.with_name("less.csv.gz")))
    with pytest.raises(UserError, match="has no rows"):
        read(save(table[:0], path.with_name("none.csv.gz")))
    with pytest.raises(UserError, match="not there; expected a CSV"):
        read_real_rows(path.with_name("absent.csv"), TaskClasses.beside(path), SPACE)
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(UserError, match=r"tasks.csv.gz is not there; expected the classes"):
        TaskClasses.beside(tmp_path / "elsewhere" / "train.csv.gz")


def test_a_tasks_file_of_another_kind(path):
    tasks = pd.read_csv(path.with_name("tasks.csv.gz"))
    file = path.with_name("tasks.csv.gz")
    with pytest.raises(UserError, match="more than one line for a task"):
        TaskClasses(save(pd.concat([tasks, tasks[:1]]), file))
    with pytest.raises(UserError, match="has the columns task; expected task, class_00"):
        TaskClasses(save(tasks[["task"]], file))
