"""Within-task rank correlation against the number of rows to learn from, fast mode's ensemble and the ridge."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.figure import Figure

from reports.evidence import Evidence
from reports.inline_svg import Titles
from reports.layouts.results import SPACES
from reports.measurements import RunKey, Summary, measurements_of, summarise
from reports.paper_figures.palette import Colours, Drawing, page_svg

METRIC = "spearman_accuracy_denoised_within"
SHARES = ("eighth-of-rows", "quarter-of-rows", "half-of-rows")
_SERIES = {
    "pomonag": ("fast mode's ensemble", "fast", "front", "o"),
    "pair_ridge": ("ridge: operations, pairs, task", "baseline", "diffusionnag", "s"),
}


@dataclass(frozen=True)
class Curve:
    """A method's correlation [rho] by the number of rows it learned from."""

    label: str
    colour: str
    marker: str
    points: tuple[tuple[int, Summary], ...]


@dataclass(frozen=True)
class CurvePicture:
    """The picture of one space, with its points for those who do not see it."""

    id: str
    label: str
    description: str
    svg: Markup


def curves(evidence: Evidence, space: str) -> tuple[Curve, ...]:
    """What was measured, by rising number of rows."""
    found = []
    for method, (label, whole, colour, marker) in _SERIES.items():
        points = []
        for configuration in (*SHARES, whole):
            runs = evidence.runs(RunKey("3", method, configuration, space, "meta-test"))
            values = [m.value for run in runs for m in measurements_of(run) if m.cell.metric == METRIC]
            if values:
                points.append((int(runs[0].details["used"]), summarise(values)))
        if points:
            found.append(Curve(label, colour, marker, tuple(sorted(points, key=lambda point: point[0]))))
    return tuple(found)


def learning_curves(evidence: Evidence) -> list[CurvePicture]:
    """A picture for each space that was measured."""
    pictures = []
    for space, name in SPACES.items():
        if found := curves(evidence, space):
            identity, label = f"learning-curve-{space}", f"{name}: rows to learn from"
            svg = Markup(page_svg(drawing(found, identity), identity))
            pictures.append(CurvePicture(identity, label, _words(found), svg))
    return pictures


def _words(found: tuple[Curve, ...]) -> str:
    parts = (f"{c.label}: " + ", ".join(f"{s.mean:.2f} of {rows} rows" for rows, s in c.points) for c in found)
    return f"Within-task Spearman, tasks and architectures unseen. {'; '.join(parts)}."


def drawing(found: tuple[Curve, ...], name: str) -> Drawing:
    """The curves with 95 % intervals over seeds."""

    def draw(colours: Colours) -> tuple[Figure, Titles]:
        figure = Figure(figsize=(5.6, 3.2))
        axes = figure.add_axes((0.12, 0.16, 0.86, 0.8))
        titles: dict[str, list[str]] = {}
        for curve in found:
            rows = [n for n, _ in curve.points]
            means = [s.mean for _, s in curve.points]
            spread = [s.ci95 or 0.0 for _, s in curve.points]
            axes.errorbar(rows, means, spread, color=colours[curve.colour], capsize=3, linewidth=1.4)
            for place, (n, summary) in enumerate(curve.points):
                (point,) = axes.plot([n], [summary.mean], curve.marker, color=colours[curve.colour])
                gid = f"{name}-{curve.colour}-{place}"
                point.set_gid(gid)
                titles[gid] = [f"{curve.label}, {n} rows: {summary.mean:.3f} (n = {summary.n})"]
            axes.plot([], [], marker=curve.marker, color=colours[curve.colour], label=curve.label)
        axes.set_xscale("log", base=2)
        ticks = sorted({n for curve in found for n, _ in curve.points})
        axes.set_xticks(ticks, [str(n) for n in ticks])
        axes.set_xlabel("rows to learn from")
        axes.set_ylabel("Spearman within task")
        axes.grid(color=colours["grid"], linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, loc="lower right", labelcolor=colours["ink"])
        return figure, titles

    return draw
