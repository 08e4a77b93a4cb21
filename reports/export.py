"""All measurements as one flat file: Parquet or CSV, the columns of `reports.measurements.frame` without objects."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from pomonag.records.files import atomic_write
from reports.evidence import RECOMPUTED, SHIPPED
from reports.measurement_table import MeasurementTable

FORMATS = ("parquet", "csv")


def all_measurements(shipped: MeasurementTable, recomputed: MeasurementTable | None = None) -> pa.Table:
    """One row a value, ordered by origin, cell and seed."""
    tables = []
    for kept, origin in ((shipped, SHIPPED), (recomputed, RECOMPUTED)):
        if kept is not None:
            table = kept.table()
            tables.append(table.append_column("origin", pa.array([origin] * len(table), pa.string())))
    return pa.concat_tables(tables)


def write(table: pa.Table, path: Path, format_name: str) -> None:
    """The table in a file that is whole or as it was. Raises UserError when it cannot be written."""
    with atomic_write(path) as file:
        if format_name == "parquet":
            pyarrow.parquet.write_table(table, file, compression="zstd")
        else:
            pyarrow.csv.write_csv(table, file, pyarrow.csv.WriteOptions(quoting_style="needed"))
