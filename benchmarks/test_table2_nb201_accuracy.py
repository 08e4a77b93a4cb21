"""Table 2: test accuracy and trained architectures on NASBench201, four data sets."""

from __future__ import annotations

from benchmarks.paper_cases import Judge, cases
from reports.paper_cells import PaperCell, cells_of


@cases(cells_of("2"))
def test_table2(paper_cell: PaperCell, judge: Judge) -> None:
    """The cell's verdict."""
    judge(paper_cell)
