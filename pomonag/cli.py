"""`pomonag generate | train | meta-dataset | data`. The commands import what is heavy when they run."""

from __future__ import annotations

import click

from pomonag import __version__
from pomonag.commands.data import data
from pomonag.commands.generate import generate
from pomonag.commands.meta_dataset import meta_dataset
from pomonag.commands.shared import Group
from pomonag.commands.train import train


@click.group(
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""Examples:

  pomonag generate --images photos/ --output result.json --plot front.png
  pomonag meta-dataset build --rows 300 --out rows/
  pomonag data list
""",
)
@click.version_option(__version__, prog_name="pomonag")
def pomonag() -> None:
    """Images in, Pareto-optimal neural networks out."""


for command in (generate, meta_dataset, train, data):
    pomonag.add_command(command)
