"""Times of the text: generation and training."""

from __future__ import annotations

from benchmarks.paper_cases import Judge, cases
from reports.paper_cells import PaperCell, cells_of


@cases([c for c in cells_of("text") if c.cell.metric.endswith("_time")])
def test_search_time(paper_cell: PaperCell, judge: Judge) -> None:
    """The cell's verdict."""
    judge(paper_cell)
