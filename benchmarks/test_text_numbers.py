"""Other numbers of the text: gains and changes, derived from the tables' cells, and the scaling factors."""

from __future__ import annotations

from benchmarks.paper_cases import Judge, cases
from reports.paper_cells import PaperCell, cells_of


@cases([c for c in cells_of("text") if not c.cell.metric.endswith("_time")])
def test_text(paper_cell: PaperCell, judge: Judge) -> None:
    """The cell's verdict; scaling factors are settings and have none."""
    judge(paper_cell)
