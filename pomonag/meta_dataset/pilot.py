"""Which reduced training is worth its seconds: candidate settings on one paired list of a space's architectures.

`python -m pomonag.meta_dataset.pilot measure --space nb201 --out DIR` measures (it resumes), `... report DIR` prints
the table: rank correlation of the task-centred labels with accuracies from outside (the benchmark's after 200 epochs;
Once-for-All's own predictor), the labels' reliability (correlation of two seeds), and CPU seconds. The paired list is
two tasks with their own architectures, two seeds each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import torch
from scipy.stats import pearsonr, spearmanr

from pomonag.data.splits import Shares
from pomonag.data.tasks import task_names
from pomonag.errors import UserError, unknown_name
from pomonag.evaluation.outside_accuracy import one_group, outside_accuracy
from pomonag.evaluation.protocols import lite_protocol
from pomonag.evaluation.trained import TrainingProtocol
from pomonag.execution.executor import executor
from pomonag.guarded import run_guarded
from pomonag.meta_dataset.builder import measure_rows
from pomonag.meta_dataset.plan import PlannedRow
from pomonag.meta_dataset.schema import meta_dataset
from pomonag.records.seeds import seed_of
from pomonag.spaces import search_space

_NB201 = TrainingProtocol(latency_runs=0, split=Shares(test=0.2))
_MBV3 = replace(lite_protocol("mbv3"), latency_runs=0)
_HALVED_AT_ONCE = (("width_scale", 0.25), ("divisor", 4), ("strides", (2, 2, 2, 2, 1, 1)))


def _candidate(base: TrainingProtocol, **recipe: Any) -> TrainingProtocol:
    return replace(base, recipe=replace(base.recipe, **recipe))


CANDIDATES = {
    "nb201": {
        "muon, 16 pixels, 2 epochs": _candidate(_NB201, epochs=2),
        "muon, 16 pixels, 3 epochs": _candidate(_NB201, epochs=3),
        "muon, 8 pixels, 4 epochs": _candidate(_NB201, epochs=4, resolution=8, crop_padding=1),
        "sgd, 16 pixels, 3 epochs": _candidate(_NB201, epochs=3, optimizer="sgd"),
    },
    "mbv3": {
        "muon, 24 pixels, 3 epochs": _MBV3,
        "muon, 16 pixels, 3 epochs": _candidate(_MBV3, resolution=16, crop_padding=2, batch_size=64),
        "muon, 32 pixels, stride 4 at once, 4 epochs": replace(
            _candidate(_MBV3, epochs=4, resolution=32, crop_padding=4), reduced=_HALVED_AT_ONCE
        ),
        "adamw, 24 pixels, 3 epochs": _candidate(_MBV3, optimizer="adamw", learning_rate=3e-3, weight_decay=0.05),
    },
}


def paired_rows(space_name: str, tasks: int = 2, architectures: int = 18, seeds: int = 2) -> list[PlannedRow]:
    """`architectures` connected ones for each task, drawn as the meta-dataset's are, each with every seed."""
    space: Any = search_space(space_name)
    draw = getattr(space, "sample_classes", space.sample)
    rows = []
    for task in task_names(tasks, 0):
        generator = torch.Generator().manual_seed(seed_of("pilot", task))
        drawn = [a for a in draw(4 * architectures, generator) if getattr(a, "is_connected", True)][:architectures]
        rows += [PlannedRow(task, str(one), seed, False) for one in drawn for seed in range(seeds)]
    return rows


def summary(rows: pd.DataFrame, truth: pd.Series, group: Callable[[str], str] = one_group) -> pd.DataFrame:
    """One line a protocol in `rows`: what its labels are worth. `truth` maps architecture strings to accuracies.

    Fidelity uses the mean over the seeds of each architecture, centred within each `group` of architectures; 90 %
    intervals come from 1,000 resamples.
    """
    lines = []
    names = {protocol.hash: name for candidates in CANDIDATES.values() for name, protocol in candidates.items()}
    for protocol, part in rows.groupby("protocol"):
        centred = part.assign(loss=-part["loss"], truth=part["architecture"].map(truth))
        labels = ["accuracy", "loss", "true_class_probability"]
        for label in [*labels, "truth"]:
            centred[label] -= centred.groupby("task")[label].transform("mean")
        wide = centred.pivot_table(index=["task", "architecture"], columns="seed", values=labels)
        mean = centred.groupby(["task", "architecture"])[[*labels, "truth", "params"]].mean()
        mean -= mean.groupby(["task", mean.index.get_level_values("architecture").map(group)]).transform("mean")
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


@click.group()
def main() -> None:
    """The pilots behind the reduced trainings of the shipped meta-datasets."""


@main.command()
@click.option("--space", "space_name", default="nb201", show_default=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--architectures", default=18, show_default=True, type=click.IntRange(2), help="Of each of two tasks.")
@click.option("--executor", "executor_name", default="serial", show_default=True)
@click.option("--workers", type=click.IntRange(1), help="Processes; by default one a core.")
def measure(space_name: str, out: Path, architectures: int, executor_name: str, workers: int | None) -> None:
    """Measure what is missing of every candidate's rows."""
    torch.set_num_threads(1)
    if space_name not in CANDIDATES:
        raise unknown_name("space with candidates", space_name, CANDIDATES)
    rows = paired_rows(space_name, architectures=architectures)
    candidates = CANDIDATES[space_name]
    for number, (name, protocol) in enumerate(candidates.items(), start=1):
        click.echo(name)
        last = number == len(candidates)
        measure_rows(rows, protocol, executor(executor_name, workers), out, finish=last, mixed=True)


@main.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def report(folder: Path) -> None:
    """Print the table."""
    rows = meta_dataset(folder)
    known = {protocol.hash: protocol.space for candidates in CANDIDATES.values() for protocol in candidates.values()}
    spaces = {known.get(protocol) for protocol in rows["protocol"]}
    if len(spaces) != 1 or None in spaces:
        raise UserError(f"got rows of {folder} of other settings than one space's candidates; use `measure`")
    outside = outside_accuracy(str(spaces.pop()))
    with pd.option_context("display.width", 250, "display.max_columns", None, "display.float_format", "{:.2f}".format):
        click.echo(f"truth: {outside.name}")
        truth = outside.accuracies(list(rows["architecture"]), None)
        click.echo(summary(rows, truth, outside.group).T.to_string())


if __name__ == "__main__":
    run_guarded(main, "interrupted; rows that were recorded are kept, the same command goes on from there")
