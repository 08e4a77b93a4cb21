"""The paper's results as tests. Light to import: collecting all cells must not wait for PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from reports.paper_cells import PaperCell

Judge = Callable[[PaperCell], None]
"""Measures a cell if need be, then passes, fails or skips the test."""


def cases(cells: Sequence[PaperCell]) -> pytest.MarkDecorator:
    """A test for each cell, with the cell's slug as its id."""
    return pytest.mark.parametrize("paper_cell", [pytest.param(cell, id=cell.id) for cell in cells])
