"""Table 4: validity, uniqueness, novelty of generated architectures."""

from __future__ import annotations

from benchmarks.paper_cases import Judge, cases
from reports.paper_cells import PaperCell, cells_of


@cases(cells_of("4"))
def test_table4(paper_cell: PaperCell, judge: Judge) -> None:
    """The cell's verdict."""
    judge(paper_cell)
