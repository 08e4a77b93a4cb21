"""CSV tables with a row an architecture, put into the order of an enumerable space; damage is found on loading."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pomonag.errors import UserError
from pomonag.records.files import file_sha256
from pomonag.spaces import EnumerableSpace


@dataclass(frozen=True)
class SpaceTable:
    """Rows of a CSV and, for each, the position of its architecture in `space.enumerate()`."""

    source: str
    sha256: str
    rows: pd.DataFrame
    positions: np.ndarray
    size: int

    def column(self, name: str) -> np.ndarray:
        """Float64 [size] in the order of `enumerate()`, nan for architectures without a row."""
        values = np.full(self.size, np.nan)
        values[self.positions] = self.rows[name].to_numpy(dtype=np.float64)
        values.flags.writeable = False
        return values


def read_csv(path: Path) -> tuple[pd.DataFrame, str]:
    """The rows of a CSV, gzipped or not, and the file's SHA-256. Raises UserError for a damaged or empty file."""
    try:
        digest = file_sha256(path)
        # Strings such as "NA" are errors to be found in numeric columns, not missing values.
        rows = pd.read_csv(path, keep_default_na=False, na_values=[""], compression="infer")
    except (OSError, EOFError, zlib.error, ValueError, pd.errors.ParserError) as error:
        raise UserError(
            f"cannot read {path}: {error}. It may be cut off or damaged; copy or download it again."
        ) from error
    if rows.empty:
        raise UserError(f"{path} has no rows; expected a header line and one row an architecture")
    return rows, digest


def read_space_table(path: Path, space: EnumerableSpace) -> SpaceTable:
    """A CSV whose column `arch_str` names architectures of `space`, each at most once."""
    rows, digest = read_csv(path)
    if "arch_str" not in rows.columns:
        raise UserError(f"{path} has no column arch_str; its columns are {', '.join(map(str, rows.columns))}")
    positions = np.empty(len(rows), dtype=np.int64)
    known = {str(architecture): i for i, architecture in enumerate(space.enumerate())}
    for line, text in enumerate(rows["arch_str"], start=2):
        position = known.get(text)
        if position is None:
            raise UserError(f"{path}, line {line}: {text!r} is no architecture of the space. The table may be cut off.")
        positions[line - 2] = position
    values, counts = np.unique(positions, return_counts=True)
    if (counts > 1).any():
        twice = space.enumerate()[values[counts > 1][0]]
        raise UserError(f"{path} has {counts.max()} rows for {twice}; expected one an architecture")
    return SpaceTable(source=path.name, sha256=digest, rows=rows, positions=positions, size=space.size)


def numbers(rows: pd.DataFrame, column: str, source: str, low: float, high: float, unit: str) -> np.ndarray:
    """The column as float64, each value in [low, high]. Raises UserError that names the first line that is not."""
    values = pd.to_numeric(rows[column], errors="coerce").to_numpy(dtype=np.float64)
    bad = np.flatnonzero(~((values >= low) & (values <= high)))
    if len(bad):
        got = rows[column].iloc[bad[0]]
        raise UserError(
            f"{source}, line {bad[0] + 2}: got {got!r} in column {column}; expected {unit} in {low:g}..{high:g} "
            f"({len(bad)} of {len(rows)} rows are wrong). The table may be cut off or damaged."
        )
    return values
