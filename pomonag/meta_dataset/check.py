"""Whether a meta-dataset holds what it says: schema, ranges, duplicates, exact costs, latencies, classes of tasks."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import HuberRegressor

from pomonag.data.tasks import is_held_out
from pomonag.errors import UserError
from pomonag.meta_dataset.plan import isomorphism_hash
from pomonag.meta_dataset.schema import Row, frame_of, problems_of, read_shard, shard_paths
from pomonag.records.hashes import json_hash
from pomonag.spaces import search_space

# A latency this many times away from what the architecture's operations predict is an outlier.
OUTLIER_FACTOR = 1.5


@dataclass(frozen=True)
class CheckReport:
    """`problems` make the data wrong; `warnings` (outlying or disturbed latencies) are to be looked at."""

    rows: int
    failed: int
    tasks: int
    architectures: int
    problems: tuple[str, ...]
    warnings: tuple[str, ...]


def check_meta_dataset(folder: str | os.PathLike[str]) -> CheckReport:
    """Check every row of a folder of shards. Raises UserError when a shard cannot be read at all."""
    rows: list[Row] = []
    problems: list[str] = []
    protocols: dict[str, dict[str, Any]] = {}
    for path in shard_paths(folder):
        part, metadata = read_shard(path)
        rows += part
        protocols |= metadata["protocols"]
        problems += [
            f"{path.name}: protocol {key} does not match its hash"
            for key, settings in metadata["protocols"].items()
            if json_hash(settings) != key
        ]
        problems += [
            f"{path.name}: provenance {key} does not match its hash"
            for key, record in metadata["provenance"].items()
            if json_hash(record) != key
        ]
        known = set(metadata["protocols"]), set(metadata["provenance"])
        problems += [
            f"{path.name}: {_name(row)} names a protocol or provenance that the shard does not explain"
            for row in part
            if row.protocol not in known[0] or row.provenance not in known[1]
        ]
    problems += [f"{_name(row)}: {problem}" for row in rows for problem in problems_of(row)]
    problems += [f"{key[:3]} is there {n} times" for key, n in Counter(r.key for r in rows).items() if n > 1]
    warnings: list[str] = []
    for protocol in sorted({row.protocol for row in rows} & set(protocols)):
        settings = protocols[protocol]
        space = search_space(settings["space"])
        named = [row for row in rows if row.protocol == protocol]
        refusals = [_refusal(space.parse, row.architecture) for row in named]
        part = [row for row, why in zip(named, refusals) if why is None]
        problems += [f"{_name(row)}: {why}" for row, why in zip(named, refusals) if why is not None]
        problems += _wrong_settings(part, settings)
        problems += _wrong_costs(part, space, {name: settings[name] for name in ("classes", "resolution")})
        warnings += _odd_latencies(part, space)
    for row in rows:
        if why := _refusal(is_held_out, row.task):
            problems.append(f"{_name(row)}: {why}")
        elif is_held_out(row.task) != row.held_out:
            problems.append(f"{_name(row)}: held_out is {row.held_out}")
    return CheckReport(
        rows=len(rows),
        failed=sum(row.status == "failed" for row in rows),
        tasks=len({row.task for row in rows}),
        architectures=len({row.architecture for row in rows}),
        problems=tuple(problems),
        warnings=tuple(warnings),
    )


def _refusal(read: Callable[[str], Any], text: str) -> str | None:
    """Why a text cannot be read; None where it can."""
    try:
        read(text)
    except UserError as error:
        return str(error)
    return None


def _wrong_settings(rows: list[Row], settings: dict[str, Any]) -> list[str]:
    """Rows whose columns say other settings than their protocol does."""
    trained_by = settings.get("pipeline") or settings["recipe"]
    expected = {name: trained_by[name] for name in ("resolution", "epochs", "batch_size")}
    expected["reduced"] = json.dumps(dict(settings["reduced"]), sort_keys=True)
    return [
        f"{_name(row)}: {name} is {getattr(row, name)}, its protocol says {value}"
        for row in rows
        for name, value in expected.items()
        if getattr(row, name) != value
    ]


def _wrong_costs(rows: list[Row], space: Any, full: dict[str, int]) -> list[str]:
    """Rows whose exact costs or isomorphism class differ from what the space computes now."""
    architectures = [space.parse(row.architecture) for row in rows]
    costs = space.cost(architectures, **full)
    wrong = []
    for row, architecture, params, macs in zip(rows, architectures, costs.params, costs.macs):
        if (row.params, row.macs) != (params, macs):
            wrong.append(f"{_name(row)}: costs {row.params}, {row.macs}; computed {params}, {macs}")
        if row.isomorphism_class != isomorphism_hash(space, architecture):
            wrong.append(f"{_name(row)}: its isomorphism class is another")
    return wrong


def _odd_latencies(rows: list[Row], space: Any) -> list[str]:
    """Latencies far from an additive model of the operations, and how many were disturbed by other work."""
    frame = frame_of(rows).dropna(subset=["latency_ms"])
    if frame.empty:
        return []
    warnings = []
    disturbed = int(frame["latency_disturbed"].astype(bool).sum())
    if disturbed:
        warnings.append(f"{disturbed} of {len(frame)} latencies were measured beside other work (wall time > 1.3 x)")
    expected = additive_latency(frame, space)
    ratio = frame["latency_ms"].to_numpy() / expected
    for position in np.flatnonzero((ratio > OUTLIER_FACTOR) | (ratio < 1 / OUTLIER_FACTOR)):
        row = frame.iloc[position]
        warnings.append(
            f"{row['task']} {row['architecture']}: latency {row['latency_ms']:.2f} ms, "
            f"its operations suggest {expected[position]:.2f} ms"
        )
    return warnings


def additive_latency(frame: pd.DataFrame, space: Any) -> np.ndarray:
    """Milliseconds [n] of a robust linear fit over the one-hot encoding: a time for each operation in each place."""
    encoded = space.encoding.encode([space.parse(text) for text in frame["architecture"]]).flatten(1).numpy()
    latency = frame["latency_ms"].to_numpy(dtype=float)
    scale = np.median(latency)
    fitted = HuberRegressor(alpha=1e-3, max_iter=2000).fit(encoded, latency / scale).predict(encoded) * scale
    return np.maximum(fitted, 0.1 * scale)


def _name(row: Row) -> str:
    return f"{row.task} {row.architecture} seed {row.seed}"
