"""One drawing, two outcomes: part of a page, whose style sheet owns the colours, or a file for a paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from pomonag.records.files import atomic_write
from reports.inline_svg import Titles, inline, svg_text

Colours = Mapping[str, str]
Drawing = Callable[[Colours], tuple[Figure, Titles]]
"""Draws with the given colours; returns the figure and what hovering shows, by gid."""

# Roles and their colours on paper: those of the paper's captions (Figs 3 and 4).
PRINT: Colours = {
    "ink": "#1c2126", "soft": "#59626b", "grid": "#d9dde1", "ground": "#ffffff", "tint": "#eef2f6", "front": "#1257a8",
    "eff": "#e3b505", "bal": "#7d3fb8", "acc": "#1d8a47", "diffusionnag": "#d9620a",
}  # fmt: skip
# Matplotlib needs real colours: these stand for the page's variables until the SVG is written.
_STAND_INS: Colours = {role: f"#0b00{position:02x}" for position, role in enumerate(PRINT, start=16)}
_PAGE: Colours = {
    **{stand_in: f"var(--f-{role})" for role, stand_in in _STAND_INS.items()},
    _STAND_INS["ink"]: "currentColor",
    _STAND_INS["grid"]: "var(--grid)",
    _STAND_INS["soft"]: "var(--soft)",
    _STAND_INS["ground"]: "var(--ground)",
    _STAND_INS["tint"]: "var(--tint)",
}


def page_svg(draw: Drawing, name: str) -> str:
    """The drawing as an element of the page; `name` keeps its ids apart."""
    with mpl.rc_context(_settings(_STAND_INS, name)):
        figure, titles = draw(_STAND_INS)
        return inline(svg_text(figure, titles, transparent=True), name, _PAGE)


def write_file(draw: Drawing, path: Path, format_name: str) -> None:
    """The drawing as an SVG (with titles) or PDF file, byte for byte the same each time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context({**_settings(PRINT, path.stem), "font.family": "DejaVu Sans", "pdf.fonttype": 42}):
        figure, titles = draw(PRINT)
        if format_name == "svg":
            with atomic_write(path, "w") as text:
                text.write(svg_text(figure, titles))
        else:
            nothing: dict[str, Any] = {"CreationDate": None, "Creator": None, "Producer": None}
            with atomic_write(path) as file:
                figure.savefig(file, format="pdf", metadata=nothing)


def _settings(colours: Colours, salt: str) -> dict[str, Any]:
    ink = colours["ink"]
    return {
        "svg.fonttype": "none", "svg.hashsalt": salt, "font.size": 10, "font.family": "sans-serif", "text.color": ink,
        "axes.edgecolor": ink, "axes.labelcolor": ink, "xtick.color": ink, "ytick.color": ink,
        "figure.facecolor": colours["ground"], "axes.facecolor": colours["ground"],
    }  # fmt: skip
