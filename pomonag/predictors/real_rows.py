"""Rows that others measured on ImageNet32 tasks: MetaD2A's and DiffusionNAG's NAS-Bench-201 meta-dataset as CSV.

The images of their tasks are not to be had, so a task is its bag of class ids. Two training protocols are mixed in the
rows ("blocks", pomonag.md PI-20): accuracies in steps of 0.2 around 73 and in steps of 0.01 around 57.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pomonag.errors import UserError
from pomonag.evaluation.space_table import read_csv
from pomonag.spaces.search_space import SearchSpace

TASKS_FILES = ("tasks.csv.gz", "tasks.csv")
FIRST_ROW_OF_BLOCK_1 = 4152  # in the column `row`, the position in the published list


@dataclass(frozen=True, eq=False)
class RealRows:
    """n rows: `accuracy` in percent, float64 [n]; `task` and `block` (0 or 1), int64 [n].

    `classes` [n, c] has a one for each class of the row's task. `row` [n] are positions in the published list, None
    where the file does not tell. `block_from` says where the blocks are from: `column`, `row` or `accuracy`.
    """

    source: str
    sha256: str
    architectures: tuple[Any, ...]
    accuracy: np.ndarray
    task: np.ndarray
    block: np.ndarray
    classes: np.ndarray
    row: np.ndarray | None
    block_from: str

    def __len__(self) -> int:
        return len(self.architectures)

    def take(self, picked: np.ndarray) -> RealRows:
        """The rows at these positions."""
        return replace(
            self,
            architectures=tuple(self.architectures[i] for i in picked),
            accuracy=self.accuracy[picked],
            task=self.task[picked],
            block=self.block[picked],
            classes=self.classes[picked],
            row=None if self.row is None else self.row[picked],
        )

    def keys(self) -> list[tuple[int, int, str]]:
        """(block, task, architecture) of each row: what makes two rows the same measurement."""
        return [(int(b), int(t), str(a)) for b, t, a in zip(self.block, self.task, self.architectures)]


class TaskClasses:
    """Which classes each task is made of: a CSV with the columns `task`, `class_00`, `class_01`, ..."""

    def __init__(self, path: Path):
        """Raises UserError for a file that is damaged or of another kind."""
        table, _ = read_csv(path)
        names = [name for name in map(str, table.columns) if re.fullmatch(r"class_\d+", name)]
        if "task" not in table.columns or not names:
            raise UserError(
                f"{path} has the columns {', '.join(map(str, table.columns))}; expected task, class_00, class_01, ..."
            )
        task = _whole_numbers(table, "task", path)
        ids = np.stack([_whole_numbers(table, name, path) for name in names], axis=1)
        self.path = path
        self._place = {int(name): i for i, name in enumerate(task)}
        if len(self._place) < len(task):
            raise UserError(f"{path} has more than one line for a task; expected one each")
        _, columns = np.unique(ids, return_inverse=True)
        self._bags = np.zeros((len(task), int(columns.max()) + 1), dtype=np.float32)
        np.put_along_axis(self._bags, columns.reshape(ids.shape), 1.0, axis=1)

    @classmethod
    def beside(cls, rows: Path) -> TaskClasses:
        """The tasks' file in the folder of a file of rows. Raises UserError where there is none."""
        for name in TASKS_FILES:
            if rows.with_name(name).is_file():
                return cls(rows.with_name(name))
        raise UserError(
            f"{rows.with_name(TASKS_FILES[0])} is not there; expected the classes of the rows' tasks in it: a CSV with "
            "the columns task, class_00, class_01, ..."
        )

    def bags(self, tasks: Sequence[int] | np.ndarray, source: Path) -> np.ndarray:
        """Float32 [n, c], a one for each class of a task. Raises UserError for a task that is not in the file."""
        for line, name in enumerate(tasks, start=2):
            if int(name) not in self._place:
                raise UserError(f"{source}, line {line}: task {name} is not in {self.path}; expected its classes there")
        return self._bags[[self._place[int(name)] for name in tasks]]


def read_real_rows(path: Path, classes: TaskClasses, space: SearchSpace) -> RealRows:
    """The rows of a CSV, gzipped or not, with the columns `task`, `arch_str`, `acc` and, if there, `block`, `row`.

    Without `block`, rows from 4152 on are of block 1; without `row` too, those are whose accuracy is no multiple of
    0.2. Raises UserError for what is missing, damaged, or out of range.
    """
    if not path.is_file():
        raise UserError(f"{path} is not there; expected a CSV with the columns task, arch_str and acc")
    table, digest = read_csv(path)
    missing = [name for name in ("task", "arch_str", "acc") if name not in table.columns]
    if missing:
        raise UserError(
            f"{path} lacks the column {', '.join(missing)}; it has {', '.join(map(str, table.columns))}. Expected "
            "task, arch_str and acc, and block or row to tell the two protocols."
        )
    task = _whole_numbers(table, "task", path)
    accuracy = _numbers(table, "acc", path)
    wrong = np.flatnonzero((accuracy < 0) | (accuracy > 100))
    if len(wrong):
        raise UserError(f"{path}, line {wrong[0] + 2}: acc is {accuracy[wrong[0]]:g}; expected a percentage, 0 to 100")
    row = _whole_numbers(table, "row", path) if "row" in table.columns else None
    block, block_from = _blocks(table, row, accuracy, path)
    architectures = []
    for line, text in enumerate(table["arch_str"], start=2):
        try:
            architectures.append(space.parse(str(text)))
        except UserError as error:
            raise UserError(f"{path}, line {line}: {error}") from None
    return RealRows(
        str(path), digest, tuple(architectures), accuracy, task, block, classes.bags(task, path), row, block_from
    )


def _blocks(table: pd.DataFrame, row: np.ndarray | None, accuracy: np.ndarray, path: Path) -> tuple[np.ndarray, str]:
    if "block" in table.columns:
        block = _whole_numbers(table, "block", path)
        wrong = np.flatnonzero((block < 0) | (block > 1))
        if len(wrong):
            raise UserError(f"{path}, line {wrong[0] + 2}: block is {block[wrong[0]]}; expected 0 or 1")
        return block, "column"
    if row is not None:
        return (row >= FIRST_ROW_OF_BLOCK_1).astype(np.int64), "row"
    return (np.abs(accuracy * 5 - np.round(accuracy * 5)) > 1e-6).astype(np.int64), "accuracy"


def _numbers(table: pd.DataFrame, name: str, path: Path) -> np.ndarray:
    values = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=np.float64)
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        cell = table[name].iloc[wrong[0]]
        got = "empty" if pd.isna(cell) else repr(str(cell))
        raise UserError(f"{path}, line {wrong[0] + 2}: {name} is {got}; expected a number")
    return values


def _whole_numbers(table: pd.DataFrame, name: str, path: Path) -> np.ndarray:
    values = _numbers(table, name, path)
    wrong = np.flatnonzero((values != np.round(values)) | (np.abs(values) > 2**53))
    if len(wrong):
        raise UserError(f"{path}, line {wrong[0] + 2}: {name} is {values[wrong[0]]:g}; expected a whole number")
    return values.astype(np.int64)
