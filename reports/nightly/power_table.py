"""The needed seeds and the simulated nights, as text: what `python -m reports nightly-power` prints."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from rich.console import Console
from rich.table import Table

from reports.comparison import OF_THE_MACHINE
from reports.nightly.drift import DROP, NIGHTLY_FALSE_ALARMS, level
from reports.nightly.power import POWER, balanced_seeds, fresh_seeds_needed, power
from reports.nightly.simulation import Population, Simulated, normal_population, simulate

_ACCEPTED = (3, 10, 15, 18, 20, 25, 30, 40)


def populations_of(rows: pd.DataFrame) -> list[Population]:
    """The baseline's cells, a population for each run that has several seeds; timed values are none of it."""
    watched = rows[~rows["unit"].isin(OF_THE_MACHINE)]
    return list(_populations(watched))


def _populations(rows: pd.DataFrame) -> Iterator[Population]:
    for _, group in rows.groupby("run"):
        # A seed for which a value was undefined is left out whole: the cells of a run are drawn together.
        wide = group.pivot(index="seed", columns="cell", values="value").dropna()
        if len(wide) > 1:
            yield Population(tuple(map(str, wide.columns)), wide.to_numpy(dtype=float))


def print_power(console: Console, rows: pd.DataFrame, nights: int, seed: int) -> dict[str, Simulated]:
    """Prints what the declared power needs for the cells of the baseline, and what simulated nights make of it."""
    populations = populations_of(rows)
    cells = sum(len(population.cells) for population in populations)
    accepted = int(min(len(population.values) for population in populations))
    fresh = fresh_seeds_needed(accepted, cells)
    console.print(
        f"{cells} cells are watched. Declared: a drop of {DROP:g} sd is found with {POWER:.0%}, false alarms in "
        f"{NIGHTLY_FALSE_ALARMS:.0%} of nights over all cells, {level(cells):.2e} a cell."
    )
    console.print(f"It takes {balanced_seeds(cells)} accepted and as many fresh seeds; or:")
    needed = Table("accepted seeds", "fresh seeds", "power", box=None, pad_edge=False)
    for n in sorted({*_ACCEPTED, accepted}):
        m = fresh_seeds_needed(n, cells)
        best = max(power(n, k, cells) for k in range(2, 201)) if m is None else power(n, m, cells)
        mark = "  <- the baseline" if n == accepted else ""
        needed.add_row(str(n), "no number" if m is None else str(m), f"{best:.1%}{' at best' * (m is None)}{mark}")
    console.print(needed)
    if fresh is None:
        console.print("The baseline holds too few seeds for it: python -m benchmarks nightly --baseline")
        fresh = balanced_seeds(cells)
    results = {
        "normal cells": simulate(normal_population(cells), accepted, fresh, nights, seed),
        "cells as measured": simulate(populations, accepted, fresh, nights, seed),
    }
    console.print(f"{nights:,} simulated nights with {accepted} accepted and {fresh} fresh seeds:")
    simulated = Table(
        "population", "cells", "false alarms, nights", f"{DROP:g} sd drop found", "least often", "no spread, found",
        box=None, pad_edge=False,
    )  # fmt: skip
    for name, result in results.items():
        constant = "-" if result.constant_caught is None else f"{result.constant_caught:.1%}"
        alarms = f"{result.false_alarms} ({result.false_alarms / nights:.1%})"
        simulated.add_row(
            name, str(len(result.cells)), alarms, f"{result.mean_caught:.1%}", f"{result.worst[1]:.1%}", constant
        )
    console.print(simulated)
    console.print(f"Least often of those as measured: {results['cells as measured'].worst[0]}")
    return results
