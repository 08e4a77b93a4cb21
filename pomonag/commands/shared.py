"""What the commands share: help that ends with examples, and paths that are checked before anything is computed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import click

from pomonag.data.sources import VARIABLE
from pomonag.errors import UserError


class Command(click.Command):
    """Keeps the examples' lines as they are written."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.epilog:
            formatter.write_paragraph()
            formatter.write(self.epilog.rstrip() + "\n")


class Group(Command, click.Group):
    """A group whose help ends with examples."""


def _use_data_dir(context: click.Context, parameter: click.Parameter, value: Path | None) -> None:
    if value is not None:
        os.environ[VARIABLE] = str(value)


data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    callback=_use_data_dir,
    expose_value=False,
    help=f"Folder of measured data, instead of {VARIABLE}.",
)


def _is_stream(path: Path) -> bool:
    """Whether the path leads to an open file of some process, as `/dev/stdout` does: a rename would break it."""
    for _ in range(40):  # as many links as the kernel follows
        path = Path(os.path.realpath(path.parent), path.name)
        if path.parts[1:2] == ("proc",):
            return True
        if not path.is_symlink():
            return False
        path = path.parent / path.readlink()
    return False


def check_writable(path: Path) -> None:
    """UserError now for a path that could not be written after the computation."""
    if str(path) == "-" or _is_stream(path):
        raise UserError(f"{path} is a stream, expected the path of a file to write, which appears whole or not at all.")
    try:
        # A link stays, and what it leads to is written.
        if path.is_symlink():
            path = Path(os.path.realpath(path))
        if path.exists() and not stat.S_ISREG(path.stat().st_mode):
            raise UserError(f"{path} is not a plain file, expected the path of a file to write.")
        if not path.parent.is_dir():
            raise UserError(f"the folder {path.parent} of {path.name} does not exist. Make it first.")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}.") from None
    if not os.access(path.parent, os.W_OK):
        raise UserError(f"the folder {path.parent} cannot be written. Choose another one or change its permissions.")
