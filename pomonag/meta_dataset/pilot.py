"""Which reduced training is worth its seconds: candidate settings on one paired list of NAS-Bench-201 cells.

`python -m pomonag.meta_dataset.pilot measure --out DIR` measures (it resumes), `... report DIR` prints the table:
rank correlation of the task-centred labels with the benchmark's 200-epoch CIFAR-10 accuracies, the labels' reliability
(correlation of two seeds), and CPU seconds. The paired list is two tasks with their own architectures, two seeds each.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import torch
from scipy.stats import pearsonr, spearmanr

from pomonag.data.sources import data_path
from pomonag.data.tasks import task_names
from pomonag.evaluation.space_table import read_csv
from pomonag.evaluation.trained import TrainingProtocol
from pomonag.execution.executor import executor
from pomonag.guarded import run_guarded
from pomonag.meta_dataset.builder import measure_rows
from pomonag.meta_dataset.plan import PlannedRow
from pomonag.meta_dataset.schema import meta_dataset
from pomonag.records.seeds import seed_of
from pomonag.spaces import search_space
from pomonag.training.recipe import Recipe

_BASE = TrainingProtocol(latency_runs=0, test_share=0.2)


def _candidate(**recipe: Any) -> TrainingProtocol:
    return replace(_BASE, recipe=Recipe(**recipe))


CANDIDATES = {
    "muon, 16 pixels, 2 epochs": _candidate(epochs=2),
    "muon, 16 pixels, 3 epochs": _candidate(epochs=3),
    "muon, 8 pixels, 4 epochs": _candidate(epochs=4, resolution=8, crop_padding=1),
    "sgd, 16 pixels, 3 epochs": _candidate(epochs=3, optimizer="sgd"),
}


def paired_rows(tasks: int = 2, architectures: int = 18, seeds: int = 2) -> list[PlannedRow]:
    """`architectures` connected cells for each task, uniform over the isomorphism classes, each with every seed."""
    space: Any = search_space("nb201")
    rows = []
    for task in task_names(tasks, 0):
        generator = torch.Generator().manual_seed(seed_of("pilot", task))
        cells = [c for c in space.sample_classes(4 * architectures, generator) if c.is_connected][:architectures]
        rows += [PlannedRow(task, str(cell), seed, False) for cell in cells for seed in range(seeds)]
    return rows


def summary(rows: pd.DataFrame, truth: pd.Series) -> pd.DataFrame:
    """One line a protocol in `rows`: what its labels are worth. `truth` maps architecture strings to accuracies.

    Fidelity uses the mean over the seeds of each architecture; 90 % intervals come from 1,000 resamples.
    """
    lines = []
    names = {protocol.hash: name for name, protocol in CANDIDATES.items()}
    for protocol, part in rows.groupby("protocol"):
        centred = part.assign(loss=-part["loss"], truth=part["architecture"].map(truth))
        labels = ["accuracy", "loss", "true_class_probability"]
        for label in [*labels, "truth"]:
            centred[label] -= centred.groupby("task")[label].transform("mean")
        wide = centred.pivot_table(index=["task", "architecture"], columns="seed", values=labels)
        mean = centred.groupby(["task", "architecture"])[[*labels, "truth", "params"]].mean()
        line: dict[str, Any] = {"setting": names.get(str(protocol), str(protocol)), "rows": len(part)}
        line["cpu_seconds"] = part["cpu_seconds"].mean()
        line["accuracy"], line["sd"] = part["accuracy"].mean(), centred["accuracy"].std()
        for label in labels:
            line[f"rho {label}"] = spearmanr(mean[label], mean["truth"])[0]
        line["interval loss"] = _interval(mean["loss"].to_numpy(), mean["truth"].to_numpy())
        line["params with truth"] = spearmanr(mean["params"], mean["truth"])[0]
        line["params with loss"] = spearmanr(mean["params"], mean["loss"])[0]
        for label in labels:
            both = wide[label].dropna()
            line[f"reliability {label}"] = pearsonr(both[0], both[1])[0] if both.shape[1] > 1 else float("nan")
        lines.append(line)
    return pd.DataFrame(lines).sort_values("cpu_seconds", ignore_index=True)


def _interval(a: np.ndarray, b: np.ndarray) -> str:
    draws = np.random.default_rng(0).integers(len(a), size=(1000, len(a)))
    low, high = np.nanquantile([spearmanr(a[d], b[d])[0] for d in draws], [0.05, 0.95])
    return f"{low:.2f} to {high:.2f}"


def table_accuracies(data_dir: str | os.PathLike[str] | None = None) -> pd.Series:
    """The benchmark's 200-epoch CIFAR-10 accuracies by architecture string, from the data folder."""
    rows, _ = read_csv(data_path("nasbench201/accuracies.csv.gz", data_dir))
    return rows.set_index("arch_str")["cifar10_test_acc_200ep"]


@click.group()
def main() -> None:
    """The pilot behind the reduced trainings of the nb201 meta-dataset."""


@main.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--executor", "executor_name", default="serial", show_default=True)
def measure(out: Path, executor_name: str) -> None:
    """Measure what is missing of every candidate's rows."""
    torch.set_num_threads(1)
    rows = paired_rows()
    for number, (name, protocol) in enumerate(CANDIDATES.items(), start=1):
        click.echo(name)
        measure_rows(rows, protocol, executor(executor_name), out, finish=number == len(CANDIDATES), mixed=True)


@main.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def report(folder: Path) -> None:
    """Print the table."""
    with pd.option_context("display.width", 250, "display.max_columns", None, "display.float_format", "{:.2f}".format):
        click.echo(summary(meta_dataset(folder), table_accuracies()).T.to_string())


if __name__ == "__main__":
    run_guarded(main, "interrupted; rows that were recorded are kept, the same command goes on from there")
