"""One self-contained page from the evidence: Jinja2 with autoescape, style and pictures inline, nothing loaded."""

from __future__ import annotations

import itertools
import math
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from pomonag.records.files import atomic_write
from pomonag.records.provenance import provenance
from reports import figures, method_tables, tables
from reports.claims.judging import judge as judge_claims
from reports.consistency import RULES, check, load_paper
from reports.decisions import DECISIONS
from reports.evidence import Evidence, NotRun, Number
from reports.findings import findings
from reports.judgement import headline, judgements, marks_of
from reports.leakage import attribution, audit
from reports.margins import load as load_margins
from reports.measurements import RunKey
from reports.paper_tables import paper_tables

_TEMPLATES = Path(__file__).parent / "templates"
_STYLES = ("style.css", "paper_tables.css")
# Digits after the point by unit.
_DECIMALS = {"%": 2, "architectures": 0, "calls": 0, "fraction": 3}


@dataclass(frozen=True)
class Panel:
    """One picture of fronts with what it shows, or why it is missing."""

    title: str
    svg: Markup | None
    missing: str = ""


def render(evidence: Evidence) -> str:
    """The page as HTML."""
    started = time.perf_counter()
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"number": number_text, "interval": interval_text, "kind": kind, "seconds": seconds_text}
    environment.globals["next_id"] = itertools.count().__next__
    runs = evidence.all_runs()
    inconsistencies = check(load_paper())
    claims = judge_claims(evidence)
    judged = judgements(evidence, load_margins(), marks_of(inconsistencies))
    context: dict[str, Any] = {
        "evidence": evidence,
        "findings": findings(evidence),
        "tables": [tables.table_4(evidence), tables.table_2(evidence), tables.hypervolumes(evidence)],
        "times": tables.times(evidence),
        "behind": [method_tables.parts(evidence), method_tables.scaling_factors()],
        "panels": panels(evidence),
        "series": figures.LABELS,
        "judged": judged,
        "paper_tables": paper_tables(judged),
        "verdicts": headline(judged),
        "inconsistencies": inconsistencies,
        "rules": len(RULES),
        "claims": claims,
        "claim_counts": {
            "the paper's own numbers": Counter(c.paper.verdict for c in claims),
            "our runs": Counter(c.ours.verdict for c in claims),
        },
        "leakage": audit(evidence),
        "attribution": attribution(evidence),
        "decisions": DECISIONS,
        "runs": runs,
        "origins": Counter(origin for _, origin in runs),
        "machines": Counter(_machine(run.provenance) for run, _ in runs),
        "here": provenance(),
        "made": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "style": Markup("".join((_TEMPLATES / name).read_text(encoding="utf-8") for name in _STYLES)),
    }
    page = environment.get_template("report.html").render(context)
    return page.replace("@@RENDER_SECONDS@@", f"{time.perf_counter() - started:.1f}")


def write(evidence: Evidence, path: Path) -> None:
    """Render to a file, whole or not at all."""
    page = render(evidence)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path, "w") as file:
        file.write(page)


def panels(evidence: Evidence) -> list[Panel]:
    """One picture for each data set and cost, from the first seed's runs."""
    result = []
    for place in tables.front_places():
        fronts = {}
        for method in figures.LABELS:
            runs = evidence.runs(RunKey("fronts", method, place.device, "nb201", place.dataset))
            points = figures.front_points(runs[0].details, place.cost) if runs else None
            if points:
                fronts[method] = points
        if "pomonag" in fronts:
            axis = "params, M" if place.cost == "params" else f"latency on {tables.DEVICES[place.device]}, ms"
            svg = figures.front_picture(fronts, axis, f"front-{place.dataset}-{place.cost}-{place.device}")
            result.append(Panel(place.label, Markup(svg)))
        else:
            entry = evidence.number(RunKey("fronts", "pomonag", place.device, "nb201", place.dataset), place.metric)
            missing = " ".join(entry.missing) if isinstance(entry, NotRun) else "no front was recorded"
            result.append(Panel(place.label, None, missing))
    return result


def number_text(value: float, unit: str) -> str:
    """A value with the digits that its unit deserves.

    >>> number_text(99.971, "%"), number_text(1234.5, "x"), number_text(5.0, "architectures")
    ('99.97', '1,234', '5')
    """
    return f"{value:,.{_decimals(value, unit)}f}"


def _decimals(value: float, unit: str) -> int:
    if unit in _DECIMALS:
        return _DECIMALS[unit]
    # Times and ratios span orders of magnitude: three significant digits.
    return max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0


def interval_text(number: Number) -> str:
    """`99.97 ± 0.10`, the half-width with the mean's digits, and left out for a single seed; times with their unit."""
    summary = number.summary
    decimals = _decimals(summary.mean, number.unit)
    text = f"{summary.mean:,.{decimals}f}"
    # A count that is the same by construction needs no interval.
    exact = summary.ci95 == 0 and number.unit in ("architectures", "calls")
    if summary.ci95 is not None and not exact:
        text += f" ± {summary.ci95:,.{decimals}f}"
    return text + {"s": " s", "ms": " ms", "x": " ×"}.get(number.unit, "")


def seconds_text(seconds: float) -> str:
    """`0.23 s`, `12 s`, `7.4 min`."""
    if seconds < 10:
        return f"{seconds:.2g} s"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def kind(entry: Any) -> str:
    """How the template shows an entry."""
    names = {
        Number: "number",
        NotRun: "not-run",
        tables.Ratio: "ratio",
        tables.Plain: "plain",
        tables.Compared: "compared",
    }
    return names[type(entry)]


def _machine(origin: dict[str, Any]) -> str:
    if not origin.get("cpu"):
        return "machine not recorded"
    gpu = f", {origin['gpu']}" if origin.get("gpu") else ""
    return f"{origin['cpu']}, {origin.get('cores')} cores, {origin.get('threads')} thread(s){gpu}"
