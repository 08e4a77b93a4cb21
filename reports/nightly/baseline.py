"""Accepted values of more seeds than the paper's tables show: one Parquet file, a row a value.

They stand apart from `reports/results/`, so that the tables keep the paper's three runs while the guard has the twenty
that its power needs (see `drift`).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyarrow
import pyarrow.parquet

from pomonag.errors import UserError
from pomonag.records.files import atomic_write
from reports.measurements import RunRecord, measurements_of
from reports.nightly.fingerprint import Fingerprint

BASELINE = Path(__file__).parent / "baseline.parquet"
SCHEMA = 1
COLUMNS = ("run", "cell", "config_hash", "seed", "value", "unit", "cpu", "torch", "threads", "commit", "recorded")
_VERSION = b"pomonag_baseline"


def rows_of(runs: Iterable[RunRecord]) -> pd.DataFrame:
    """One row a value of the runs."""
    rows = []
    for run in runs:
        machine, commit = Fingerprint.of(run.provenance), run.provenance.get("commit")
        for m in measurements_of(run):
            rows.append(
                (
                    run.key.id, m.cell.id, run.config_hash, run.seed, m.value, m.unit,
                    machine.cpu, machine.torch, machine.threads, commit, run.recorded,
                )
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def write_baseline(rows: pd.DataFrame, path: Path = BASELINE) -> None:
    """The rows as Parquet, whole or not at all; without seconds, which are never compared."""
    rows = rows[~rows["unit"].isin(("s", "ms"))]
    table = pyarrow.Table.from_pandas(rows.sort_values(["cell", "seed"]), preserve_index=False)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), _VERSION: str(SCHEMA).encode()})
    with atomic_write(path) as file:
        pyarrow.parquet.write_table(table, file, compression="zstd")


def read_baseline(path: Path = BASELINE) -> pd.DataFrame:
    """The rows; none where there is no file. Raises UserError for a damaged file and one of a newer version."""
    if not path.exists():
        return pd.DataFrame(columns=list(COLUMNS))
    mend = "Restore it from version control, or compute it: python -m benchmarks nightly --baseline"
    try:
        table = pyarrow.parquet.read_table(path)
    except (OSError, pyarrow.ArrowException) as error:
        raise UserError(f"{path}: {str(error).splitlines()[0]} {mend}") from error
    version = (table.schema.metadata or {}).get(_VERSION, b"")
    if version.isdigit() and int(version) > SCHEMA:
        raise UserError(
            f"{path} is of schema {int(version)}, written by a newer pomonag; this one reads schemas up to {SCHEMA}. "
            "Update pomonag; nothing was changed."
        )
    if not version.isdigit() or (lacking := sorted(set(COLUMNS) - set(table.column_names))):
        lacks = f"lacks the columns {', '.join(lacking)}" if version.isdigit() else "is no baseline"
        raise UserError(f"{path} {lacks}. {mend}")
    return table.to_pandas()
