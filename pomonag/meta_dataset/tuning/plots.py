"""Two pictures of a tuning: which settings mattered, and how the best accuracy grew from trial to trial."""

from __future__ import annotations

import io
import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from pomonag.records.files import atomic_write

Colours = Mapping[str, str]
Titles = dict[str, list[str]]
"""What hovering shows, by the gid of an artist."""

# Colours that stay apart for people who see fewer of them (Okabe and Ito 2008); a page may give its own.
COLOURS: Colours = {
    "ink": "#000000", "soft": "#59626b", "grid": "#d9dde1", "ground": "#ffffff", "front": "#0072B2",
    "eff": "#E69F00", "bal": "#CC79A7", "acc": "#009E73", "diffusionnag": "#D55E00",
}  # fmt: skip
_PAIRS = ("front", "eff", "bal", "acc", "diffusionnag")


def importance_figure(outcome: Mapping[str, Any], colours: Colours = COLOURS) -> tuple[Figure, Titles]:
    """A bar a setting, the most important on top; words where there were too few trials to tell."""
    figure = Figure(figsize=(4.6, 3.4))
    axes = figure.add_axes((0.31, 0.145, 0.6, 0.84))
    shares = outcome["importances"]
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("share of the scores' variance (fANOVA)")
    titles: Titles = {}
    if shares is None:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "too few trials to tell", transform=axes.transAxes, ha="center", color=colours["soft"])
        return figure, titles
    ordered = sorted(shares.items(), key=lambda entry: entry[1])
    bars = axes.barh([_words(name) for name, _ in ordered], [share for _, share in ordered], color=colours["front"])
    for (name, share), bar in zip(ordered, bars):
        bar.set_gid(f"importance-{name}")
        titles[f"importance-{name}"] = [f"{_words(name)}: {share:.3f}"]
        axes.annotate(f" {share:.2f}", (share, bar.get_y() + bar.get_height() / 2), va="center", fontsize=8)
    axes.grid(color=colours["grid"], linewidth=0.6, axis="x")
    axes.set_axisbelow(True)
    return figure, titles


def history_figure(outcome: Mapping[str, Any], colours: Colours = COLOURS) -> tuple[Figure, Titles]:
    """A line a pair: the best validation accuracy so far; its dots are the trials that were not pruned."""
    figure = Figure(figsize=(4.6, 3.4))
    axes = figure.add_axes((0.12, 0.145, 0.855, 0.84))
    titles: Titles = {}
    for place, (pair, role) in enumerate(zip(outcome["pairs"], itertools.cycle(_PAIRS))):
        whole = [(step, t["accuracy"]) for step, t in enumerate(pair["trials"], 1) if t["state"] == "complete"]
        if not whole:
            continue
        steps, accuracies = zip(*whole)
        best = list(itertools.accumulate(accuracies, max))
        end = len(pair["trials"])
        gid = f"history-{place}"
        (line,) = axes.step([*steps, end], [*best, best[-1]], where="post", color=colours[role], linewidth=1.5)
        line.set_gid(gid)
        titles[gid] = [f"{pair['task']}, {pair['architecture']}: {best[-1]:.1f} %"]
        axes.plot(steps, accuracies, "o", color=colours[role], markersize=2.5, alpha=0.6)
        axes.annotate(f" {place + 1}", (end, best[-1]), color=colours["ink"], fontsize=8, va="center")
    axes.set_xlabel("trial")
    axes.set_ylabel("validation accuracy (%)")
    axes.grid(color=colours["grid"], linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, titles


PLOTS = {"importance": importance_figure, "history": history_figure}


def write_plots(outcome: Mapping[str, Any], folder: Path) -> None:
    """`importance.svg` and `history.svg`, byte for byte the same each time."""
    for name, draw in PLOTS.items():
        drawn = io.BytesIO()
        with mpl.rc_context({"svg.hashsalt": name, "font.size": 10}):
            figure, _ = draw(outcome)
            figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
        with atomic_write(folder / f"{name}.svg") as file:
            file.write(drawn.getvalue())


def _words(name: str) -> str:
    return name.replace("_", " ")
