"""Speed of the results' store: appending a record so that it is on disk, and SQL over a million measurements.

`pytest benchmarks/test_store_speed.py --benchmark-only` prints both; seconds depend on the disk and on other work.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.conftest import SpeedRow
from pomonag.records.record_store import RecordStore
from reports.measurements import RunKey, RunRecord, Value

if TYPE_CHECKING:
    from reports.measurement_table import MeasurementTable

ROWS = 1_000_000
KINDS = {"table": 4, "method": 20, "dataset": 20, "metric": 10, "configuration": 3, "cell": 5000, "protocol": 50}


def test_appending_a_record(benchmark: Any, speed_table: list[SpeedRow], tmp_path: Path) -> None:
    """A run of ten values, written and synced, in less than 5 ms."""
    values = tuple(Value(f"metric{i}", i / 7, "%", "256 samples, threshold 0.5") for i in range(10))
    key = RunKey("4", "pomonag", "fast", "nb201", "mean-over-runs")
    record = RunRecord(key, 0, 1, {"count": 256}, 1, values, 1.0, 1.0, details={"row": [0.5] * 200}).to_json()
    store = RecordStore(tmp_path)
    benchmark.pedantic(store.append, args=(record,), rounds=300, warmup_rounds=10)
    store.close()
    milliseconds = 1000 * benchmark.stats.stats.median
    speed_table.append(SpeedRow("appending a record, synced", f"{milliseconds:.2f} ms", "< 5 ms", milliseconds < 5))
    assert milliseconds < 5


@pytest.fixture(scope="module")
def a_million(tmp_path_factory: pytest.TempPathFactory) -> MeasurementTable:
    """As `measurement_table` keeps a large store: 1,000,000 measurements of 5,000 cells."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from reports.flat_measurements import SCHEMA
    from reports.measurement_table import MeasurementTable

    draw = np.random.default_rng(0)

    def column(name: str, kind: Any) -> Any:
        if pa.types.is_string(kind):
            names = pa.array([f"{name}-{i}-of-a-usual-length" for i in range(KINDS.get(name, 1))])
            return names.take(pa.array(draw.integers(0, len(names), ROWS)))
        return pa.array(draw.integers(0, 50, ROWS) if pa.types.is_integer(kind) else draw.normal(90, 3, ROWS))

    path = tmp_path_factory.mktemp("million") / "measurements.parquet"
    table = pa.table([column(field.name, field.type) for field in SCHEMA], schema=SCHEMA)
    pq.write_table(table.append_column("counts", pa.array(np.ones(ROWS, bool))), path, compression="zstd")
    return MeasurementTable(path, ())


@pytest.mark.parametrize(
    ("what", "sql"),
    [
        ("mean by method and metric", "SELECT method, metric, avg(value), count(*) FROM measurements GROUP BY ALL"),
        ("median of each of 5,000 cells", "SELECT cell, median(value) FROM measurements GROUP BY cell"),
        ("the ten largest, all columns", "SELECT * FROM measurements ORDER BY value DESC LIMIT 10"),
    ],
)
def test_query(benchmark: Any, speed_table: list[SpeedRow], a_million: MeasurementTable, what: str, sql: str) -> None:
    """Opening the views and one answer from a million measurements in less than 2 s."""
    from reports.query import ask, open_views

    count = benchmark.pedantic(lambda: len(list(ask(open_views(a_million), sql).rows)), rounds=3, warmup_rounds=1)
    seconds = benchmark.stats.stats.median
    speed_table.append(SpeedRow(f"SQL over a million: {what}", f"{seconds:.2f} s", "< 2 s", seconds < 2))
    assert count in (200, 5000, 10)
    assert seconds < 2
