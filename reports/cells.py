"""What a number is about: one cell of a table, ours or the paper's."""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass

EVALUATIONS = ("lookup", "trained", "generated", "predicted", "measured")


@dataclass(frozen=True, order=True)
class Cell:
    """One place in a table. All fields are the ids of `paper_numbers.csv` in lower case.

    `table` is the paper's number ("4") or the name of a suite that the paper has not ("fronts"). `configuration`
    says how the method was run ("fast", "leave-one-out"); the paper's own cells have "paper". `evaluation` says where
    the value comes from: looked up in a table, trained, a property of what was generated, predicted, or measured
    (times).
    """

    table: str
    method: str
    configuration: str
    space: str
    dataset: str
    metric: str
    statistic: str
    evaluation: str

    def __post_init__(self) -> None:
        if self.evaluation not in EVALUATIONS:
            raise ValueError(f"evaluation {self.evaluation!r} of {self.id}: expected one of {', '.join(EVALUATIONS)}")

    @property
    def id(self) -> str:
        """A readable slug, e.g. `table4-pomonag-fast-nb201-mean-over-runs-validity-mean-generated`."""
        return "-".join([slug(table_name(self.table)), *(slug(part) for part in astuple(self)[1:])])


def table_name(table: str) -> str:
    """`table4` for the paper's Table 4; a suite's own name as it is."""
    return f"table{table}" if table.isdigit() else table


def slug(text: str) -> str:
    """Lower case; every run of other characters than letters, digits and underscores becomes one hyphen.

    >>> slug("An et al. strategy, ResNet18"), slug("POMONAG-Acc")
    ('an-et-al-strategy-resnet18', 'pomonag-acc')
    """
    return re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-")
