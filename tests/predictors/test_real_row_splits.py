"""Held-out rows share with the training rows what their kind allows, and nothing else."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pomonag.data.sources import DataMissing, data_path
from pomonag.errors import UserError
from pomonag.predictors.real_row_splits import KINDS, STORED, split, stored_split
from pomonag.predictors.real_rows import TaskClasses, read_real_rows
from tests.made_up_real_rows import SPACE, write_rows


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    path = write_rows(tmp_path_factory.mktemp("rows"), n=300)
    return read_real_rows(path, TaskClasses.beside(path), SPACE)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_what_a_kind_keeps_apart(rows, kind, seed):
    train, held_out = split(rows, kind, seed, count=40)
    assert not set(train) & set(held_out)
    tasks = set(rows.task[train]) & set(rows.task[held_out])
    cells = {rows.architectures[i] for i in train} & {rows.architectures[i] for i in held_out}
    assert bool(tasks) == (kind in ("rows", "architectures"))
    if kind in ("architectures", "both"):
        assert not cells
    # Whole tasks are drawn until the share is reached, so that a task's rows may be too many.
    assert len(held_out) == 40 if kind == "rows" else 15 <= len(held_out) <= 70
    if kind != "both":
        assert len(train) + len(held_out) == len(rows)


def test_a_split_depends_on_its_seed_alone(rows):
    first, again, other = (split(rows, "both", seed, count=40)[1] for seed in (1, 1, 2))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()
    with pytest.raises(UserError, match="unknown split of the real rows 'task'"):
        split(rows, "task", 0)
    with pytest.raises(UserError, match="has 300 rows; expected at least 800"):
        split(rows, "rows", 0)


def test_the_stored_split_names_400_rows_and_refuses_a_file_without_them(rows):
    stored = json.loads(STORED.read_text())["rows"]
    assert len(set(stored)) == len(stored) == 400
    with pytest.raises(UserError, match="of the 400 rows of the stored split"):
        stored_split(rows)


def test_the_stored_split_is_the_seeded_one_of_the_released_rows():
    try:
        path = data_path("meta_dataset_nb201/train.csv.gz")
    except DataMissing as missing:
        pytest.skip(str(missing))
    real = read_real_rows(path, TaskClasses.beside(path), SPACE)
    for stored, drawn in zip(stored_split(real), split(real, "rows", seed=0)):
        assert stored.tolist() == drawn.tolist()
    assert np.bincount(real.block).tolist() == [3790, 440]
    assert not real.take(np.arange(0)).keys()
