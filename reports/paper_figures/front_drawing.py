"""Draws a panel of Figures 3 and 4, alone or as a part of the whole figure."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.inline_svg import Titles
from reports.measurements import Summary
from reports.paper_figures.front_panels import COSTS, FrontPanel, Marked, PanelKey, Point
from reports.paper_figures.missing import Missing, draw_missing
from reports.paper_figures.palette import Colours, Drawing

MARKERS = {"eff": "o", "bal": "s", "acc": "^", "diffusionnag": "D"}
LABELS = {"eff": "Eff", "bal": "Bal", "acc": "Acc", "diffusionnag": "DiffusionNAG"}
# The interval of two seeds (t = 12.7) is wider than the space: the paper's three runs are the least that is drawn.
_FEWEST_SEEDS = 3
# Points in which Acc's name must not leave the picture, nor Eff's cross the axis.
_OFFSETS = {"eff": ((7, -12), "left"), "bal": ((7, -13), "left"), "acc": ((-7, -14), "right")}


def single(panel: FrontPanel) -> Drawing:
    """One panel as a picture of its own."""

    def draw(colours: Colours) -> tuple[Figure, Titles]:
        figure = Figure(figsize=(4.3, 3.1))
        return figure, draw_panel(figure.add_axes((0.125, 0.155, 0.855, 0.825)), panel, colours)

    return draw


# Inches of the whole figure: its width, the height of a row of pictures and of one where all is missing, the margins
# left, right and top of each column and row, and what stands under the axes.
_WIDTH, _DRAWN, _EMPTY = 12.0, 3.0, 1.3
_LEFT, _RIGHT, _TOP, _BELOW = 0.65, 0.12, 0.3, 0.6


def whole(panels: Sequence[tuple[PanelKey, FrontPanel | Missing]]) -> Drawing:
    """A figure of all panels, a row a data set and a column a cost; what is missing is a box that says why."""
    columns = len(COSTS)
    rows = [panels[i : i + columns] for i in range(0, len(panels), columns)]
    heights = [_DRAWN if any(isinstance(found, FrontPanel) for _, found in row) else _EMPTY for row in rows]

    def draw(colours: Colours) -> tuple[Figure, Titles]:
        total = sum(heights)
        figure = Figure(figsize=(_WIDTH, total))
        titles: dict[str, Sequence[str]] = {}
        for number, (row, height) in enumerate(zip(rows, heights)):
            below = _BELOW if height == _DRAWN else 0.12
            bottom = total - sum(heights[: number + 1]) + below
            for column, (key, found) in enumerate(row):
                left = _WIDTH / columns * column + _LEFT
                size = (_WIDTH / columns - _LEFT - _RIGHT, height - below - _TOP)
                axes = figure.add_axes((left / _WIDTH, bottom / total, size[0] / _WIDTH, size[1] / total))
                axes.set_title(key.label, fontsize=10, fontweight="bold", loc="left")
                if isinstance(found, FrontPanel):
                    titles |= draw_panel(axes, found, colours)
                else:
                    draw_missing(axes, found, colours)
        return figure, titles

    return draw


def draw_panel(axes: Any, panel: FrontPanel, colours: Colours) -> Titles:
    """Fronts, marked configurations with their intervals, and the paper's numbers; returns what hovering shows."""
    titles: dict[str, Sequence[str]] = {}
    low, high = limits(panel)
    for points in panel.fronts:
        shown = [p for p in points if low <= p.accuracy <= high]
        gid = f"{panel.key.id}-front-{points[0].seed}"
        axes.plot(
            [p.cost for p in shown], [p.accuracy for p in shown], "-", color=colours["front"], linewidth=0.8,
            alpha=0.45, zorder=2,
        )  # fmt: skip
        axes.plot(
            [p.cost for p in shown], [p.accuracy for p in shown], ".", color=colours["front"], markersize=5, gid=gid,
            markeredgewidth=0, zorder=3,
        )  # fmt: skip
        titles[gid] = [point_text("POMONAG", p, panel) for p in shown]
    for number in panel.reported:
        name = "diffusionnag" if number.method == "DiffusionNAG" else "acc"
        gid = f"{panel.key.id}-reported-{name}"
        axes.axhline(number.value, color=colours[name], linewidth=1.3, linestyle=(0, (5, 3)), zorder=1, gid=gid)
        titles[gid] = [f"The paper reports {number.text} % for {number.method} ({number.place})"]
    for name, marked in panel.marked.items():
        titles |= _draw_marked(axes, name, marked, panel, colours)
    axes.set_ylim(low, high)
    # Points set the scale; a wide interval runs out of the picture.
    costs = [p.cost for points in panel.fronts for p in points] + [m.cost.mean for m in panel.marked.values()]
    margin = 0.06 * (max(costs) - min(costs) or 1.0)
    axes.set_xlim(max(0.0, min(costs) - margin), max(costs) + margin)
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.set_xlabel(panel.cost_label)
    axes.set_ylabel(panel.accuracy_label)
    axes.grid(color=colours["grid"], linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return titles


def _draw_marked(axes: Any, name: str, marked: Marked, panel: FrontPanel, colours: Colours) -> Titles:
    cost, accuracy = marked.cost, marked.accuracy
    gid = f"{panel.key.id}-{name}"
    if len(marked.points) >= _FEWEST_SEEDS and cost.ci95 is not None and accuracy.ci95 is not None:
        # One line for both bars: matplotlib's error bars are ten artists, and there are 90 panels.
        axes.plot(
            [cost.mean - cost.ci95, cost.mean + cost.ci95, nan, cost.mean, cost.mean],
            [accuracy.mean, accuracy.mean, nan, accuracy.mean - accuracy.ci95, accuracy.mean + accuracy.ci95],
            "-", color=colours["ink"], linewidth=1.0, gid=f"{gid}-interval", zorder=4,
        )  # fmt: skip
    # Where both methods found the same architecture, the smaller triangle stands on the diamond.
    below = name == "diffusionnag"
    axes.plot(
        [cost.mean], [accuracy.mean], MARKERS[name], color=colours[name], markersize=11 if below else 7.5, gid=gid,
        markeredgecolor=colours["ink"], markeredgewidth=0.8, zorder=5 if below else 6,
    )  # fmt: skip
    if name in _OFFSETS:
        offset, align = _OFFSETS[name]
        axes.annotate(
            LABELS[name], (cost.mean, accuracy.mean), textcoords="offset points", xytext=offset, ha=align, zorder=7,
            fontweight="bold",
        )  # fmt: skip
    return {gid: [marked_text(name, marked, panel)]}


def limits(panel: FrontPanel) -> tuple[float, float]:
    """The accuracies shown, in percent.

    Architectures without a path stand at chance level and would flatten the picture: points of a front below half of
    the best count only where they are one of the marked ones.
    """
    marked = [m.accuracy.mean for m in panel.marked.values()]
    accuracies = [p.accuracy for points in panel.fronts for p in points]
    best = max([*accuracies, *marked, *(number.value for number in panel.reported)])
    low = min([*marked, *(a for a in accuracies if a >= best / 2), *(number.value for number in panel.reported)])
    margin = 0.06 * max(best - low, 1.0)
    return low - 2 * margin, best + margin


def point_text(method: str, point: Point, panel: FrontPanel) -> str:
    """An architecture with its accuracy and cost, for hovering."""
    accuracy = f"{panel.accuracy_label.split(',')[0]} {point.accuracy:.2f} %"
    if not panel.predicted:
        accuracy += f" (predicted {point.predicted:.2f})"
    quantity, unit = COSTS[panel.key.cost].split(", ")
    return f"{method}, seed {point.seed}\n{point.architecture}\n{accuracy}\n{quantity} {point.cost:.4g} {unit}"


def marked_text(name: str, marked: Marked, panel: FrontPanel) -> str:
    """A configuration's means and its architectures, for hovering."""
    quantity, unit = COSTS[panel.key.cost].split(", ")
    lines = [
        f"{LABELS[name]}, mean of n = {len(marked.points)}",
        f"{panel.accuracy_label.split(',')[0]} {_text(marked.accuracy)} %",
        f"{quantity} {_text(marked.cost)} {unit}",
        *(f"seed {p.seed}: {p.architecture}" for p in marked.points),
    ]
    return "\n".join(lines)


def _text(summary: Summary) -> str:
    return f"{summary.mean:.4g}" + (f" ± {summary.ci95:.2g}" if summary.ci95 is not None else "")
