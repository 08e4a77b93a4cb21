"""Table 6: what each change to the predictors gains."""

from __future__ import annotations

from benchmarks.paper_cases import Judge, cases
from reports.paper_cells import PaperCell, cells_of


@cases(cells_of("6"))
def test_table6(paper_cell: PaperCell, judge: Judge) -> None:
    """The cell's verdict."""
    judge(paper_cell)
