"""The flat table of measurements the slow and obvious way: what the fast one is compared with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

import pandas as pd

from reports.measurements import RunRecord, measurements_of


def frame(runs: Iterable[RunRecord], origin: str = "shipped") -> pd.DataFrame:
    """One row a value: the cell's fields, `cell` (id), seed, value, unit, hashes, seconds, `origin`, `run`."""
    rows = [
        {
            **asdict(m.cell), "cell": m.cell.id, "seed": m.run.seed, "value": m.value, "unit": m.unit,
            "profile": m.run.profile, "protocol": m.protocol, "protocol_hash": m.protocol_hash,
            "config_hash": m.run.config_hash, "wall_seconds": m.run.wall_seconds, "cpu_seconds": m.run.cpu_seconds,
            "recorded": m.run.recorded, "origin": origin, "run": m.run,
        }
        for run in runs
        for m in measurements_of(run)
    ]  # fmt: skip
    columns = [
        "table", "method", "configuration", "space", "dataset", "metric", "statistic", "evaluation", "cell", "seed",
        "value", "unit", "profile", "protocol", "protocol_hash", "config_hash", "wall_seconds", "cpu_seconds",
        "recorded", "origin", "run",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)
