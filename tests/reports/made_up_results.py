"""Made-up results for the tests of the report; nothing of this is ever shipped."""

from __future__ import annotations

import random
from pathlib import Path

from pomonag.records.record_store import RecordStore
from reports import external_table, tables
from reports.measurements import RunKey, RunRecord, Value

ARCHITECTURE = "|skip_connect~0|+|none~0|none~1|+|{}~0|none~1|none~2|"
EVIL = '<script>alert("x")</script>'


def a_record(key: RunKey, values: list[Value], seed: int = 0, **changes) -> RunRecord:
    return RunRecord(
        key, seed, 10_000 + seed, {"count": 256}, 1, tuple(values), 7.5, 7.0,
        provenance={"commit": "0123456789abcdef", "cpu": "a processor", "cores": 2, "threads": 1, "load": 0.4},
        **changes,
    )  # fmt: skip


def every_run(seeds: int = 3, draw: int = 0) -> list[RunRecord]:
    """A run for every place of the report's tables."""
    rng = random.Random(draw)

    def value(metric: str, mean: float, unit: str) -> Value:
        return Value(metric, mean + rng.uniform(-0.01, 0.01), unit, "made up for a test")

    runs = []
    for seed in range(seeds):
        for line in tables.TABLE_4:
            values = [value(metric, 95.0, "%") for metric in line.metrics or tables.TABLE_4_METRICS]
            runs.append(a_record(tables.key_of("4", line), values, seed))
        for line in tables.TABLE_2:
            for dataset, best in (("cifar10", 94.0), ("cifar100", 73.0)):
                count = Value("trained_architectures", 5, "architectures", "made up")
                runs.append(
                    a_record(tables.key_of("2", line, dataset), [value("test_accuracy", best, "%"), count], seed)
                )
        for line in external_table.LINES:
            for dataset in tables.DATASETS:
                values = [value("spearman_full", 0.8, "rho")]
                if line.metrics is None:
                    values.append(value("top5_gap", 0.5, "%"))
                runs.append(a_record(external_table.external_key(line, dataset), values, seed))
        for place in tables.front_places():
            if place.metric == "hypervolume_params":
                continue
            for _, _, method in tables.FRONT_METHODS:
                key = RunKey("fronts", method, place.device, "nb201", place.dataset)
                values = [value("hypervolume_params", 0.9, "fraction"), value("hypervolume_latency", 0.8, "fraction")]
                runs.append(a_record(key, values, seed, details=fronts()))
        runs.append(
            a_record(
                RunKey("times", "pomonag", "fast-and-reference", "nb201", "cifar10"),
                [value("fast_generation_seconds", 0.3, "s"), value("speedup", 2000, "x")],
                seed,
            )
        )
    return runs


def fronts() -> dict:
    points = [
        {"architecture": ARCHITECTURE.format(operation), "cost": x, "accuracy": y, "predicted": y}
        for operation, x, y in (("none", 0.1, 80), ("nor_conv_1x1", 0.5, 92), ("nor_conv_3x3", 1.2, 94))
    ]
    front = {"points": points, "chosen": {"eff": 0, "bal": 1, "acc": 2}}
    return {"fronts": {"params": front, "latency": front}}


def write(folder: Path, runs: list[RunRecord]) -> None:
    store = RecordStore(folder)
    for run in runs:
        store.append(run.to_json())
    store.close()
