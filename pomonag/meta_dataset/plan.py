"""Which rows a meta-dataset is made of: settled by names alone, so that every machine plans the same ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import count, islice
from typing import Any

import torch

from pomonag.data.tasks import task_names
from pomonag.errors import UserError, unknown_name
from pomonag.records.hashes import text_hash
from pomonag.records.seeds import seed_of
from pomonag.spaces import search_space


@dataclass(frozen=True)
class PlannedRow:
    """A row to measure: names only, so it travels between processes and machines."""

    task: str
    architecture: str
    seed: int
    anchor: bool


@dataclass(frozen=True)
class Plan:
    """`anchors` architectures that every task shares, and fresh ones for each task, uniform over the space's classes.

    Rows come in rounds of one row a task, the anchors' rounds first, so that every prefix covers the tasks evenly;
    a plan has no end. The last `held_out_tasks` tasks draw from the evaluation classes alone.
    """

    space: str = "nb201"
    training_tasks: int = 40
    held_out_tasks: int = 10
    anchors: int = 8

    def __post_init__(self) -> None:
        if min(self.training_tasks, self.held_out_tasks, self.anchors) < 0 or not self.tasks:
            raise UserError(f"got {self}; expected at least one task and no negative number")

    @property
    def tasks(self) -> list[str]:
        """The names of all tasks."""
        return task_names(self.training_tasks, self.held_out_tasks)

    def rows(self) -> Iterator[PlannedRow]:
        """Endlessly, in order."""
        anchors = _distinct(self.space, f"anchors {self.space}", self.anchors, ())
        for architecture in anchors:
            for task in self.tasks:
                yield PlannedRow(task, architecture, 0, True)
        for turn in count():
            for task in self.tasks:
                # Drawn in blocks: the first 32 of a task are the same however many are asked for.
                block, place = divmod(turn, 32)
                yield PlannedRow(task, _fresh_block(self.space, task, block, tuple(anchors))[place], 0, False)

    def first(self, rows: int) -> list[PlannedRow]:
        """The first `rows` rows."""
        return list(islice(self.rows(), rows))

    def repeated(self, rows: int, among: int, seed: int = 1) -> list[PlannedRow]:
        """`rows` of the first `among` rows, drawn evenly, to be measured again with another seed (reliability)."""
        drawn = sorted(self.first(among), key=lambda row: seed_of("repeat", row.task, row.architecture))
        return [PlannedRow(row.task, row.architecture, seed, row.anchor) for row in drawn[:rows]]


# Fewer for the space whose trainings cost more; the tasks of one name are the same in both.
LITE_PLANS = {"nb201": Plan(), "mbv3": Plan("mbv3", training_tasks=22, held_out_tasks=8)}


def lite_plan(space: str) -> Plan:
    """The plan of the lite meta-dataset that ships for a space. UserError for a space that has none."""
    if space not in LITE_PLANS:
        raise unknown_name("space with a lite meta-dataset", space, LITE_PLANS)
    return LITE_PLANS[space]


def isomorphism_hash(space: Any, architecture: Any) -> str:
    """Twelve hexadecimal digits that isomorphic architectures share."""
    return text_hash(space.equivalence_key(architecture))


def _distinct(space_name: str, purpose: str, n: int, without: tuple[str, ...]) -> list[str]:
    """n architectures of n classes, none of them a class of `without`."""
    space: Any = search_space(space_name)
    draw = getattr(space, "sample_classes", space.sample)
    generator = torch.Generator().manual_seed(seed_of("meta-dataset architectures", purpose))
    seen = {space.equivalence_key(space.parse(text)) for text in without}
    chosen: list[str] = []
    while len(chosen) < n:
        (architecture,) = draw(1, generator)
        key = space.equivalence_key(architecture)
        if key not in seen:
            seen.add(key)
            chosen.append(str(architecture))
    return chosen


@lru_cache(maxsize=4096)
def _fresh_block(space_name: str, task: str, block: int, anchors: tuple[str, ...]) -> list[str]:
    earlier = [text for b in range(block) for text in _fresh_block(space_name, task, b, anchors)]
    return _distinct(space_name, f"fresh {space_name} {task} {block}", 32, (*anchors, *earlier))
