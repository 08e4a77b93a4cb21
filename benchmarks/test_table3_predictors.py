"""Table 3: rank correlation of the predictors on held-out rows."""

from __future__ import annotations

from benchmarks.paper_cases import Judge, cases
from reports.paper_cells import PaperCell, cells_of


@cases(cells_of("3"))
def test_table3(paper_cell: PaperCell, judge: Judge) -> None:
    """The cell's verdict."""
    judge(paper_cell)
