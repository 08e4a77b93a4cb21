"""The figures of a meta-dataset's card: `python -m pomonag.meta_dataset.data_card nb201 [--write]`.

With `--write` they replace the part of the folder's README.md between the two `figures` marks.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
from scipy.stats import pearsonr, spearmanr

from pomonag.data.sources import DataMissing
from pomonag.data.splits import Counts, Shares, Split
from pomonag.errors import UserError
from pomonag.evaluation.outside_accuracy import one_group, outside_accuracy
from pomonag.evaluation.trained import TrainingProtocol
from pomonag.guarded import run_guarded
from pomonag.meta_dataset.check import check_meta_dataset
from pomonag.meta_dataset.schema import dataset_folder, meta_dataset, read_shard, shard_paths
from pomonag.records.files import atomic_write

LABELS = {"accuracy": "accuracy", "loss": "test loss", "true_class_probability": "true-class probability"}
MARKS = "<!-- figures: written by python -m pomonag.meta_dataset.data_card -->", "<!-- end of figures -->"


def centred(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with their labels less the task's mean over the first seed's rows; the loss with its sign turned."""
    rows = rows.assign(loss=-rows["loss"])
    means = rows[rows["seed"] == 0].groupby("task")[list(LABELS)].mean()
    rows[list(LABELS)] -= means.loc[rows["task"]].to_numpy()
    return rows


def reliability(rows: pd.DataFrame, label: str) -> tuple[float, int]:
    """Correlation of a centred label between two trainings of the same rows that differ in the seed alone; and n."""
    wide = centred(rows).pivot_table(index=["task", "architecture"], columns="seed", values=label)
    if 1 not in wide or len(both := wide[[0, 1]].dropna()) < 3:
        return float("nan"), 0
    return float(pearsonr(both[0], both[1])[0]), len(both)


def fidelity(
    rows: pd.DataFrame, column: str, truth: pd.Series, group: Callable[[str], str] = one_group
) -> tuple[float, int]:
    """Spearman of a centred column with accuracies from outside over the rows with fresh architectures; and n.

    The means of each `group` of architectures are taken out first.
    """
    fresh = rows[~rows["anchor"] & (rows["seed"] == 0)]
    fresh = fresh.assign(truth=fresh["architecture"].map(truth)).dropna(subset="truth")
    if len(fresh) < 3:
        return float("nan"), 0
    names = list(dict.fromkeys([*LABELS, column, "truth"]))
    fresh = fresh.assign(**fresh[names] - fresh.groupby(fresh["architecture"].map(group))[names].transform("mean"))
    return float(spearmanr(centred(fresh)[column], fresh["truth"])[0]), len(fresh)


def figures(folder: Path, with_outside: bool = True) -> str:
    """The figures as Markdown; accuracies from outside are left out where their file is not there, or on demand."""
    rows = meta_dataset(folder)
    metadata = [read_shard(path)[1] for path in shard_paths(folder)]
    protocols = {key: settings for part in metadata for key, settings in part["protocols"].items()}
    outside = outside_accuracy(protocols[rows["protocol"].iloc[0]]["space"])
    truth = None
    if with_outside:
        with contextlib.suppress(DataMissing):
            truth = outside.accuracies(list(rows["architecture"]), None)
    machines = {m["cpu"]: m for part in metadata for m in part["provenance"].values()}
    torches = sorted({m["packages"]["torch"] for m in machines.values()})
    report = check_meta_dataset(folder)
    once = rows[rows["seed"] == 0]
    within = centred(once)
    a_task = once.groupby("task").size()
    between = once.groupby("task")[["accuracy", "loss"]].mean().std()
    seconds, load = rows["cpu_seconds"], rows["load"]
    lines = [
        f"- {len(rows)} measured rows, {report.failed} failed; {len(rows) - len(once)} of them repeat a row with "
        f"another seed. {once['task'].nunique()} tasks ({once.loc[once['held_out'], 'task'].nunique()} held out), "
        f"{_range(a_task.min(), a_task.max())} architectures a task, "
        f"{rows['architecture'].nunique()} architectures in all, "
        f"{rows.loc[rows['anchor'], 'architecture'].nunique()} of them anchors.",
        f"- Measured {rows['measured'].min()} to {rows['measured'].max()} on {', '.join(sorted(machines))}, "
        f"one thread; torch {', '.join(torches)}; protocol {', '.join(sorted(set(rows['protocol'])))}.",
        f"- A training took {seconds.mean():.1f} CPU s on average ({seconds.min():.1f}–{seconds.max():.1f}), "
        f"{seconds.sum() / 3600:.1f} CPU hours in all; load a core {load.quantile(0.05):.1f}–"
        f"{load.quantile(0.95):.1f} (5–95 %).",
        *_images(metadata),
        f"- Accuracy {once['accuracy'].mean():.1f} % (chance 5 %), sd {between['accuracy']:.1f} between tasks and "
        f"{within['accuracy'].std():.2f} between architectures within a task; test loss {once['loss'].mean():.3f}, "
        f"sd {between['loss']:.3f} and {within['loss'].std():.3f}.",
        _latencies(rows, protocols),
        f"- Validation: {len(report.problems)} problems, {len(report.warnings)} warnings.",
        "",
        f"| label | reliability r (n) | ceiling √r | Spearman with {outside.name} (n) |",
        "|---|---|---|---|",
    ]
    for label, name in LABELS.items():
        r, n = reliability(rows, label)
        rho, m = fidelity(rows, label, truth, outside.group) if truth is not None else (float("nan"), 0)
        lines.append(f"| {name} | {r:.2f} ({n}) | {np.sqrt(max(r, 0)):.2f} | {rho:.2f} ({m}) |")
    if truth is not None:
        rho, m = fidelity(rows, "params", truth, outside.group)
        lines.append(f"| params, for comparison | | | {rho:.2f} ({m}) |")
    return "\n".join(lines)


