"""`pomonag generate`: images in, fronts out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pomonag.commands.shared import Command, check_writable, data_dir_option
from pomonag.errors import UserError, unknown_name

if TYPE_CHECKING:
    from rich.console import Console

OBJECTIVES = ("accuracy", "params", "macs", "latency")
MOST = 100_000


@click.command(
    cls=Command,
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
@click.option("--encoding", help="How matrices are read, such as pomonag_strict; the space's own way by default.")
@click.option("--objectives", default=",".join(OBJECTIVES), show_default=True, help="What guides the generator.")
@click.option("--budget", help='Bounds that every architecture keeps, such as "params<0.5M, latency_ms<12".')
@click.option("--device-latency", metavar="NAME|FILE", help="A device's measured latencies instead of predicted ones.")
@click.option("--accuracy", type=click.Choice(["full", "lite"]), help="Which training the accuracy is of: the "
              "full one (default on nb201) or ours of a few seconds (all there is on mbv3).")  # fmt: skip
@click.option("--factors", type=click.Path(path_type=Path, dir_okay=False),
              help="Scaling factors that `pomonag train factors` wrote, instead of the mode's own.")  # fmt: skip
@click.option("--encoder", default="efficientnet_lite0", show_default=True,
              help="Image encoder that the predictors know, or precomputed:FILE with its features.")  # fmt: skip
@data_dir_option
@click.option("--output", type=click.Path(path_type=Path), help="Write the result as JSON.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw the fronts as .png, .svg or .pdf.")
def generate(
    images: str,
    space_name: str,
    count: int,
    seed: int,
    mode: str,
    encoding: str | None,
    objectives: str,
    budget: str | None,
    device_latency: str | None,
    accuracy: str | None,
    factors: Path | None,
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
    phases: Any = "default"
    if factors is not None:
        from pomonag.guidance.factor_files import load_factors

        phases = load_factors(factors, space.name, mode)
    if device_latency is not None:
        from pomonag.evaluation.device_latency import device_latency as latencies_of

        latencies_of(device_latency, space)
    data = load_images(images, seed=seed)
    screen, aside = _consoles()
    for notice in data.notices:
        aside.print(f"note: {notice}", markup=False, highlight=False, soft_wrap=True)
    from pomonag import search

    # Shown on terminals only.
    with aside.status("loading") as status:
        found = search.generate(
            space,
            data,
            count=count,
            seed=seed,
            mode=mode,
            encoding=encoding,
            objectives=chosen,
            budget=limits,
            device_latency=device_latency,
            accuracy=accuracy,
            factors=phases,
            encoder=encoder,
            progress=status.update,
        )
    result = found.to_json()
    from pomonag.deploy.result_tables import print_result

    try:
        print_result(result, screen)
    finally:
        # A reader of the tables who goes away does not cost the files, nor does one file cost the other.
        # If both are refused, the result's message is the one to end with.
        try:
            if plot is not None:
                from pomonag.deploy.front_plot import draw_front

                draw_front(result, plot)
        finally:
            if output is not None:
                _write_result(result, output, screen)


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
