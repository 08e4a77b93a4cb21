"""Which real rows are held out: the split that ships, and seeded ones that share no task, architecture, or neither."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from pomonag.errors import UserError, unknown_name
from pomonag.predictors.real_rows import RealRows

STORED = Path(__file__).resolve().parents[1] / "assets" / "real_rows" / "nb201_held_out.json"
HELD_OUT = 400
# What the held-out rows do not share with the training rows.
KINDS = ("rows", "tasks", "architectures", "both")


def split(rows: RealRows, kind: str, seed: int, count: int = HELD_OUT) -> tuple[np.ndarray, np.ndarray]:
    """Positions of training rows and of about `count` held-out ones (exactly as many for the kind `rows`).

    `tasks`: whole tasks are held out; `architectures`: all rows of an architecture; `both`: rows of held-out tasks
    with held-out architectures, and the rows that have one of the two are used by neither side.
    """
    if kind not in KINDS:
        raise unknown_name("split of the real rows", kind, KINDS)
    if len(rows) < 2 * count:
        raise UserError(f"{rows.source} has {len(rows)} rows; expected at least {2 * count} to hold out {count}")
    generator = np.random.default_rng(seed)
    if kind == "rows":
        order = generator.permutation(len(rows))
        return np.sort(order[count:]), np.sort(order[:count])
    share = count / len(rows)
    if kind == "both":
        share = share**0.5
    out_of_tasks = _held_out(rows.task, share, generator) if kind != "architectures" else np.ones(len(rows), bool)
    names = np.unique([str(a) for a in rows.architectures], return_inverse=True)[1]
    out_of_cells = _held_out(names, share, generator) if kind != "tasks" else np.ones(len(rows), bool)
    held_out = out_of_tasks & out_of_cells
    kept = {"tasks": ~out_of_tasks, "architectures": ~out_of_cells, "both": ~out_of_tasks & ~out_of_cells}[kind]
    return np.flatnonzero(kept), np.flatnonzero(held_out)


def stored_split(rows: RealRows) -> tuple[np.ndarray, np.ndarray]:
    """The shipped split, by the rows' numbers in the published list: `split(rows, "rows", seed=0)` of train.csv.gz.

    Raises UserError for a file without the column `row`, or without one of the 400 rows.
    """
    held_out = json.loads(STORED.read_text(encoding="utf-8"))["rows"]
    if rows.row is None:
        raise UserError(f"{rows.source} has no column row, which the stored split needs; give --evaluate EVAL.csv.gz")
    missing = sorted(set(held_out) - set(rows.row.tolist()))
    if missing:
        raise UserError(
            f"{rows.source} lacks {len(missing)} of the {len(held_out)} rows of the stored split, such as row "
            f"{missing[0]}; give the whole train.csv.gz, or the rows to evaluate on as --evaluate EVAL.csv.gz"
        )
    chosen = np.isin(rows.row, held_out)
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def _held_out(names: np.ndarray, share: float, generator: np.random.Generator) -> np.ndarray:
    """Whether each row's name is among names drawn until they have that share of the rows, bool [n]."""
    distinct, place, counts = np.unique(names, return_inverse=True, return_counts=True)
    order = generator.permutation(len(distinct))
    before = np.cumsum(counts[order]) - counts[order]
    chosen = np.zeros(len(distinct), dtype=bool)
    chosen[order[before < share * len(names)]] = True
    return chosen[place]
