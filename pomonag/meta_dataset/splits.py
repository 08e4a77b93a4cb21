"""Which rows a predictor learns from and which it is judged by: tasks unseen, architectures unseen, both unseen.

The paper's evaluation rows share most of their tasks and architectures with its training rows (PI-20), so that a
correlation over them says little of what is new. Here an architecture is *seen* when any row of the learned part has
one of its isomorphism class, whatever its string. Anchors, which every task has, are never held out: on unseen tasks
they are the architectures that were seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from pomonag.errors import UserError
from pomonag.records.seeds import seed_of

TESTS = ("tasks", "architectures", "both")
"""What a test part has that was not learned from."""


@dataclass(frozen=True)
class Division:
    """`learned` rows and the parts of the rest: unseen `tasks`, unseen `architectures`, `both` unseen."""

    learned: pd.DataFrame
    tests: Mapping[str, pd.DataFrame]

    @property
    def unseen(self) -> pd.DataFrame:
        """All rows of the three parts."""
        return pd.concat([self.tests[name] for name in TESTS])


@dataclass(frozen=True)
class Split:
    """`outer` sets the test rows apart; `inner` divides what `outer` learns from once more, for model selection."""

    outer: Division
    inner: Division


def split_rows(
    rows: pd.DataFrame,
    name: str = "",
    *,
    architectures: float = 0.25,
    validation_tasks: float = 0.15,
    validation_architectures: float = 0.1,
) -> Split:
    """The split called `name` of a meta-dataset's rows; the same on every machine.

    Test tasks are those that the meta-dataset holds out, whose image classes no other task has; test architectures a
    share of the isomorphism classes. Validation tasks and architectures are drawn alike from what remains. Each is
    drawn by its own name: rows that come later move none of the earlier ones. Repeated trainings (`seed` above 0) are
    left out: they measure the labels' reliability.
    """
    rows = rows[rows["seed"] == 0]
    outer = _divide(rows, rows["held_out"].astype(bool), _drawn_classes(rows, f"test {name}", architectures))
    left = outer.learned
    tasks = left["task"].map(lambda task: _fraction(f"validation task {name}", task) < validation_tasks)
    inner = _divide(left, tasks, _drawn_classes(left, f"validation {name}", validation_architectures))
    for part, frame in (
        ("training rows", inner.learned),
        ("validation rows", inner.unseen),
        *((f"test rows with unseen {test}", outer.tests[test]) for test in TESTS),
    ):
        if frame.empty:
            raise UserError(
                f"{len(rows)} rows of {rows['task'].nunique()} tasks leave no {part}; expected some hundred rows, a "
                "part of them of held-out tasks. Build more with `pomonag meta-dataset build`."
            )
    return Split(outer, inner)


def _divide(rows: pd.DataFrame, unseen_task: pd.Series, drawn: pd.Series) -> Division:
    learned = rows[~unseen_task & ~drawn]
    # By fact, not by draw: most architectures of an unseen task occur nowhere else.
    known = rows["isomorphism_class"].isin(set(learned["isomorphism_class"]))
    parts = {
        "tasks": rows[unseen_task & known],
        "architectures": rows[~unseen_task & ~known],
        "both": rows[unseen_task & ~known],
    }
    return Division(learned, parts)


def _drawn_classes(rows: pd.DataFrame, purpose: str, share: float) -> pd.Series:
    anchors = set(rows.loc[rows["anchor"].astype(bool), "isomorphism_class"])
    return rows["isomorphism_class"].map(lambda key: key not in anchors and _fraction(purpose, key) < share)


def _fraction(purpose: str, name: str) -> float:
    """A number in [0, 1) that belongs to a name."""
    return seed_of("split", purpose, name) / 2**63
