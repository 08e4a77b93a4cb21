"""Fronts as inline SVG whose colours and fonts are the page's own, so that they follow its light and dark mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from reports.inline_svg import inline, svg_text

# Matplotlib writes these stand-ins; the SVG gets the page's CSS variables instead.
_INK, _GRID = "#010203", "#040506"
_COLOURS = {
    "true-front": "#0a0001",
    "exhaustive_ranking": "#0a0002",
    "pomonag": "#0a0003",
    "nsga2": "#0a0004",
    "random_ranking": "#0a0005",
    "diffusionnag": "#0a0006",
}
LABELS = {
    "true-front": "the table's own front",
    "exhaustive_ranking": "exhaustive ranking",
    "pomonag": "POMONAG",
    "nsga2": "NSGA-II",
    "random_ranking": "random ranking",
    "diffusionnag": "DiffusionNAG",
}
_MARKERS = {"exhaustive_ranking": "s", "pomonag": "o", "nsga2": "^", "random_ranking": "x", "diffusionnag": "D"}


@dataclass(frozen=True)
class FrontPoints:
    """A front's points: cost [n] rising, accuracy [n] in percent; `chosen` maps acc, bal, eff to positions."""

    cost: Sequence[float]
    accuracy: Sequence[float]
    chosen: Mapping[str, int]


def front_points(details: Mapping[str, Any], cost: str) -> FrontPoints | None:
    """The points of a run's record for one cost; None where the run has no such front."""
    front = details.get("fronts", {}).get(cost)
    if not front or not front["points"]:
        return None
    points = front["points"]
    return FrontPoints([p["cost"] for p in points], [p["accuracy"] for p in points], front.get("chosen", {}))


def front_picture(fronts: Mapping[str, FrontPoints], cost_label: str, name: str) -> str:
    """An SVG of one panel: table accuracy against one cost, a series a method. `name` keeps ids apart on the page."""
    with mpl.rc_context({
        "svg.fonttype": "none", "svg.hashsalt": name, "font.size": 10, "font.family": "sans-serif",
        "text.color": _INK, "axes.edgecolor": _INK, "axes.labelcolor": _INK, "xtick.color": _INK, "ytick.color": _INK,
    }):  # fmt: skip
        figure = Figure(figsize=(4.3, 3.1))
        axes = figure.add_axes((0.12, 0.15, 0.86, 0.82))
        for method in _COLOURS:
            if method in fronts:
                _draw(axes, method, fronts[method])
        axes.set_ylim(*_limits(fronts))
        axes.set_xlabel(cost_label)
        axes.set_ylabel("accuracy by look-up, %")
        axes.grid(color=_GRID, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        svg = svg_text(figure, transparent=True)
    variables = {colour: f"var(--c-{method})" for method, colour in _COLOURS.items()}
    return inline(svg, name, {_INK: "currentColor", _GRID: "var(--grid)", **variables})


def _draw(axes: Any, method: str, points: FrontPoints) -> None:
    colour = _COLOURS[method]
    if method == "true-front":
        axes.plot(points.cost, points.accuracy, color=colour, linewidth=1.2, drawstyle="steps-post", zorder=1)
        return
    front = method == "pomonag"
    marker = _MARKERS[method]
    axes.plot(
        points.cost, points.accuracy, marker, color=colour, markersize=4.5 if front else 3.5, zorder=3 if front else 2,
        markerfacecolor=colour if front or marker == "x" else "none", markeredgewidth=0.9,
    )  # fmt: skip
    for name, position in points.chosen.items() if front else ():
        x, y = points.cost[position], points.accuracy[position]
        axes.plot([x], [y], "o", color=colour, markersize=10, markerfacecolor="none", zorder=4)
        # Acc stands at the right edge, Eff at the left one: their names point inwards.
        offset, align = (
            ((-8, -12), "right") if name == "acc" else ((8, -10), "left") if name == "bal" else ((8, 4), "left")
        )
        axes.annotate(
            name.capitalize(), (x, y), textcoords="offset points", xytext=offset, ha=align, color=colour,
            fontweight="bold",
        )  # fmt: skip


def _limits(fronts: Mapping[str, FrontPoints]) -> tuple[float, float]:
    # Architectures without a path stand at chance level and would flatten the picture: the table's own front and
    # POMONAG's set the scale, above 80 % of the best.
    best = max(max(points.accuracy) for points in fronts.values())
    shown = [points for method, points in fronts.items() if method in ("true-front", "pomonag")] or fronts.values()
    low = max(min(min(points.accuracy) for points in shown), 0.8 * best)
    margin = 0.05 * max(best - low, 1.0)
    return low - 2 * margin, best + margin
