"""The table of training-free scores that ships; `python -m pomonag.meta_dataset.training_free_table` measures it."""

from __future__ import annotations

import dataclasses
import functools
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import pandas as pd

from pomonag.errors import UserError, unknown_name
from pomonag.execution.executor import executor
from pomonag.guarded import run_guarded
from pomonag.meta_dataset.training_free import SCORES
from pomonag.meta_dataset.training_free_measurement import (
    TrainingFreeProtocol,
    as_columns,
    default_reduction,
    image_batch,
    listed_architectures,
    measure,
)
from pomonag.records.files import atomic_write
from pomonag.records.provenance import provenance
from pomonag.records.record_store import RecordStore
from pomonag.spaces import search_space

SHIPPED = Path(__file__).resolve().parents[1] / "assets" / "training_free"
SCHEMA = 2
_COLUMNS = ("architecture", *SCORES, "params", "cpu_seconds")
_DEFAULT = TrainingFreeProtocol()


def write_table(
    records: Sequence[dict[str, Any]],
    protocol: TrainingFreeProtocol,
    measured: dict[str, Any],
    folder: Path = SHIPPED,
) -> None:
    """`<space>.parquet` and, beside it, `<space>.json` with protocol and `measured`, the provenance of the run."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write to {folder}: {error.strerror}; give a writable folder with --output") from error
    frame = pd.DataFrame(as_columns(records))
    with atomic_write(folder / f"{protocol.space}.parquet") as file:
        frame.to_parquet(file, index=False, compression="zstd")
    about = {
        "what": "training-free scores of untrained networks; all but the jacobian covariance are natural logarithms",
        "schema": SCHEMA,
        "rows": len(frame),
        "cpu_seconds": round(float(frame["cpu_seconds"].sum()), 1),
        "protocol": dataclasses.asdict(protocol) | {"hash": protocol.hash},
        "provenance": measured,
    }
    with atomic_write(folder / f"{protocol.space}.json", "w") as file:
        json.dump(about, file, indent=1)


@functools.cache
def shipped_scores(space: str = "nb201") -> pd.DataFrame:
    """The shipped rows: architecture, the five scores, params, cpu_seconds. Do not change the frame.

    A score is minus infinity where it has no value, as for an architecture without a path from input to output.
    """
    path = SHIPPED / f"{space}.parquet"
    if not path.is_file():
        raise unknown_name("space with training-free scores", space, [p.stem for p in SHIPPED.glob("*.parquet")])
    try:
        table = pd.read_parquet(path)
        if missing := set(_COLUMNS) - set(table.columns):
            raise ValueError(f"it lacks {', '.join(sorted(missing))}")
    except (OSError, ValueError) as error:  # pyarrow's errors are among them
        raise UserError(f"{path} is not a whole table of scores ({error}); restore it, or reinstall pomonag") from error
    return table


def _rows(context: click.Context, parameter: click.Parameter, text: str) -> int | None:
    if text == "all":
        return None
    if not text.isdigit() or int(text) < 1:
        raise click.BadParameter(f"got {text!r}, expected 'all' or a number from 1")
    return int(text)


def _reduced(context: click.Context, parameter: click.Parameter, texts: Sequence[str]) -> tuple[tuple[str, int], ...]:
    found = {}
    for text in texts:
        name, _, value = text.partition("=")
        if not value.isdigit():
            raise click.BadParameter(f"got {text!r}, expected SETTING=NUMBER such as resolution=16")
        found[name] = int(value)
    return tuple(sorted(found.items()))


@click.command()
@click.option("--space", default=_DEFAULT.space, show_default=True)
@click.option("--rows", default="all", show_default=True, callback=_rows, help="'all', or a number of random ones.")
@click.option(
    "--reduced",
    multiple=True,
    callback=_reduced,
    metavar="SETTING=NUMBER",
    help="What differs from the full networks, may be repeated. Default: "
    + ", ".join(f"{name}={value}" for name, value in _DEFAULT.reduced)
    + ", as far as the space has such settings.",
)
@click.option("--images", default=_DEFAULT.images, show_default=True, help="A file of the data folder.")
@click.option("--batch-size", default=_DEFAULT.batch_size, show_default=True, type=click.IntRange(min=2))
@click.option("--seed", default=_DEFAULT.seed, show_default=True)
@click.option("--workers", default=1, show_default=True, type=click.IntRange(min=1), help="Processes.")
@click.option("--records", default="output/training_free", show_default=True, help="Folder of the records; kept.")
@click.option("--output", default=str(SHIPPED), help="Folder of the table. Default: the shipped one.")
def main(
    space: str,
    rows: int | None,
    reduced: tuple[tuple[str, int], ...],
    images: str,
    batch_size: int,
    seed: int,
    workers: int,
    records: str,
    output: str,
) -> None:
    """Measure the training-free scores of a space's architectures on images of the data folder."""
    if not sys.stderr.isatty():
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")  # the bar shows nothing in a file
    about = provenance()  # now: commits made while it runs are not what it runs
    the_space = search_space(space)
    protocol = TrainingFreeProtocol(space, reduced or default_reduction(the_space), images, batch_size, seed)
    architectures = listed_architectures(the_space, rows)
    protocol = dataclasses.replace(protocol, images_sha256=image_batch(protocol)[2])
    measured = measure(architectures, protocol, RecordStore(records), executor("processes", workers))
    write_table(measured, protocol, about, Path(output))
    click.echo(f"{len(measured)} rows in {output}")


if __name__ == "__main__":
    run_guarded(main, "interrupted; what was measured is kept, the same command goes on from there")
