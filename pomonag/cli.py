"""`pomonag generate | meta-dataset | data`: reads options, calls the library, prints. Heavy imports come late."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pomonag import __version__
from pomonag.errors import UserError, unknown_name

if TYPE_CHECKING:
    from rich.console import Console

OBJECTIVES = ("accuracy", "params", "macs", "latency")
MOST = 100_000


class _Command(click.Command):
    """Keeps the examples' lines as they are written."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.epilog:
            formatter.write_paragraph()
            formatter.write(self.epilog.rstrip() + "\n")


class _Group(_Command, click.Group):
    """A group whose help ends with examples."""


@click.group(
    cls=_Group,
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


@pomonag.command(
    cls=_Command,
    epilog="""Examples:

  pomonag generate --images digits
  pomonag generate --images photos/ --count 512 --output result.json --plot front.png
  pomonag generate --images data.npz --budget "params<0.5M, latency_ms<12"
  pomonag generate --images digits --objectives accuracy,latency --device-latency pixel3
""",
)
@click.option("--images", required=True, help="Folder with a sub-folder a class, .npz file, or digits.")
@click.option("--space", "space_name", default="nb201", show_default=True, help="Search space.")
@click.option(
    "--count", default=256, show_default=True, type=click.IntRange(1, MOST), help="Architectures to generate."
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**63 - 1), help="Same seed, same result.")
@click.option("--mode", default="fast", show_default=True, type=click.Choice(["fast", "reference"]))
@click.option("--objectives", default=",".join(OBJECTIVES), show_default=True, help="What guides the generator.")
@click.option("--budget", help='Bounds that every architecture keeps, such as "params<0.5M, latency_ms<12".')
@click.option("--device-latency", metavar="NAME|FILE", help="A device's measured latencies instead of predicted ones.")
@click.option("--accuracy", default="full", show_default=True, type=click.Choice(["full", "lite"]),
              help="Which training the accuracy is predicted of: the full one or ours of a few seconds.")  # fmt: skip
@click.option("--encoder", default="efficientnet_lite0", show_default=True, help="Image encoder.")
@click.option("--output", type=click.Path(path_type=Path), help="Write the result as JSON.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw the fronts as .png, .svg or .pdf.")
def generate(
    images: str,
    space_name: str,
    count: int,
    seed: int,
    mode: str,
    objectives: str,
    budget: str | None,
    device_latency: str | None,
    accuracy: str,
    encoder: str,
    output: Path | None,
    plot: Path | None,
) -> None:
    """Generate architectures for a set of images, and print their Pareto fronts."""
    # Everything that can be refused is refused before the first second of computing.
    from pomonag.data.image_datasets import load_images
    from pomonag.pareto.budget import parse_budget

    chosen = parse_objectives(objectives)
    limits = parse_budget(budget)
    for path in (output, plot):
        if path is not None:
            check_writable(path)
    if plot is not None:
        from pomonag.deploy.front_plot import check_plot_path

        check_plot_path(plot)
    from pomonag.spaces import search_space

    space = search_space(space_name)
    data = load_images(images, seed=seed)
    screen, aside = _consoles()
    for notice in data.notices:
        aside.print(f"note: {notice}", markup=False, highlight=False)
    from pomonag import search

    result = search.generate(
        space,
        data.images,
        data.labels,
        count=count,
        seed=seed,
        mode=mode,
        objectives=chosen,
        budget=limits,
        device_latency=device_latency,
        accuracy=accuracy,
        encoder=encoder,
    ).to_json()
    result["images"] = {
        "source": data.source,
        "classes": len(data.classes),
        "sha256": data.sha256,
        "notices": list(data.notices),
    }
    from pomonag.deploy.result_tables import print_result

    try:
        print_result(result, screen)
    finally:
        # A reader of the tables who goes away does not cost the files.
        if output is not None:
            _write_result(result, output, screen)
        if plot is not None:
            from pomonag.deploy.front_plot import draw_front

            draw_front(result, plot)


def parse_objectives(text: str) -> tuple[str, ...]:
    """The objectives named in `text`, which must have accuracy among them."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in OBJECTIVES:
            raise unknown_name("objective", name, OBJECTIVES)
    if len(set(names)) < len(names):
        raise UserError(f"the objectives {text!r} name one twice, expected each once.")
    if "accuracy" not in names:
        raise UserError(f"the objectives {text!r} lack accuracy, expected accuracy and any of the costs.")
    return names


def check_writable(path: Path) -> None:
    """UserError now for a path that could not be written after the computation."""
    import os

    try:
        if path.exists() and not stat.S_ISREG(path.stat().st_mode):
            raise UserError(f"{path} is not a plain file, expected the path of a file to write.")
        if not path.parent.is_dir():
            raise UserError(f"the folder {path.parent} of {path.name} does not exist. Make it first.")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}.") from None
    if not os.access(path.parent, os.W_OK):
        raise UserError(f"the folder {path.parent} cannot be written. Choose another one or change its permissions.")


def _write_result(result: dict[str, Any], path: Path, screen: Console) -> None:
    from pomonag.records.files import atomic_write

    text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    try:
        with atomic_write(path, "w") as file:
            file.write(text)
    except UserError:
        # A full disk must not cost the result.
        screen.out(text, end="", highlight=False)
        raise


def _consoles() -> tuple[Console, Console]:
    """For results and for notes. Wide where the output is read by a program."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else 160
    return Console(width=width, highlight=False, soft_wrap=False), Console(stderr=True, highlight=False)


