"""A pytest plugin for tests of `pytest benchmarks/`: a suite whose computations are counted in a file.

    MADE_UP_SUITE=folder python -m pytest benchmarks/ -p made_up_suite ...

Nothing ships in it, and each computation leaves a line in folder/computed.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from benchmarks.runs import Outcome, Quantity, Run
from reports.measurements import RunKey

FOLDER = Path(os.environ["MADE_UP_SUITE"])
METRICS = {"validity": 99.9, "uniqueness": 90.0, "novelty": 90.0}


def compute(seed_value: int) -> Outcome:
    time.sleep(0.2)  # long enough for two workers to want it at once
    with (FOLDER / "computed").open("a") as file:
        file.write(f"{seed_value} {os.getpid()}\n")
    return Outcome({metric: value + seed_value % 7 / 100 for metric, value in METRICS.items()})


def all_runs() -> list[Run]:
    key = RunKey("4", "pomonag", "fast", "nb201", "mean-over-runs")
    return [Run(key, tuple(Quantity(metric, "%", "made up") for metric in METRICS), compute, smoke=True)]


def pytest_configure() -> None:
    from benchmarks import measuring

    measuring.all_runs = all_runs
    measuring.SHIPPED = FOLDER / "shipped"
