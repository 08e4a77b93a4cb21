"""From a figure's cell to its picture."""

from __future__ import annotations

from reports.evidence import Evidence
from reports.paper_figures import framework, front_drawing, histograms
from reports.paper_figures.distributions import Distribution, distribution
from reports.paper_figures.figure_cells import FigureCell
from reports.paper_figures.front_panels import FrontPanel, panel
from reports.paper_figures.missing import Missing
from reports.paper_figures.palette import Drawing


def content(cell: FigureCell, evidence: Evidence) -> FrontPanel | Distribution | Missing | None:
    """What the picture shows, or why it is missing; None for Fig 1, which shows no measurement."""
    if cell.panel is not None:
        return panel(evidence, cell.panel)
    if cell.cell.table == "figure2":
        return distribution(cell.cell.space, cell.cell.metric)
    return None


def drawing(found: FrontPanel | Distribution | None) -> Drawing:
    """The picture of what was found."""
    if isinstance(found, FrontPanel):
        return front_drawing.single(found)
    return framework.draw if found is None else histograms.single(found)
