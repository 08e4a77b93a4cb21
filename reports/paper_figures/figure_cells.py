"""Each picture of the paper's figures as a cell: Fig 1, the 8 histograms of Fig 2, the 90 panels of Figs 3 and 4."""

from __future__ import annotations

from dataclasses import dataclass

from reports.cells import Cell
from reports.paper_figures.distributions import METRICS, SPACES
from reports.paper_figures.front_panels import FIGURES, PanelKey, panel_keys


@dataclass(frozen=True)
class FigureCell:
    """One picture. `id` is short, for links and files; `cell` has the fields by which tests and pages filter."""

    id: str
    cell: Cell
    panel: PanelKey | None = None


def figure_cells() -> list[FigureCell]:
    """All 99 pictures in the paper's order."""
    everything = Cell("figure1", "pomonag", "paper", "all", "all", "framework", "drawing", "measured")
    cells = [FigureCell("figure1-framework", everything)]
    for space in SPACES:
        for metric in METRICS:
            cell = Cell("figure2", "meta-dataset", "paper", space, "meta-dataset", metric, "histogram", "measured")
            cells.append(FigureCell(f"figure2-{space}-{metric}", cell))
    for space in FIGURES:
        for key in panel_keys(space):
            figure = f"figure{FIGURES[space]}"
            cell = Cell(figure, "pomonag", "paper", space, key.dataset, key.cost, "front", "trained")
            cells.append(FigureCell(key.id, cell, key))
    return cells
