"""Each picture of the paper's figures as a cell: Fig 1, the 8 histograms of Fig 2, the 90 panels of Figs 3 and 4."""

from __future__ import annotations

from dataclasses import dataclass

from reports.cells import Cell
from reports.evidence import Evidence
from reports.paper_figures import framework, front_drawing, histograms
from reports.paper_figures.front_panels import FIGURES, FrontPanel, PanelKey, panel, panel_keys
from reports.paper_figures.histograms import Distribution
from reports.paper_figures.missing import Missing
from reports.paper_figures.palette import Drawing


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
    for space in histograms.SPACES:
        for metric in histograms.METRICS:
            cell = Cell("figure2", "meta-dataset", "paper", space, "meta-dataset", metric, "histogram", "measured")
            cells.append(FigureCell(f"figure2-{space}-{metric}", cell))
    for space in FIGURES:
        for key in panel_keys(space):
            figure = f"figure{FIGURES[space]}"
            cell = Cell(figure, "pomonag", "paper", space, key.dataset, key.cost, "front", "trained")
            cells.append(FigureCell(key.id, cell, key))
    return cells


def content(cell: FigureCell, evidence: Evidence) -> FrontPanel | Distribution | Missing | None:
    """What the picture shows, or why it is missing; None for Fig 1, which shows no measurement."""
    if cell.panel is not None:
        return panel(evidence, cell.panel)
    if cell.cell.table == "figure2":
        return histograms.distribution(cell.cell.space, cell.cell.metric)
    return None


def drawing(found: FrontPanel | Distribution | None) -> Drawing:
    """The picture of what was found."""
    if isinstance(found, FrontPanel):
        return front_drawing.single(found)
    return framework.draw if found is None else histograms.single(found)