def _range(least: int, most: int) -> str:
    return f"{least}" if least == most else f"{least}–{most}"


def _images(metadata: list[dict[str, Any]]) -> list[str]:
    """A line on each pool and split that is not the one of the rows that ship, whose card says it in words."""
    default = TrainingProtocol()
    found = {}
    for settings in (protocol for part in metadata for protocol in part["protocols"].values()):
        pool, share = settings.get("pool", default.pool), settings.get("test_share")
        parts = {"test": share} if share is not None else settings["split"]
        split: Split = Counts(**parts) if "train" in parts else Shares(**parts)
        if (pool, split) != (default.pool, default.split):
            found[pool, split] = f"- Images of the pool {pool}, split {split}."
    return sorted(found.values())


def _latencies(rows: pd.DataFrame, protocols: dict[str, dict[str, Any]]) -> str:
    timed = rows.dropna(subset=["latency_ms"])
    if timed.empty:
        return "- No latencies."
    quantiles = " / ".join(f"{timed['latency_ms'].quantile(q):.2f}" for q in (0, 0.25, 0.5, 0.75, 1))
    anchors = timed[timed["anchor"]].groupby("architecture")["latency_ms"]
    spread = (anchors.std() / anchors.mean()).mean()
    sides = sorted({protocols[key]["resolution"] for key in timed["protocol"]})
    size = ", ".join(f"{side}×{side}" for side in sides)
    return (
        f"- Latency (full network, {size}, CPU time of one thread): minimum, quartiles and maximum {quantiles} ms; "
        f"{100 * timed['latency_disturbed'].astype(bool).mean():.0f} % measured beside other work (wall > 1.3 × CPU); "
        f"sd of an anchor's repeated measurements {100 * spread:.0f} % of its mean."
    )


def replaced(text: str, new: str) -> str:
    """`text` with what stands between the marks replaced."""
    begin, end = (text.find(mark) for mark in MARKS)
    if begin < 0 or end < begin:
        raise UserError(f"the README.md has no place for the figures; expected the lines\n{MARKS[0]}\n{MARKS[1]}")
    return text[: begin + len(MARKS[0])] + "\n" + new + "\n" + text[end:]


@click.command()
@click.argument("name_or_folder", default="nb201")
@click.option("--write", is_flag=True, help="Put the figures into the folder's README.md.")
def main(name_or_folder: str, write: bool) -> None:
    """Print the figures of a shipped meta-dataset or of a folder of shards."""
    folder = dataset_folder(name_or_folder)
    card = folder / "README.md"
    if write:
        replaced(_read(card), "")  # a card without a place is refused before the rows are read
    text = figures(folder)
    click.echo(text)
    if write:
        content = replaced(_read(card), text)
        with atomic_write(card, "w") as file:
            file.write(content)


def _read(card: Path) -> str:
    try:
        return card.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"cannot read {card}: {reason}. Expected a card with the lines\n{MARKS[0]}\n{MARKS[1]}"
        ) from None


if __name__ == "__main__":
    run_guarded(main, "interrupted; the card is as it was")