@pomonag.group("meta-dataset")
def meta_dataset() -> None:
    """Measure architectures on small tasks, for the predictors to learn from."""


@meta_dataset.command(
    "build",
    cls=_Command,
    epilog="""Example (the same command again goes on where it ended, whatever ended it):

  pomonag meta-dataset build --rows 300 --out rows/ --executor processes --workers 2
""",
)
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder of the rows.")
@click.option("--rows", default=1000, show_default=True, type=click.IntRange(1), help="Rows in all.")
@click.option("--repeats", default=0, show_default=True, type=click.IntRange(0), help="Rows measured once more.")
@click.option("--executor", "executor_name", default="serial", show_default=True, help="serial or processes.")
@click.option("--workers", type=click.IntRange(1), help="Processes; by default one a core.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Instead of POMONAG_DATA_DIR.")
def build(out: Path, rows: int, repeats: int, executor_name: str, workers: int | None, data_dir: Path | None) -> None:
    """Train and time architectures on tasks, one row each; resumable."""
    from pomonag.execution.executor import executor
    from pomonag.meta_dataset.builder import BuildConfig, build_meta_dataset

    config = BuildConfig(rows=rows, repeats=repeats)
    summary = build_meta_dataset(config, executor(executor_name, workers), out, data_dir=data_dir)
    click.echo(
        f"{summary.measured} rows measured in {summary.seconds:.0f} s, {summary.skipped} were there, "
        f"{summary.failed} failed; {summary.sharded} in shards."
    )


@meta_dataset.command("check")
@click.argument("folder_or_space", default="nb201")
def check(folder_or_space: str) -> None:
    """Check the rows of a folder, or those that ship for a space."""
    from pomonag.meta_dataset.check import check_meta_dataset
    from pomonag.meta_dataset.schema import SHIPPED

    shipped = SHIPPED / folder_or_space
    report = check_meta_dataset(shipped if shipped.is_dir() else folder_or_space)
    if not report.rows:
        raise UserError(f"{folder_or_space} has no rows, expected a folder of rows-*.parquet or a space's name.")
    click.echo(
        f"{report.rows} rows, {report.failed} of them failed; "
        f"{report.tasks} tasks, {report.architectures} architectures."
    )
    for warning in report.warnings:
        click.echo(f"to be looked at: {warning}")
    if report.problems:
        raise UserError("\n  ".join([f"{len(report.problems)} problems:", *report.problems[:20]]))


@pomonag.group()
def data() -> None:
    """What data there is, and embeddings of images."""


@data.command("list")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Instead of POMONAG_DATA_DIR.")
def list_data(data_dir: Path | None) -> None:
    """Say which measured data is there, and where to get the rest."""
    import os

    from pomonag.data import sources
    from pomonag.predictors.embeddings import shipped_embeddings

    if data_dir is not None:
        os.environ[sources.VARIABLE] = str(data_dir)
    click.echo(f"Shipped embeddings: {', '.join(shipped_embeddings())}")
    click.echo(f"{sources.VARIABLE}: {os.environ.get(sources.VARIABLE) or 'not set'}")
    for name, what in sources.OUTSIDE_FILES.items():
        try:
            size = sources.data_path(name).stat().st_size
            click.echo(f"  there    {name} ({size / 1e6:.1f} MB)")
        except sources.DataMissing:
            click.echo(f"  missing  {name}: {what}")


@data.command(
    "embed", cls=_Command, epilog="Example:\n\n  pomonag data embed --images digits --output digits.safetensors\n"
)
@click.option("--images", required=True, help="Folder with a sub-folder a class, .npz file, or digits.")
@click.option("--output", required=True, type=click.Path(path_type=Path), help="File that ends with .safetensors.")
@click.option("--encoder", default="efficientnet_lite0", show_default=True, help="Image encoder.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Chooses 20 images of each class.")
def embed(images: str, output: Path, encoder: str, seed: int) -> None:
    """Write the features of a set of images, for the encoder precomputed:FILE."""
    from pomonag.data.image_datasets import load_images
    from pomonag.predictors.dataset_encoder import dataset_encoder
    from pomonag.predictors.embeddings import write_embedding

    if output.suffix != ".safetensors":
        raise UserError(f"{output} does not end with .safetensors, the only format written.")
    check_writable(output)
    loaded = load_images(images, seed=seed)
    for notice in loaded.notices:
        click.echo(f"note: {notice}", err=True)
    shape = write_embedding(loaded, dataset_encoder(encoder), output, seed).shape
    click.echo(f"{output}: {shape[0]} classes, {shape[1]} images each, {shape[2]} features")
