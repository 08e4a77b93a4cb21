"""Figure 2: how the four metrics are spread over a meta-dataset, and what the same space reaches after 200 epochs."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from pomonag.data.sources import DataMissing
from pomonag.meta_dataset.schema import meta_dataset
from reports.inline_svg import Titles
from reports.paper_figures.missing import Missing, draw_missing
from reports.paper_figures.palette import Colours, Drawing

SPACES = {"nb201": "NASBench201", "mbv3": "MobileNetV3"}
# Our column, its axis, and by what it is divided.
METRICS = {
    "accuracy": ("accuracy", "accuracy after a lite training, %", 1.0),
    "params": ("params", "params, M", 1e6),
    "macs": ("macs", "MACs, M", 1e6),
    "latency": ("latency_ms", "latency on the measuring machine, ms", 1.0),
}
BINS = 32


@dataclass(frozen=True, eq=False)
class Distribution:
    """Values [n] of one metric, and the words on its axis and under its picture."""

    id: str
    label: str
    title: str
    values: np.ndarray

    @property
    def statistics(self) -> dict[str, float]:
        """n, mean, standard deviation, and the quartiles."""
        quartiles = np.quantile(self.values, [0.0, 0.25, 0.5, 0.75, 1.0])
        return {
            "n": len(self.values),
            "mean": float(self.values.mean()),
            "sd": float(self.values.std(ddof=1)),
            **dict(zip(("min", "25 %", "median", "75 %", "max"), quartiles.tolist())),
        }


def distribution(space: str, metric: str) -> Distribution | Missing:
    """A histogram of the shipped meta-dataset of a space: every measured row counts once."""
    if space not in _SHIPPED:
        return Missing(f"the {space} space is not part of this version: there is no meta-dataset of it")
    column, label, unit = METRICS[metric]
    values = meta_dataset(space)[column].dropna().to_numpy(float) / unit
    return Distribution(f"figure2-{space}-{metric}", label, f"{SPACES[space]}, {label.split(',')[0]}", values)


_SHIPPED = ("nb201",)


@functools.cache
def after_200_epochs(dataset: str, label: str) -> Distribution | Missing:
    """The 200-epoch accuracies of all 15,625 architectures: the scale that lite labels do not have."""
    from pomonag.evaluation.tabular import AccuracyTable
    from pomonag.spaces import search_space

    try:
        values = AccuracyTable(space=search_space("nb201")).accuracies(dataset)
    except DataMissing as error:
        return Missing("the table of 200-epoch accuracies is not here", str(error))
    title = f"{label}: all of NASBench201 after 200 epochs"
    return Distribution(f"figure2-table-{dataset}", f"accuracy on {label} by table, %", title, np.asarray(values))


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
                axes.set_title(f"{SPACES[space]}, {metric}", fontsize=10, fontweight="bold", loc="left")
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
    axes.set_ylabel("rows" if found.id.startswith("figure2-nb201") else "architectures")
    axes.grid(color=colours["grid"], linewidth=0.6, axis="y")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return titles
