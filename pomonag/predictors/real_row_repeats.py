"""The figures on real rows that ship; `python -m pomonag.predictors.real_row_repeats` measures them.

Each kind of split is drawn with several seeds, each run is a record on disk before the next one starts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from scipy.stats import t as student

from pomonag.data.sources import data_path
from pomonag.guarded import run_guarded
from pomonag.predictors.real_row_evaluation import evaluate_real_rows
from pomonag.predictors.real_row_figures import SHIPPED
from pomonag.predictors.real_row_splits import KINDS, split
from pomonag.predictors.real_rows import TaskClasses, read_real_rows
from pomonag.records.files import atomic_write
from pomonag.records.provenance import provenance
from pomonag.records.record_store import RecordStore
from pomonag.spaces import search_space

_VERSION = 1  # of the model and the figures: another one is measured anew


def summary(runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A line for each split, predictor and figure: mean, half-width of the 95 % t interval over n runs, and n."""
    values: dict[tuple[str, str, str], list[float]] = {}
    for run in runs:
        for predictor, figures in _predictors(run):
            for name, value in figures.items():
                if value is not None:
                    values.setdefault((run["split"], predictor, name), []).append(value)
    return [
        {"split": kind, "predictor": predictor, "figure": name, "mean": float(np.mean(v)), "half_width": _half(v),
         "n": len(v)}
        for (kind, predictor, name), v in values.items()
    ]  # fmt: skip


def _predictors(run: dict[str, Any]) -> Iterator[tuple[str, dict[str, float | None]]]:
    yield "denoised", run["denoised"]
    yield "noisy", run["noisy"]
    yield from run["baselines"].items()
    yield "ceiling", {"residual_block0": run["ceiling_residual_block0"]}


def _half(values: Sequence[float]) -> float | None:
    n = len(values)
    return float(student.ppf(0.975, n - 1) * np.std(values, ddof=1) / n**0.5) if n > 1 else None


@click.command()
@click.option("--seeds", default=5, show_default=True, type=click.IntRange(min=2), help="Splits of each kind.")
@click.option("--split", "kinds", multiple=True, type=click.Choice(KINDS), default=KINDS, show_default=True)
@click.option("--records", default="output/real_rows", show_default=True, help="Folder of the records; kept.")
@click.option("--output", default=SHIPPED, type=click.Path(path_type=Path), help="File. Default: the shipped one.")
def main(seeds: int, kinds: tuple[str, ...], records: str, output: Path) -> None:
    """Predict held-out rows of POMONAG_DATA_DIR's meta_dataset_nb201/train.csv.gz, for each kind of split and seed."""
    torch.set_num_threads(1)
    about = provenance()  # now: commits made while it runs are not what it runs
    space = search_space("nb201")
    path = data_path("meta_dataset_nb201/train.csv.gz")
    rows = read_real_rows(path, TaskClasses(data_path("meta_dataset_nb201/tasks.csv.gz")), space)
    store = RecordStore(records)
    key = {"version": _VERSION, "data": rows.sha256}
    known, problems = store.read()
    for problem in problems:
        click.echo(f"set aside: {problem}", err=True)
    done = {(r["split"], r["seed"]): r for r in known if {name: r[name] for name in key} == key}
    for kind in kinds:
        for seed in range(seeds):
            if (kind, seed) not in done:
                learned, held_out = (rows.take(picked) for picked in split(rows, kind, seed))
                found = evaluate_real_rows(space, learned, held_out, seed)
                done[kind, seed] = {**key, "split": kind, **found}
                store.append(done[kind, seed])
            figures = [
                f"{name} {value:.3f}" for name, value in done[kind, seed]["denoised"].items() if value is not None
            ]
            click.echo(f"{kind}, seed {seed}: {', '.join(figures)}")
    runs = [done[kind, seed] for kind in kinds for seed in range(seeds)]
    output.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(output, "w") as file:
        json.dump({"summary": summary(runs), "runs": runs, "provenance": about}, file, indent=1)


if __name__ == "__main__":
    run_guarded(main, "interrupted; what was measured is kept, the same command goes on from there")
