"""Draws Figure 2: a histogram for each metric of each meta-dataset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from reports.inline_svg import Titles
from reports.paper_figures.distributions import METRICS, SPACES, Distribution, distribution
from reports.paper_figures.missing import draw_missing
from reports.paper_figures.palette import Colours, Drawing

# Over a histogram of the whole figure, where the axis says the rest.
NAMES = {"accuracy": "accuracy", "params": "params", "macs": "MACs", "latency": "latency"}
BINS = 32


def single(found: Distribution) -> Drawing:
    """One histogram as a picture of its own."""

    def draw(colours: Colours) -> tuple[Figure, Titles]:
        figure = Figure(figsize=(4.3, 2.7))
        return figure, _draw(figure.add_axes((0.125, 0.185, 0.855, 0.785)), found, colours)

    return draw


def whole() -> Drawing:
    """Both meta-datasets, a row each, as the paper lays them out."""

    def draw(colours: Colours) -> tuple[Figure, Titles]:
        figure = Figure(figsize=(14.0, 5.6))
        grid = figure.subplots(len(SPACES), len(METRICS))
        figure.subplots_adjust(0.045, 0.09, 0.99, 0.95, 0.2, 0.38)
        titles: dict[str, Sequence[str]] = {}
        for row, space in zip(grid, SPACES):
            for axes, metric in zip(row, METRICS):
                axes.set_title(f"{SPACES[space]}, {NAMES[metric]}", fontsize=10, fontweight="bold", loc="left")
                found = distribution(space, metric)
                if isinstance(found, Distribution):
                    titles |= _draw(axes, found, colours)
                else:
                    draw_missing(axes, found, colours)
        return figure, titles

    return draw


def _draw(axes: Any, found: Distribution, colours: Colours) -> dict[str, Sequence[str]]:
    counts, edges, bars = axes.hist(found.values, bins=BINS, color=colours["front"], edgecolor=colours["ground"])
    titles: dict[str, Sequence[str]] = {}
    for position, (bar, count) in enumerate(zip(bars, counts)):
        gid = f"{found.id}-bar-{position}"
        bar.set_gid(gid)
        titles[gid] = [f"{edges[position]:.4g} to {edges[position + 1]:.4g}: {int(count)}"]
    axes.set_xlabel(found.label)
    axes.set_ylabel("architectures" if found.id.startswith("figure2-table") else "rows")
    axes.grid(color=colours["grid"], linewidth=0.6, axis="y")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return titles
