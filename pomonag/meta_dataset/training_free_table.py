"""The table of training-free scores that ships; `python -m pomonag.meta_dataset.training_free_table` measures it.

Resumable: each architecture is a record on disk before the next one starts.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pomonag.data.image_datasets import load_images
from pomonag.data.sources import data_path
from pomonag.errors import UserError, unknown_name
from pomonag.guarded import run_guarded
from pomonag.meta_dataset.training_free import training_free_scores
from pomonag.records.files import atomic_write
from pomonag.records.provenance import provenance
from pomonag.records.record_store import RecordStore
from pomonag.records.seeds import seed_of
from pomonag.spaces import SearchSpace, search_space

SHIPPED = Path(__file__).resolve().parents[1] / "assets" / "training_free"
IMAGES = {"cifar10": "images/cifar10_subset.npz", "cifar100": "images/cifar100_subset.npz"}


@dataclass(frozen=True)
class TrainingFreeProtocol:
    """What the scores depend on: space, batch size, seed, and the digests of the images behind each batch."""

    space: str
    batch_size: int
    seed: int
    images: tuple[tuple[str, str], ...]
    version: int = 1

    @property
    def hash(self) -> str:
        """Twelve hexadecimal digits that change with any setting."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def connected_architectures(space: SearchSpace, n: int) -> list[Any]:
    """The first n distinct uniform draws in which a path leads from input to output; more draws continue the list."""
    generator = torch.Generator().manual_seed(seed_of("training-free", "architectures", space.name))
    found: dict[Any, None] = {}
    while len(found) < n:
        (architecture,) = space.sample(1, generator)
        if getattr(architecture, "is_connected", True):
            found[architecture] = None
    return list(found)


def image_batch(path: Path, size: int, seed: int) -> tuple[Tensor, str]:
    """`size` random images of a file, normalised by its channels' mean and sd, float [size, 3, h, w]; its SHA-256."""
    dataset = load_images(path, samples_per_class=None)
    if not isinstance(dataset.images, np.ndarray) or len(dataset.images) < size:
        raise UserError(f"{path}: expected at least {size} images of one size")
    images = torch.from_numpy(dataset.images).permute(0, 3, 1, 2).float()
    mean, sd = images.mean((0, 2, 3), keepdim=True), images.std((0, 2, 3), keepdim=True)
    generator = torch.Generator().manual_seed(seed_of("training-free", "images", path.name, seed))
    chosen = torch.randperm(len(images), generator=generator)[:size]
    return (images[chosen] - mean) / sd, dataset.sha256


def measure(
    space: SearchSpace,
    architectures: Sequence[Any],
    batches: dict[str, Tensor],
    protocol: TrainingFreeProtocol,
    store: RecordStore,
    report: Callable[[int, int], None] = lambda done, of: None,
) -> list[dict[str, Any]]:
    """A record an architecture, in their order; those that `store` holds already are not measured again."""
    records, problems = store.read()
    for problem in problems:
        click.echo(f"set aside: {problem}", err=True)
    known = {r["architecture"]: r for r in records if r["protocol"] == protocol.hash}
    rows = []
    for i, architecture in enumerate(architectures):
        key = str(architecture)
        if key not in known:
            scores = training_free_scores(space, architecture, batches, protocol.seed)
            known[key] = {
                "architecture": key,
                **{f"naswot_{name}": value for name, value in scores.naswot.items()},
                "synflow": scores.synflow,
                "params": scores.params,
                "cpu_seconds": round(scores.cpu_seconds, 4),
                "protocol": protocol.hash,
            }
            store.append(known[key])
        rows.append(known[key])
        report(i + 1, len(architectures))
    return rows


def write_table(
    rows: Sequence[dict[str, Any]], protocol: TrainingFreeProtocol, measured: dict[str, Any], folder: Path = SHIPPED
) -> None:
    """`<space>.parquet` and, beside it, `<space>.json` with protocol and `measured`, the provenance of the run."""
    folder.mkdir(parents=True, exist_ok=True)
    frame = pd.DataFrame(rows).drop(columns="protocol")
    with atomic_write(folder / f"{protocol.space}.parquet") as file:
        frame.to_parquet(file, index=False)
    about = {
        "what": "training-free scores of untrained full networks; naswot and synflow are natural logarithms",
        "rows": len(frame),
        "cpu_seconds": round(float(frame["cpu_seconds"].sum()), 1),
        "protocol": dataclasses.asdict(protocol) | {"hash": protocol.hash},
        "provenance": measured,
    }
    with atomic_write(folder / f"{protocol.space}.json", "w") as file:
        json.dump(about, file, indent=1)


@functools.cache
def shipped_scores(space: str = "nb201") -> pd.DataFrame:
    """The shipped rows: architecture, naswot_<data set>, synflow, params, cpu_seconds. Do not change the frame."""
    path = SHIPPED / f"{space}.parquet"
    if not path.is_file():
        raise unknown_name("space with training-free scores", space, [p.stem for p in SHIPPED.glob("*.parquet")])
    try:
        table = pd.read_parquet(path)
        missing = {*(f"naswot_{name}" for name in IMAGES), "architecture", "synflow", "params"} - set(table.columns)
        if missing:
            raise ValueError(f"it lacks {', '.join(sorted(missing))}")
    except (OSError, ValueError) as error:  # pyarrow's errors are among them
        raise UserError(f"{path} is not a whole table of scores ({error}); restore it, or reinstall pomonag") from error
    return table


@click.command()
@click.option("--space", default="nb201", show_default=True)
@click.option("--rows", default=600, show_default=True, type=click.IntRange(min=1))
@click.option("--batch-size", default=64, show_default=True, type=click.IntRange(min=2))
@click.option("--seed", default=0, show_default=True)
@click.option("--records", default="output/training_free", show_default=True, help="Folder of the records; kept.")
@click.option("--output", default=str(SHIPPED), help="Folder of the table. Default: the shipped one.")
def main(space: str, rows: int, batch_size: int, seed: int, records: str, output: str) -> None:
    """Measure NASWOT, synflow and params of ROWS random connected architectures on the data folder's images."""
    torch.set_num_threads(1)
    about = provenance()  # now: commits made while it runs are not what it runs
    batches, digests = {}, []
    for name, file in IMAGES.items():
        batches[name], digest = image_batch(data_path(file), batch_size, seed)
        digests.append((name, digest))
    protocol = TrainingFreeProtocol(space, batch_size, seed, tuple(digests))
    the_space = search_space(space)
    architectures = connected_architectures(the_space, rows)

    def report(done: int, of: int) -> None:
        if done % 50 == 0 or done == of:
            click.echo(f"{done} of {of}")

    measured = measure(the_space, architectures, batches, protocol, RecordStore(records), report)
    write_table(measured, protocol, about, Path(output))


if __name__ == "__main__":
    run_guarded(main, "interrupted; what was measured is kept, the same command goes on from there")
