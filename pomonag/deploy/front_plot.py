"""A picture of a result: predicted accuracy against each cost, the fronts, and the chosen configurations."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from pomonag.errors import UserError
from pomonag.records.files import atomic_write

_AXES = {
    "params": ("parameters (million)", 1e-6),
    "macs": ("multiply-accumulates (million)", 1e-6),
    "latency_ms": ("latency (ms)", 1.0),
}
# Colours that stay apart for people who see fewer of them (Okabe and Ito 2008).
_CONFIGURATIONS = {"acc": ("Acc", "#0072B2", "^"), "bal": ("Bal", "#009E73", "D"), "eff": ("Eff", "#D55E00", "s")}
FORMATS = (".png", ".svg", ".pdf")


def check_plot_path(path: Path) -> None:
    """UserError unless the ending is one that can be drawn; asked before a long computation."""
    if path.suffix.lower() not in FORMATS:
        raise UserError(f"cannot draw {path.name!r}, expected a file that ends with {', '.join(FORMATS)}.")


def draw_front(result: Mapping[str, Any], path: Path) -> None:
    """Write the picture of a result in the format of `result.schema.json`; the ending of `path` says which kind."""
    check_plot_path(path)
    drawn = io.BytesIO()
    front_figure(result).savefig(drawn, format=path.suffix[1:].lower(), dpi=150)
    with atomic_write(path) as file:
        file.write(drawn.getvalue())


def front_figure(result: Mapping[str, Any]) -> Figure:
    """One panel for each cost of the result's fronts."""
    architectures = result["architectures"]
    costs = list(result["fronts"])
    heights = _heights(result)
    figure = Figure(figsize=(4.2 * max(len(costs), 1), 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    for position, cost in enumerate(costs):
        axes = figure.add_subplot(1, len(costs), position + 1)
        known = [index for index, entry in enumerate(architectures) if entry[cost] is not None]
        axes.scatter(*_points(result, cost, known), 9, color="#999999", alpha=0.6, linewidths=0, label="generated")
        front = _points(result, cost, result["fronts"][cost])
        axes.plot(*front, color="black", linewidth=1, marker=".", markersize=5, label="front")
        for key, (name, colour, marker) in _CONFIGURATIONS.items():
            if cost in result["configurations"][key]:
                chosen = _points(result, cost, [result["configurations"][key][cost]])
                axes.scatter(*chosen, 60, color=colour, marker=marker, zorder=3, label=name)
        axes.set_xlabel(_AXES[cost][0])
        axes.grid(alpha=0.25)
        axes.set_ylim(heights)
        if position == 0:
            axes.set_ylabel("predicted accuracy (%)")
            axes.legend(loc="lower right", fontsize=8, framealpha=0.9)
    figure.suptitle(
        f"{result['space']}, {Path(result['images']['source']).name}: {len(architectures)} architectures "
        f"in {result['seconds']['generation']:.2g} s",
        fontsize=10,
    )
    return figure


def _points(result: Mapping[str, Any], cost: str, indices: list[int]) -> tuple[list[float], list[float]]:
    entries = [result["architectures"][index] for index in indices]
    return [entry[cost] * _AXES[cost][1] for entry in entries], [entry["predicted_accuracy"] for entry in entries]


def _heights(result: Mapping[str, Any]) -> tuple[float, float] | None:
    """From half the fronts' height below them to a little above: hopeless architectures would flatten the rest."""
    accuracies = [entry["predicted_accuracy"] for entry in result["architectures"]]
    ends = [accuracies[index] for front in result["fronts"].values() for index in front]
    if not ends:
        return None
    height = max(ends) - min(ends)
    lowest = max(min(accuracies), min(ends) - 0.5 * height)
    return lowest - 0.05 * height - 0.1, max(ends) + 0.1 * height + 0.1
