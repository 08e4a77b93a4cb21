"""Figure 1: our own drawing of the framework. Images in, a guided diffusion in two phases, Pareto fronts out."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from reports.inline_svg import Titles
from reports.paper_figures.palette import Colours

DESCRIPTION = (
    "The POMONAG framework. Twenty images a class go through an image encoder and become an embedding. Reverse "
    "diffusion starts from noise and denoises an architecture's matrix step by step. At every step the score "
    "network gives the direction of valid architectures, and four predictors, which know the embedding, add their "
    "gradients: accuracy up; params, MACs and latency down. Two phases of 128 with scaling factors of their own "
    "stretch the front, one towards efficient and one towards accurate architectures. Valid architectures are "
    "ranked by predicted accuracy, their costs are counted, and on a Pareto front for each cost stand Eff, Bal and "
    "Acc."
)
_TITLE, _SMALL = 10.5, 8.6


def draw(colours: Colours) -> tuple[Figure, Titles]:
    """The drawing, 100 by 46 units."""
    figure = Figure(figsize=(11.5, 5.3))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 46)
    axes.set_axis_off()
    _data_set(axes, colours)
    _diffusion(axes, colours)
    _predictors(axes, colours)
    _filtering(axes, colours)
    return figure, {}


def _data_set(axes: Any, colours: Colours) -> None:
    _box(axes, colours, (1.5, 30), (15, 8.5), "Images of a task", "20 a class, with labels")
    _box(axes, colours, (1.5, 16.8), (15, 8.5), "Image encoder", "frozen")
    _box(axes, colours, (1.5, 3.5), (15, 8.5), "Embedding D", "one set of vectors a class")
    _arrow(axes, colours, (9, 30), (9, 25.3))
    _arrow(axes, colours, (9, 16.8), (9, 12))
    _arrow(axes, colours, (16.5, 7.8), (22, 7.8))


def _diffusion(axes: Any, colours: Colours) -> None:
    axes.text(22, 43.6, "Many-objective reverse diffusion", fontweight="bold", fontsize=12)
    axes.text(22, 41.6, "two phases of 128: Pareto Front Stretching", fontsize=_SMALL, color=colours["soft"])
    for position, (left, label) in enumerate(((22, "A$_T$, noise"), (35, "A$_t$"), (48, "A$_{t-1}$"), (61, "A$_0$"))):
        _matrix(axes, colours, left, 30.2, filled=position / 3)
        axes.text(left + 3.4, 37.6, label, ha="center", va="bottom", fontsize=9.5)
    for left in (29.3, 42.3, 55.3):
        _arrow(axes, colours, (left, 33.6), (left + 5.2, 33.6), style="-" if left == 42.3 else ":")
    _box(axes, colours, (31.5, 19.6), (12.1, 6), "Score network", "towards valid ones")
    _box(axes, colours, (47.0, 19.6), (15.2, 6), "Weighted gradients", "a k for objective, phase")
    _arrow(axes, colours, (38.2, 29.9), (38.2, 25.6), style=":")
    axes.plot([44.95], [28.9], "o", ms=13, mfc=colours["tint"], mec=colours["ink"])
    axes.text(44.95, 28.8, "+", ha="center", va="center", fontsize=11, fontweight="bold")
    _arrow(axes, colours, (42.3, 25.6), (44.1, 27.9))
    _arrow(axes, colours, (47.6, 25.6), (45.8, 27.9))
    _arrow(axes, colours, (44.95, 30.2), (44.95, 33.4))
    _arrow(axes, colours, (68.3, 33.6), (74.6, 33.6))


def _predictors(axes: Any, colours: Colours) -> None:
    guides = (
        ("Accuracy", "↑", "acc"), ("Params", "↓", "eff"), ("MACs", "↓", "bal"), ("Latency", "↓", "diffusionnag"),
    )  # fmt: skip
    box = FancyBboxPatch(
        (22, 3.0), 46, 11.5, boxstyle="round,pad=0,rounding_size=1", fc="none", ec=colours["grid"], lw=1
    )
    axes.add_patch(box)
    axes.text(23.2, 12.2, "Performance predictors of (A$_t$, D)", fontsize=9.2, fontweight="bold")
    for position, (name, direction, role) in enumerate(guides):
        left = 23.2 + 11.1 * position
        axes.add_patch(
            FancyBboxPatch(
                (left, 4.4),
                10.2,
                5.6,
                boxstyle="round,pad=0,rounding_size=0.7",
                fc=colours["tint"],
                ec=colours[role],
                lw=2,
            )
        )
        axes.text(left + 5.1, 7.2, f"{name} {direction}", ha="center", va="center", fontsize=9.8)
    _arrow(axes, colours, (54.6, 14.5), (54.6, 19.6))
    _arrow(axes, colours, (36.0, 29.9), (26.2, 14.6), style=":", bend=0.35)


def _filtering(axes: Any, colours: Colours) -> None:
    axes.text(75, 43.6, "Pareto Front Filtering", fontweight="bold", fontsize=12)
    axes.text(75, 41.6, "one front for each cost", fontsize=_SMALL, color=colours["soft"])
    _box(
        axes,
        colours,
        (75, 29.4),
        (23.5, 9.2),
        "Valid architectures",
        "ranked by predicted accuracy,\ntheir costs counted",
    )
    _arrow(axes, colours, (86.7, 29.4), (86.7, 26.0))
    left, bottom, right, top = 77.5, 5.2, 98, 25
    axes.annotate("", (right, bottom), (left, bottom), arrowprops={"arrowstyle": "-|>", "color": colours["ink"]})
    axes.annotate("", (left, top), (left, bottom), arrowprops={"arrowstyle": "-|>", "color": colours["ink"]})
    axes.text((left + right) / 2, 3.6, "params, MACs or latency", ha="center", va="center", fontsize=_SMALL)
    axes.text(76, 15, "accuracy", rotation=90, ha="center", va="center", fontsize=_SMALL)
    front = [(79.2, 8.2), (80, 12.3), (81.6, 16.2), (84.4, 19), (88.4, 20.9), (93, 22), (96.2, 22.4)]
    axes.plot(*zip(*front), "-", color=colours["front"], lw=1.6)
    dominated = [(83.5, 9.5), (86.5, 13.6), (89.5, 11.2), (91, 17), (94.6, 14.5), (87.5, 17.3), (95.3, 18.6)]
    axes.plot(*zip(*dominated), "o", color=colours["soft"], ms=3.5, mfc="none")
    for name, role, marker, place in (("Eff", "eff", "o", 0), ("Bal", "bal", "s", 2), ("Acc", "acc", "^", 6)):
        x, y = front[place]
        axes.plot([x], [y], marker, color=colours[role], mec=colours["ink"], ms=9)
        offset = (-1.2, -3) if name == "Acc" else (1.4, -1.8)
        axes.text(x + offset[0], y + offset[1], name, fontweight="bold", fontsize=9.5)


def _box(
    axes: Any, colours: Colours, corner: tuple[float, float], size: tuple[float, float], title: str, text: str
) -> None:
    axes.add_patch(
        FancyBboxPatch(
            corner, *size, boxstyle="round,pad=0,rounding_size=1", fc=colours["tint"], ec=colours["front"], lw=1.3
        )
    )
    x, y = corner[0] + size[0] / 2, corner[1] + size[1] / 2
    lines = text.count("\n") + 1
    axes.text(x, y + 0.5 + 0.8 * lines, title, ha="center", va="center", fontsize=_TITLE, fontweight="bold")
    axes.text(x, y - 1.4, text, ha="center", va="center", fontsize=_SMALL, color=colours["soft"])


def _matrix(axes: Any, colours: Colours, left: float, bottom: float, filled: float) -> None:
    """An architecture's matrix: grey all over as noise, one entry a row at the end."""
    side = 1.7
    for row in range(4):
        for column in range(4):
            one = column == (row * 3 + 1) % 4
            strength = filled if one else (1 - filled) * (0.25 + 0.17 * ((5 * row + 3 * column) % 4))
            axes.add_patch(
                FancyBboxPatch(
                    (left + side * column, bottom + side * row), side * 0.9, side * 0.9, boxstyle="square,pad=0",
                    fc=colours["front"], alpha=max(strength, 0.06), ec="none",
                )
            )  # fmt: skip


def _arrow(
    axes: Any,
    colours: Colours,
    start: tuple[float, float],
    end: tuple[float, float],
    *,
    style: str = "-",
    bend: float = 0.0,
) -> None:
    axes.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle="-|>", mutation_scale=11, color=colours["ink"], lw=1.2, linestyle=style,
            connectionstyle=f"arc3,rad={bend}", shrinkA=0, shrinkB=0,
        )
    )  # fmt: skip
