"""`pomonag train predictors --rows`: learns from measured rows, predicts others, prints the figures as JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from pomonag.errors import UserError

_FILE = "real_rows.json"


def evaluate_and_print(space_name: str, train: Path, evaluate: Path | None, out: Path | None) -> None:
    """Only the JSON goes to standard output. Without `evaluate` the stored split of `train` is used."""
    from pomonag.predictors.real_row_evaluation import evaluate_real_rows
    from pomonag.predictors.real_row_splits import stored_split
    from pomonag.predictors.real_rows import TaskClasses, read_real_rows
    from pomonag.records.files import atomic_write
    from pomonag.spaces import search_space

    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot make the folder {out}: {error.strerror}. Give another one as --out.") from None
        if not os.access(out, os.W_OK):
            raise UserError(f"the folder {out} cannot be written. Choose another one or change its permissions.")
    space = search_space(space_name)
    classes = TaskClasses.beside(train)
    rows = read_real_rows(train, classes, space)
    if evaluate is not None:
        learned, held_out = rows, read_real_rows(evaluate, classes, space)
        shared = len(set(learned.keys()) & set(held_out.keys()))
        if shared:
            click.echo(f"note: {shared} rows of {evaluate} are in {train} too, so they are not held out", err=True)
    else:
        learned, held_out = (rows.take(picked) for picked in stored_split(rows))
    for part in (learned, held_out):
        if part.block_from != "column":
            click.echo(f"note: {part.source} has no column block; protocols told by its {part.block_from}", err=True)
    click.echo(f"learning from {len(learned)} rows, predicting {len(held_out)}", err=True)
    found = evaluate_real_rows(space, learned, held_out, progress=_tell)
    text = json.dumps(found, indent=1, allow_nan=False)
    click.echo(text)
    if out is not None:
        with atomic_write(out / _FILE, "w") as file:
            file.write(text + "\n")


def _tell(step: int, loss: float) -> None:
    if step % 10 == 0:
        click.echo(f"kernel: step {step}, loss {loss:.4f}", err=True)
