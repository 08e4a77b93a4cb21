"""The figures as the page shows them: pictures that can be drawn, and what is missing by data set and reason."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reports.evidence import Evidence
from reports.paper_figures import framework, front_drawing, histograms
from reports.paper_figures.datasets import DATASET_LABELS
from reports.paper_figures.distributions import METRICS, SPACES, Distribution, after_200_epochs, distribution
from reports.paper_figures.front_panels import (
    FIGURES,
    FrontPanel,
    Marked,
    PanelKey,
    panel,
    panel_keys,
)
from reports.paper_figures.missing import Missing
from reports.paper_figures.palette import Drawing, page_svg


@dataclass(frozen=True)
class Picture:
    """A drawn picture: `id` for links, `label` as its caption, `description` for those who do not see it."""

    id: str
    label: str
    description: str
    svg: Markup


@dataclass(frozen=True)
class Gap:
    """Panels of one data set that are missing for one reason."""

    dataset: str
    keys: tuple[PanelKey, ...]
    missing: Missing


@dataclass(frozen=True)
class FrontFigure:
    """Figure 3 or 4: pictures with what they show, and gaps. `common` is the reason that all gaps share, if they do."""

    number: str
    title: str
    pictures: tuple[tuple[FrontPanel, Picture], ...]
    gaps: tuple[Gap, ...]
    common: str


@dataclass(frozen=True)
class PaperFigures:
    """All that the template needs."""

    framework: Picture
    histograms: tuple[tuple[Distribution, Picture], ...]
    no_histograms: tuple[tuple[str, Missing], ...]
    fronts: tuple[FrontFigure, ...]
    labels: Mapping[str, str]


def paper_figures(evidence: Evidence) -> PaperFigures:
    """Draws what there is."""
    of_spaces = {space: [distribution(space, metric) for metric in METRICS] for space in SPACES}
    tables = [after_200_epochs(dataset, DATASET_LABELS[dataset]) for dataset in ("cifar10", "cifar100")]
    drawn = [d for d in (*itertools.chain(*of_spaces.values()), *tables) if isinstance(d, Distribution)]
    lacking = [("Accuracy after 200 epochs", d) for d in tables if isinstance(d, Missing)][:1]
    for space, found in of_spaces.items():
        if missing := next((d for d in found if isinstance(d, Missing)), None):
            lacking.append((f"{SPACES[space]}: accuracy, params, MACs, latency", missing))
    return PaperFigures(
        _picture(framework.draw, "figure1-framework", "", framework.DESCRIPTION),
        tuple((d, _picture(histograms.single(d), d.id, d.title, _spread(d))) for d in drawn),
        tuple(lacking),
        tuple(_front_figure(evidence, space) for space in FIGURES),
        front_drawing.LABELS,
    )


def _front_figure(evidence: Evidence, space: str) -> FrontFigure:
    found = [(key, panel(evidence, key)) for key in panel_keys(space)]
    pictures = tuple(
        (p, _picture(front_drawing.single(p), key.id, key.label, _what(p)))
        for key, p in found
        if isinstance(p, FrontPanel)
    )
    gaps = _gaps([(key, p) for key, p in found if isinstance(p, Missing)])
    reasons = {gap.missing.reason for gap in gaps}
    common = reasons.pop() if len(reasons) == 1 and len(gaps) > 1 else ""
    return FrontFigure(FIGURES[space], SPACES[space], pictures, gaps, common)


def _gaps(missing: Sequence[tuple[PanelKey, Missing]]) -> tuple[Gap, ...]:
    grouped: dict[tuple[str, Missing], list[PanelKey]] = {}
    for key, why in missing:
        grouped.setdefault((key.dataset, why), []).append(key)
    return tuple(Gap(DATASET_LABELS[dataset], tuple(keys), why) for (dataset, why), keys in grouped.items())


def _picture(draw: Drawing, name: str, label: str, description: str) -> Picture:
    return Picture(name, label, description, Markup(page_svg(draw, name)))


def _what(found: FrontPanel) -> str:
    parts = [f"{front_drawing.LABELS[name]} {_place(marked)}" for name, marked in found.marked.items()]
    return f"{found.key.label}: {found.accuracy_label.split(',')[0]} against {found.cost_label}. {'; '.join(parts)}."


def _place(marked: Marked) -> str:
    return f"{marked.accuracy.mean:.2f} % at {marked.cost.mean:.3g}"


def _spread(found: Distribution) -> str:
    s = found.statistics
    return (
        f"Histogram of {found.label}: {s['n']} values, median {s['median']:.3g}, from {s['min']:.3g} to {s['max']:.3g}."
    )
