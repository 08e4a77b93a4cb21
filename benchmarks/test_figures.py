"""Figures 1 to 4: each picture is drawn from what was measured, or says what is missing."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest

from reports.paper_figures.figure_cells import FigureCell, figure_cells

if TYPE_CHECKING:
    from benchmarks.measuring import Measuring
    from reports.paper_figures.front_panels import FrontPanel

_SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("paper_cell", [pytest.param(cell, id=cell.id) for cell in figure_cells()])
def test_figure(paper_cell: FigureCell, measuring: Measuring) -> None:
    """The picture shows what was measured."""
    # Pandas and Matplotlib take longer to import than all cells to collect.
    from reports.paper_figures.distributions import Distribution
    from reports.paper_figures.front_panels import FrontPanel, run_key
    from reports.paper_figures.missing import Missing
    from reports.paper_figures.palette import page_svg
    from reports.paper_figures.pictures import content, drawing

    key, problem = paper_cell.panel, ""
    evidence = measuring.evidence
    if key and isinstance(content(paper_cell, evidence), Missing):
        problem = measuring.measure(run_key(evidence, key, "pomonag"))
        evidence = measuring.evidence
    found = content(paper_cell, evidence)
    if isinstance(found, Missing):
        text = "; ".join(part for part in (found.text, problem) if part)
        (pytest.fail if measuring.strict else pytest.skip)(text)
    root = ET.fromstring(page_svg(drawing(found), paper_cell.id))
    labels = {text.text for text in root.iter(f"{_SVG}text")}
    hovers = [title.text or "" for title in root.iter(f"{_SVG}title")]
    if isinstance(found, FrontPanel):
        _check_panel(found, labels, hovers)
    elif isinstance(found, Distribution):
        assert found.label in labels
        assert sum(int(text.rsplit(" ", 1)[1]) for text in hovers) == len(found.values)
    else:
        assert {"Score network", "Pareto Front Filtering", "Eff", "Bal", "Acc"} <= labels


def _check_panel(panel: FrontPanel, labels: set[str | None], hovers: list[str]) -> None:
    from reports.paper_figures.front_drawing import limits

    assert {panel.cost_label, panel.accuracy_label} <= labels
    low, high = limits(panel)
    for seed, front in enumerate(panel.fronts):
        eff, acc = panel.marked["eff"].points[seed], panel.marked["acc"].points[seed]
        assert eff.cost == min(p.cost for p in front)
        assert acc.predicted == max(p.predicted for p in front)
        drawn = [text for text in hovers if text.startswith(f"POMONAG, seed {front[0].seed}\n")]
        assert [text.split("\n")[1] for text in drawn] == [p.architecture for p in front if low <= p.accuracy <= high]
    assert {text.split(",")[0] for text in hovers} >= {"Eff", "Bal", "Acc"}
