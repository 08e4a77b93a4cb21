"""`pomonag train denoiser | predictors | reference`: makes the checkpoints that ship."""

from __future__ import annotations

from pathlib import Path

import click

from pomonag.commands.shared import Command, data_dir_option

_out = click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False),
    help="Folder of checkpoints; pomonag/assets/checkpoints in a checkout is where the shipped ones lie.",
)  # fmt: skip
_space = click.option("--space", "space_name", default="nb201", show_default=True, help="Search space.")


@click.group()
def train() -> None:
    """Train again what ships: seconds for the denoiser, minutes for the rest."""


@train.command(cls=Command, epilog="Example:\n\n  pomonag train denoiser --out checkpoints/\n")
@_space
@_out
def denoiser(space_name: str, out: Path) -> None:
    """The fast mode's generator; needs no data."""
    from pomonag.checkpoint_making import make_denoiser
    from pomonag.spaces import search_space

    made = make_denoiser(search_space(space_name), out, bar)
    click.echo(f"{made.path}: validity {made.header['validity']:.1%}, {made.header['took']['seconds']:.0f} s")


@train.command(
    cls=Command,
    epilog="Examples:\n\n  pomonag train predictors --out checkpoints/\n"
    "  pomonag train predictors --set without_cifar10 --out checkpoints/\n",
)
@_space
@click.option("--set", "set_name", default="shipped", show_default=True, help="Which labels the predictors may see.")
@data_dir_option
@_out
def predictors(space_name: str, set_name: str, out: Path) -> None:
    """The fast mode's predictors of accuracy and costs; most sets need POMONAG_DATA_DIR."""
    from pomonag.checkpoint_making import make_predictors
    from pomonag.spaces import search_space

    made = make_predictors(search_space(space_name), set_name, out, bar)
    click.echo(f"{made.path}: {made.header['labels']}, {made.header['seconds']:.0f} s")


@train.command(
    cls=Command,
    epilog="""Examples (stopped trainings go on where they were):

  pomonag train reference --out checkpoints/
  pomonag train reference --part score --out checkpoints/
""",
)
@_space
@click.option("--part", multiple=True, help="score, accuracy, params, macs, latency_ms; all of them by default.")
@_out
def reference(space_name: str, part: tuple[str, ...], out: Path) -> None:
    """DiffusionNAG's networks with a lite schedule, for the reference mode."""
    from pomonag.checkpoint_making import make_reference

    for path in make_reference(space_name, part, out):
        click.echo(str(path))


def bar(title: str, steps: int, step: int, loss: float) -> None:
    """One line a report; trainings are too short for more."""
    click.echo(f"{title} {step}/{steps}, loss {loss:.4f}", err=True)
