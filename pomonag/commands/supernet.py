"""`pomonag train supernet | supernet-reliability`: weights that a space's architectures share, and their worth."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from pomonag.commands.shared import Command, check_writable, data_dir_option
from pomonag.errors import UserError

FILE = "reliability.json"
_space = click.option("--space", "space_name", default="mbv3", show_default=True, help="Search space.")
_rows = click.option("--rows", help="Meta-dataset of trainings from scratch to compare with: a folder, or the name of "
                     "one that ships. Default: the space's, where it ships.")  # fmt: skip
_count = click.option("--sub-networks", default=100, show_default=True, type=click.IntRange(4),
                      help="So many of each super-network are judged.")  # fmt: skip
_out = click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder of the "
                    "weights; pomonag/assets/supernets/mbv3 in a checkout is where the shipped ones lie.")  # fmt: skip


@click.command(
    cls=Command,
    epilog="""Examples (the same command again goes on where it was stopped):

  pomonag train supernet --minutes 120 --out supernets/
  pomonag train supernet --minutes 120 --part w1.0 --out supernets/     # and w1.2 beside it, on another core
""",
)
@_space
@click.option("--part", help="One of the space's super-networks, such as w1.0 (default: one after the other).")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="CPU minutes for each super-network.")
@click.option("--epochs", type=click.IntRange(1), help="Instead of minutes: exactly so many, to repeat a training.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0))
@_rows
@_count
@data_dir_option
@_out
def supernet(
    space_name: str,
    part: str | None,
    minutes: float | None,
    epochs: int | None,
    seed: int,
    rows: str | None,
    sub_networks: int,
    out: Path,
) -> None:
    """Super-networks on mini-ImageNet32's training classes, by the sandwich rule, and their reliability; resumable."""
    import torch

    from pomonag.evaluation.supernet_making import Length, make_super_network, parts_of

    torch.set_num_threads(1)
    parts, length = parts_of(space_name, part), Length(minutes, epochs)
    out.mkdir(parents=True, exist_ok=True)
    check_writable(out / FILE)
    _comparison(space_name, rows)  # a wrong name is an error now, not after hours
    for one in parts:
        with _bar() as bar:
            header = make_super_network(space_name, one, out, length, seed, report=_told(bar, one))
        last = header["curve"][-1]
        click.echo(f"{out / one}.safetensors: {header['settings']['recipe']['epochs']} epochs, "
                   f"{header['cpu_seconds'] / 60:.1f} CPU min, largest {last['largest_accuracy']:.1f} %, "
                   f"smallest {last['smallest_accuracy']:.1f} %")  # fmt: skip
    _judge(space_name, out, rows, sub_networks)


@click.command(
    "supernet-reliability", cls=Command, epilog="Example:\n\n  pomonag train supernet-reliability --out supernets/\n"
)
@_space
@_rows
@_count
@data_dir_option
@_out
def supernet_reliability(space_name: str, rows: str | None, sub_networks: int, out: Path) -> None:
    """How well super-networks that are trained already rank: with themselves, and with trainings from scratch."""
    import torch

    torch.set_num_threads(1)
    check_writable(out / FILE)
    _judge(space_name, out, rows, sub_networks)


def _judge(space_name: str, out: Path, rows: str | None, sub_networks: int) -> None:
    """Write `reliability.json` on the weights that are in the folder, and print it."""
    from pomonag.evaluation.supernet import SupernetEvaluator
    from pomonag.evaluation.supernet_making import parts_of
    from pomonag.meta_dataset.supernet_reliability import supernet_reliability
    from pomonag.records.files import atomic_write
    from pomonag.records.provenance import provenance
    from pomonag.training.supernet_files import weights_file

    parts = [one for one in parts_of(space_name) if weights_file(out, one).exists()]
    if not parts:
        raise UserError(f"no super-network of {space_name} in {out}; train one with `pomonag train supernet`")
    evaluator = SupernetEvaluator(space_name, out)
    found = supernet_reliability(evaluator, parts, _comparison(space_name, rows), sub_networks, track=_track)
    with atomic_write(out / FILE, "w") as file:
        file.write(json.dumps({**found, "provenance": provenance()}, indent=1) + "\n")
    for name, group in found["groups"].items():
        accuracy, scratch = group["accuracy"], group["from_scratch"]
        line = (f"{name}: accuracy {accuracy['mean']:.1f} % (sd {accuracy['sd']:.2f}), split-half "
                f"{accuracy['split_half']:.2f} (loss {group['loss']['split_half']:.2f})")  # fmt: skip
        if scratch:
            line += (f", with {scratch['sub_networks']} trained from scratch {scratch['accuracy']:.2f} "
                     f"(MACs alone {scratch['macs']:.2f})")  # fmt: skip
        click.echo(line)
    click.echo(str(out / FILE))


def _comparison(space_name: str, rows: str | None) -> Any:
    """The meta-dataset's rows, or None where none was asked for and none ships."""
    from pomonag.meta_dataset.schema import SHIPPED, meta_dataset, shard_paths

    if rows is None and not shard_paths(SHIPPED / space_name):
        return None
    return meta_dataset(rows or space_name)


def _told(bar: Any, part: str) -> Callable[[Any], None]:
    """Moves a line of the bar to where a training stands."""
    line = bar.add_task(part, total=None)

    def tell(progress: Any) -> None:
        words = f"{part} loss {progress.largest_loss:.2f}, others {progress.others_loss:.2f}"
        bar.update(line, description=words, completed=progress.step, total=progress.steps)

    return tell


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))


def _track(steps: Iterable[Any], description: str, total: int) -> Iterable[Any]:
    from rich.console import Console
    from rich.progress import track

    return track(steps, description, total=total, console=Console(stderr=True))
