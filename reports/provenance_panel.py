"""What a click on a number shows, as one block of JSON: every measured cell and every result of the paper.

Runs, machines, inputs, protocols and commands are written once and referred to by their place, so that the page stays
small: a cell takes some hundred bytes. `templates/report.js` draws the panel from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from reports.consistency import Inconsistency
from reports.derivations import DerivedNumber
from reports.evidence import Evidence, Number
from reports.judgement import Judged
from reports.measurements import RunRecord
from reports.number_texts import interval_text, number_text, seconds_text

SETTING = "SETTING"
"""Stands where a verdict would: settings have none."""
_WITH_NUMBER = ("s", "ms", "x")  # Units that `interval_text` prints itself.


class _Shared(dict[Any, int]):
    """Values in the order of their first use; `place` says where one stands."""

    def place(self, value: Any) -> int:
        return self.setdefault(value, len(self))


def panel_data(evidence: Evidence, judged: Sequence[Judged], found: Iterable[Inconsistency]) -> dict[str, Any]:
    """JSON types: `runs`, `machines`, `inputs`, `protocols`, `commands`, `rules` (titles), `cells` and `paper` by id.

    A cell's `runs` are places in `runs`, in the order of its `values`. A paper cell names in `ours` the measured cell
    that is judged against it, and that one in `judged` the paper cells. Where ours is derived from two measured cells,
    `derived` holds the value and, in `of`, the ids of both.
    """
    machines, inputs, protocols, commands = _Shared(), _Shared(), _Shared(), _Shared()
    places = {id(run): place for place, (run, _) in enumerate(evidence.all_runs())}
    runs = [_run(run, origin, machines, inputs) for run, origin in evidence.all_runs()]
    cells = {number.cell_id: _cell(number, places, protocols, commands) for number in _numbers(evidence)}
    paper = {}
    for one in judged:
        paper[one.cell.id] = _paper_cell(one, commands)
        if one.number is not None and one.number.cell_id in cells:
            cells[one.number.cell_id].setdefault("judged", []).append(one.cell.id)
    return {
        "runs": runs,
        "machines": list(machines),
        "inputs": list(inputs),
        "protocols": list(protocols),
        "commands": list(commands),
        "rules": {i.rule: i.title for i in found},
        "cells": cells,
        "paper": paper,
    }


def as_script(data: Mapping[str, Any]) -> Markup:
    """JSON that can stand inside of `<script>`: nothing in it can end the element or begin a comment."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _numbers(evidence: Evidence) -> Iterable[Number]:
    for key in dict.fromkeys(run.key for run, _ in evidence.all_runs()):
        metrics = dict.fromkeys(value.metric for run in evidence.runs(key) for value in run.values)
        for metric in metrics:
            number = evidence.number(key, metric)
            if isinstance(number, Number):
                yield number


def _run(run: RunRecord, origin: str, machines: _Shared, inputs: _Shared) -> dict[str, Any]:
    p = run.provenance
    return {
        "seed": run.seed,
        "value": str(run.seed_value),  # larger than what a number of JavaScript holds
        "origin": origin,
        "recorded": run.recorded[:16].replace("T", " "),
        "commit": (p.get("commit") or "unknown")[:10],
        "dirty": bool(p.get("dirty")),
        "config": run.config_hash,
        "profile": run.profile,
        "wall": seconds_text(run.wall_seconds),
        "cpu": seconds_text(run.cpu_seconds),
        "load": p.get("load"),
        "machine": machines.place(_machine(p)),
        "inputs": inputs.place("\n".join(f"{name} {digest}" for name, digest in run.inputs.items())),
    }


def _machine(p: Mapping[str, Any]) -> str:
    """Processor, threads, packages in one line each."""
    gpu = f", {p['gpu']}" if p.get("gpu") else ", no GPU"
    first = f"{p.get('cpu') or 'not recorded'}, {p.get('cores', '?')} cores, {p.get('threads', '?')} thread(s){gpu}"
    packages = {"Python": p.get("python") or "?", "pomonag": p.get("version") or "?", **(p.get("packages") or {})}
    return first + "\n" + ", ".join(f"{name} {version}" for name, version in packages.items())


def _cell(number: Number, places: Mapping[int, int], protocols: _Shared, commands: _Shared) -> dict[str, Any]:
    cell = number.measurements[0].cell
    entry: dict[str, Any] = {
        "title": f"{cell.method}, {cell.configuration}, {cell.space}, {cell.dataset}: {cell.metric.replace('_', ' ')}",
        "mean": interval_text(number),
        "unit": "" if number.unit in _WITH_NUMBER else number.unit,
        "values": [number_text(value, number.unit) for value in number.values],
        "runs": [places[id(m.run)] for m in number.measurements],
        "protocol": protocols.place(number.measurements[0].protocol),
        "command": commands.place(number.command),
    }
    if number.missing_here:
        entry["missing"] = " ".join(number.missing_here)
    return entry


def _paper_cell(one: Judged, commands: _Shared) -> dict[str, Any]:
    printed, cell, verdict = one.cell.number, one.cell.cell, one.verdict
    statistic = "" if cell.statistic in ("mean", "value") else f" ({cell.statistic.replace('_', ' ')})"
    entry: dict[str, Any] = {
        "title": f"{printed.method}, {cell.space}, {cell.dataset}: {cell.metric.replace('_', ' ')}{statistic}",
        "printed": f"{printed.text} {printed.unit}",
        "place": printed.place,
        "note": printed.note,
        "verdict": str(verdict.name) if verdict else SETTING,
    }
    if isinstance(one.number, DerivedNumber):
        entry["derived"] = _derived(one.number)
    elif one.number is not None:
        entry["ours"] = one.number.cell_id
    if one.command:
        entry["command"] = commands.place(one.command)
    if verdict is not None:
        known = {
            "reason": verdict.reason,
            "difference": _signed(verdict.difference),
            "interval90": _interval(verdict.interval90),
            "interval95": _interval(verdict.interval95),
            "margin": None if verdict.margin is None else f"{verdict.margin:.3g}",
            "p": None if verdict.p_value is None else f"{verdict.p_value:.2g}",
            "needed": verdict.needed_seeds,
            "fragile": verdict.fragile or None,
            "caveats": list(verdict.caveats) or None,
        }
        entry |= {name: value for name, value in known.items() if value is not None}
    return entry


def _derived(number: DerivedNumber) -> dict[str, Any]:
    return {
        "mean": interval_text(number),
        "unit": "" if number.unit in _WITH_NUMBER else number.unit,
        "n": number.summary.n,
        "paired": number.paired,
        "of": list(dict.fromkeys(m.cell.id for m in number.measurements)),
    }


def _signed(value: float | None) -> str | None:
    return None if value is None else f"{value:+.3g}"


def _interval(interval: tuple[float, float] | None) -> str | None:
    return None if interval is None else f"{interval[0]:+.3g} to {interval[1]:+.3g}"
