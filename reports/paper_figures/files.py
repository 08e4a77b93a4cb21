"""The figures as files for a paper: each whole, and each of its pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reports.evidence import Evidence
from reports.paper_figures import framework, front_drawing, histograms
from reports.paper_figures.figure_cells import figure_cells
from reports.paper_figures.front_panels import FIGURES, panel, panel_keys
from reports.paper_figures.missing import Missing
from reports.paper_figures.palette import Drawing, write_file
from reports.paper_figures.pictures import content, drawing

FORMATS = ("svg", "pdf")


def write_figures(evidence: Evidence, folder: Path, format_name: str) -> list[Path]:
    """Writes `figure1` to `figure4`, whole, and under `panels/` each picture that can be drawn; returns the paths."""
    paths = []
    for name, draw in _drawings(evidence):
        path = folder / f"{name}.{format_name}"
        write_file(draw, path, format_name)
        paths.append(path)
    return paths


def _drawings(evidence: Evidence) -> Iterator[tuple[str, Drawing]]:
    yield "figure1", framework.draw
    yield "figure2", histograms.whole()
    for space, number in FIGURES.items():
        yield f"figure{number}", front_drawing.whole([(key, panel(evidence, key)) for key in panel_keys(space)])
    for cell in figure_cells():
        found = content(cell, evidence)
        if found is not None and not isinstance(found, Missing):
            yield f"panels/{cell.id}", drawing(found)
