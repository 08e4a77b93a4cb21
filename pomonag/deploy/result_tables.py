"""A result for the terminal: what was found, its fronts and the three configurations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

COSTS = {"params": "parameters", "macs": "MACs", "latency_ms": "latency"}
BEST = 5
"""So many architectures are printed where there is no front."""
_CONFIGURATIONS = {"acc": "Acc", "bal": "Bal", "eff": "Eff"}


def print_result(result: Mapping[str, Any], console: Console) -> None:
    """Print a result in the format of `result.schema.json`."""
    images, metrics, seconds = result["images"], result["metrics"], result["seconds"]
    console.print(
        f"[bold]{len(result['architectures'])} distinct architectures[/] of {escape(result['space'])} for "
        f"{escape(images['source'])} ({images['classes']} classes), "
        f"validity {_share(metrics['validity'])}, uniqueness {_share(metrics['uniqueness'])}"
    )
    for entry in result["invalid"]:
        console.print(f"  invalid: {entry['count']} x {escape(entry['reason'])}")
    if result.get("budget"):
        console.print(f"  within the budget {escape(result['budget'])}")
    for cost, front in result["fronts"].items():
        console.print(_table(result, f"accuracy against {COSTS[cost]}", front, cost))
    if not result["fronts"] and result["architectures"]:
        # Without a cost among the objectives there is no front, but there is a ranking.
        best = list(range(min(BEST, len(result["architectures"]))))
        console.print(_table(result, "the most accurate", best))
    console.print(f"accuracy: {escape(result['accuracy_meaning'])}")
    timed = any("measured_latency_ms" in entry for entry in result["architectures"])
    beside = "; measured: the chosen ones, timed on this machine" if timed else ""
    console.print(f"latency: {escape(result['latency_source'])}{beside}")
    console.print(
        f"seconds: embedding {seconds['embedding']:.2f}, generation {seconds['generation']:.2f}, "
        f"ranking {seconds['ranking']:.2f}, total {seconds['total']:.2f}; "
        f"{result['predictor_calls']:,} predictor calls"
    )


def _table(result: Mapping[str, Any], title: str, front: list[int], cost: str = "") -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    table.add_column("")
    measured = any("measured_latency_ms" in result["architectures"][index] for index in front)
    for heading in ("accuracy", "params", "MACs", "latency", *(["measured"] if measured else [])):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("architecture", overflow="fold")
    for index in front:
        entry = result["architectures"][index]
        chosen = [name for key, name in _CONFIGURATIONS.items() if result["configurations"][key].get(cost) == index]
        table.add_row(
            " ".join(chosen),
            f"{entry['predicted_accuracy']:.2f} %",
            f"{entry['params'] / 1e6:.3f} M",
            f"{entry['macs'] / 1e6:.1f} M",
            _milliseconds(entry["latency_ms"]),
            *([_milliseconds(entry.get("measured_latency_ms"))] if measured else []),
            escape(entry["architecture"]),
            style="bold" if chosen else None,
        )
    return table


def _share(fraction: float | None) -> str:
    return "–" if fraction is None else f"{fraction:.1%}"


def _milliseconds(latency_ms: float | None) -> str:
    return "–" if latency_ms is None else f"{latency_ms:.2f} ms"
