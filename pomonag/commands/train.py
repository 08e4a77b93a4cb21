"""`pomonag train denoiser | predictors | reference | factors | encoder | supernet`: makes what ships."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pomonag.commands.shared import Command, check_writable, data_dir_option
from pomonag.commands.supernet import supernet, supernet_reliability
from pomonag.errors import UserError

_out = click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False),
    help="Folder of checkpoints; pomonag/assets/checkpoints in a checkout is where the shipped ones lie.",
)  # fmt: skip
_space = click.option("--space", "space_name", default="nb201", show_default=True, help="Search space.")


@click.group()
def train() -> None:
    """Train again what ships: seconds for the denoiser, hours for super-networks, minutes for the rest."""


train.add_command(supernet)
train.add_command(supernet_reliability)


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
    "  pomonag train predictors --set without_cifar10 --out checkpoints/\n"
    "  pomonag train predictors --rows TRAIN.csv.gz --evaluate EVAL.csv.gz\n",
)
@_space
@click.option("--set", "set_name", default="shipped", show_default=True, help="Which labels the predictors may see.")
@click.option("--rows", type=click.Path(path_type=Path), help="Instead: measured rows of ImageNet32 tasks, with "
              "tasks.csv.gz beside them; prints how well others of them are predicted, as JSON.")  # fmt: skip
@click.option("--evaluate", type=click.Path(path_type=Path), help="The rows to predict. Default: 400 of --rows.")
@data_dir_option
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder of checkpoints, as in the other "
              "commands; with --rows not needed, and the JSON is written there too.")  # fmt: skip
def predictors(space_name: str, set_name: str, rows: Path | None, evaluate: Path | None, out: Path | None) -> None:
    """The fast mode's predictors of accuracy and costs; most sets need POMONAG_DATA_DIR."""
    if rows is not None:
        if set_name != "shipped":
            raise UserError(f"got --set {set_name} with --rows; a set's labels are its own, so give one of the two")
        from pomonag.commands.train_real_rows import evaluate_and_print

        return evaluate_and_print(space_name, rows, evaluate, out)
    if evaluate is not None:
        raise UserError("got --evaluate without --rows; expected the rows to learn from as --rows TRAIN.csv.gz")
    if out is None:
        raise click.UsageError("Missing option '--out': the folder of checkpoints.")
    from pomonag.checkpoint_making import make_predictors
    from pomonag.spaces import search_space

    made = make_predictors(search_space(space_name), set_name, out, bar)
    click.echo(f"{made.path}: {made.header['labels']}, {made.header['seconds']:.0f} s")


@train.command(
    cls=Command,
    epilog="""Examples (stopped trainings go on where they were):

  pomonag train reference --out checkpoints/
  pomonag train reference --part score --out checkpoints/
  pomonag train reference --space mbv3 --encoding diffusionnag --part score --part accuracy --out checkpoints/
""",
)
@_space
@click.option("--encoding", help="Matrices to train on, such as diffusionnag's of mbv3; the space's own by default.")
@click.option("--part", multiple=True, help="score, accuracy, params, macs, latency_ms; all of them by default.")
@_out
def reference(space_name: str, encoding: str | None, part: tuple[str, ...], out: Path) -> None:
    """DiffusionNAG's networks with a lite schedule, for the reference mode."""
    from pomonag.checkpoint_making import make_reference
    from pomonag.reference.spaces import reference_space
    from pomonag.spaces import search_space

    settings = reference_space(space_name, encoding or search_space(space_name).encoding.name)
    for path in make_reference(settings, part, out):
        click.echo(str(path))


@train.command(
    cls=Command,
    epilog="""Examples (with a journal a stopped search goes on where it was):

  pomonag train factors --out factors.json --journal factors.journal
  pomonag generate --images digits --factors factors.json
""",
)
@_space
@click.option("--mode", default="fast", show_default=True, type=click.Choice(["fast", "reference"]))
@click.option("--trials", default=100, show_default=True, type=click.IntRange(1), help="Trials for each of two phases.")
@click.option("--quality", default="hypervolume", show_default=True, type=click.Choice(["hypervolume", "accuracy"]),
              help="Of predicted fronts: hypervolume, or the paper's mean accuracy.")  # fmt: skip
@click.option("--dataset", "judged", multiple=True, metavar="NAME:SET", help="Data set with a shipped embedding, or a "
              "task, and the checkpoint set that guides and judges on it. Default: the two CIFARs and two held-out "
              "tasks, by predictors that never saw the data set's accuracies.")  # fmt: skip
@click.option("--accuracy", type=click.Choice(["full", "lite"]), help="Default: full where the space's sets know it.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0))
@click.option("--reference-steps", default=1000, show_default=True, type=click.IntRange(2))
@click.option("--journal", type=click.Path(path_type=Path, dir_okay=False), help="Keeps the search's trials.")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="File for the factors.")
def factors(
    space_name: str,
    mode: str,
    trials: int,
    quality: str,
    judged: tuple[str, ...],
    accuracy: str | None,
    seed: int,
    reference_steps: int,
    journal: Path | None,
    out: Path,
) -> None:
    """The two phases' scaling factors, by TPE and Hyperband over four data sets (POMONAG Sec. 3.4)."""
    check_writable(out)
    from pomonag.guidance.factor_files import save_factors
    from pomonag.spaces import search_space
    from pomonag.tuning import FactorTuning, tune

    pairs = [pair.partition(":") for pair in judged]
    if any(not known for _, _, known in pairs):
        raise UserError(f"got --dataset {' '.join(judged)}; expected NAME:SET, such as cifar10:without_cifar10")
    space = search_space(space_name)
    settings: dict[str, Any] = {"accuracy": accuracy} if accuracy else {}
    if pairs:
        settings |= {"datasets": tuple(p[0] for p in pairs), "predictors": tuple(p[2] for p in pairs)}
    config = FactorTuning.of(
        space, mode=mode, quality=quality, trials=trials, seed=seed, reference_steps=reference_steps, **settings
    )

    def tell(phase: str, done: int, of: int, best: float) -> None:
        if done % 10 == 0 or done == of:
            click.echo(f"{phase}: {done} of {of} trials, best {quality} {best:.4f}", err=True)

    phases, about = tune(space, config, journal, tell)
    save_factors(out, space.name, mode, phases, about)
    for phase, k in phases.items():
        click.echo(f"{phase}: accuracy {k.accuracy:.3g}, params {k.params:.3g}, macs {k.macs:.3g}, "
                   f"latency {k.latency:.3g}")  # fmt: skip
    click.echo(f"{out}: {about['seconds']:.0f} s")


@train.command(cls=Command, epilog="Example:\n\n  pomonag train encoder --out tiny.safetensors\n")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0))
@data_dir_option
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="File for the weights; "
              "pomonag/assets/encoders/tiny.safetensors in a checkout is what ships.")  # fmt: skip
def encoder(seed: int, out: Path) -> None:
    """The image encoder `tiny`, from nothing, on mini-ImageNet32's training classes: minutes on one thread."""
    check_writable(out)
    from pomonag.predictors.tiny_encoder_training import make_tiny_encoder

    header = make_tiny_encoder(out, seed=seed)
    click.echo(f"{out}: {header['accuracy']:.1f} % of {header['images']['tested_on']:,} images left out put into their "
               f"class of {len(header['images']['classes'])}, {header['seconds']:.0f} s")  # fmt: skip


def bar(title: str, steps: int, step: int, loss: float) -> None:
    """One line a report; trainings are too short for more."""
    click.echo(f"{title} {step}/{steps}, loss {loss:.4f}", err=True)
