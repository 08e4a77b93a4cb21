"""One self-contained page from the evidence: Jinja2 with autoescape, style and pictures inline, nothing loaded."""

from __future__ import annotations

import base64
import hashlib
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from pomonag.records.files import atomic_write
from pomonag.records.provenance import provenance
from reports import figures, method_tables, mobilenetv3_tables, tables
from reports.cells import slug
from reports.claims.judging import judge as judge_claims
from reports.consistency import RULES, check, load_paper
from reports.data_cards import data_cards
from reports.decisions import DECISIONS
from reports.evidence import Evidence, NotRun, Number
from reports.external_table import external_table
from reports.findings import findings, foremost, paper_findings
from reports.judgement import Judged, headline, judgements, marks_of
from reports.leakage import attribution, audit
from reports.learning_curve import learning_curves
from reports.margins import load as load_margins
from reports.measurements import RunKey
from reports.nightly.page import nightly_page
from reports.number_texts import interval_text, number_text, seconds_text
from reports.paper_cells import paper_cells
from reports.paper_figures.page import paper_figures
from reports.paper_tables import paper_tables
from reports.pipeline_tunings import tunings
from reports.predictor_tables import predictor_tables
from reports.provenance_panel import SETTING, as_script, panel_data
from reports.real_rows_table import real_rows_table
from reports.verdict import Name

_TEMPLATES = Path(__file__).parent / "templates"
_STYLES = ("style.css", "paper_tables.css", "paper_figures.css")


@dataclass(frozen=True)
class Panel:
    """One picture of fronts with what it shows, or why it is missing."""

    title: str
    svg: Markup | None
    missing: str = ""


def render(evidence: Evidence, version: str | None = None) -> str:
    """The page as HTML. With the `version` of its results it also asks its server for newer ones; else for nothing."""
    started = time.perf_counter()
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"number": number_text, "interval": interval_text, "kind": kind, "seconds": seconds_text}
    runs = evidence.all_runs()
    places = {id(run): place for place, (run, _) in enumerate(runs)}
    environment.filters["slug"] = slug
    environment.filters["run_place"] = lambda number: places[id(number.measurements[0].run)]
    environment.filters["first_run"] = lambda key: next(i for i, (run, _) in enumerate(runs) if run.key == key)
    environment.filters["paper_cell"] = {cell.number: cell.id for cell in paper_cells()}.get
    inconsistencies = check(load_paper())
    claims = judge_claims(evidence)
    judged = judgements(evidence, load_margins(), marks_of(inconsistencies))
    sentences = paper_findings(judged, inconsistencies, claims) + findings(evidence)
    scripts = [_file(name) for name in (("report.js",) if version is None else ("report.js", "live.js"))]
    context: dict[str, Any] = {
        "evidence": evidence,
        "foremost": foremost(sentences),
        "findings": sentences,
        "tables": [
            tables.table_4(evidence),
            mobilenetv3_tables.generated_networks(evidence),
            tables.table_2(evidence),
            tables.hypervolumes(evidence),
            mobilenetv3_tables.trained_fronts(evidence),
            mobilenetv3_tables.trained_top(evidence),
        ],
        "times": tables.times(evidence),
        "behind": [method_tables.parts(evidence), method_tables.scaling_factors()],
        "panels": panels(evidence),
        "paper_figures": paper_figures(evidence),
        "predictors": predictor_tables(evidence),
        "external": [external_table(evidence), real_rows_table()],
        "learning_curves": learning_curves(evidence),
        "data_cards": data_cards(),
        "series": figures.LABELS,
        "nightly": nightly_page(),
        "judged": judged,
        "counts": verdict_counts(judged),
        "paper_tables": paper_tables(judged),
        "tunings": tunings(),
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
        "style": Markup("").join(map(_file, _STYLES)),
        "scripts": scripts,
        "policy": policy(scripts, version is not None),
        "panel": as_script(panel_data(evidence, judged, inconsistencies)),
        "version": version,
    }
    page = environment.get_template("report.html").render(context)
    return page.replace("@@RENDER_SECONDS@@", f"{time.perf_counter() - started:.1f}")


def write(evidence: Evidence, path: Path) -> None:
    """Render to a file, whole or not at all."""
    page = render(evidence)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path, "w") as file:
        file.write(page)


def verdict_counts(judged: Sequence[Judged]) -> dict[str, int]:
    """How many results have which verdict, each judged alone, in the order of the verdicts; settings last."""
    names = Counter(str(one.verdict.name) if one.verdict else SETTING for one in judged)
    return {name: names[name] for name in (*Name, SETTING) if names[name]}


def policy(scripts: Sequence[str], served: bool) -> str:
    """The content security policy: these scripts and no other, and no request beyond the server of a `served` page.

    Styles may stand in attributes: pictures carry theirs there.
    """
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    connect = "; connect-src 'self'" if served else ""
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:{connect}; "
        "base-uri 'none'; form-action 'none'"
    )


def _file(name: str) -> Markup:
    """A file of the templates as it stands, for an element of the page."""
    return Markup((_TEMPLATES / name).read_text(encoding="utf-8"))


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


def kind(entry: Any) -> str:
    """How the template shows an entry."""
    names = {
        Number: "number",
        NotRun: "not-run",
        tables.Ratio: "ratio",
        tables.Plain: "plain",
        tables.Compared: "compared",
        tables.Quoted: "quoted",
    }
    return next(name for kinds, name in names.items() if isinstance(entry, kinds))


def _machine(origin: dict[str, Any]) -> str:
    if not origin.get("cpu"):
        return "machine not recorded"
    gpu = f", {origin['gpu']}" if origin.get("gpu") else ""
    return f"{origin['cpu']}, {origin.get('cores')} cores, {origin.get('threads')} thread(s){gpu}"
