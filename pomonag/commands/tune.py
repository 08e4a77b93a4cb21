"""`pomonag meta-dataset tune`: the search for a training pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from pomonag.commands.shared import Command, data_dir_option


@click.command(
    "tune",
    cls=Command,
    epilog="""Example (the same command again goes on where it ended, whatever ended it):

  pomonag meta-dataset tune --space nb201 --profile lite --workers 2 --out tuning/
""",
)
@click.option("--space", default="nb201", show_default=True, help="Search space: nb201 or mbv3.")
@click.option(
    "--profile",
    default="lite",
    show_default=True,
    help="lite: a tenth of the epochs, small images and networks; paper: in full.",
)
@click.option("--steps", default=50, show_default=True, type=click.IntRange(1), help="Finished trials for each pair.")
@click.option("--pairs", default=5, show_default=True, type=click.IntRange(1), help="Pairs of architecture and task.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Draws the pairs.")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder of the tuning.")
@click.option("--workers", type=click.IntRange(1), help="Processes; by default one a core.")
@data_dir_option
def tune(space: str, profile: str, steps: int, pairs: int, seed: int, out: Path, workers: int | None) -> None:
    """Search the paper's Table 7 for a training pipeline; resumable.

    Optuna's TPE and Hyperband, a study a pair. Prints the pipeline that the studies make together beside the paper's
    Table 8, and writes outcome.json, importance.svg and history.svg.
    """
    from rich.console import Console
    from rich.progress import Progress

    from pomonag.meta_dataset.tuning.run import PipelineTuning, tune_pipelines

    config = PipelineTuning(space, profile, steps, pairs, seed)
    with Progress(console=Console(stderr=True)) as bar:
        trials = bar.add_task("trials", total=steps * pairs)
        outcome = tune_pipelines(
            config, out, workers=workers, progress=lambda done, total: bar.update(trials, completed=done, total=total)
        )
    for line in _lines(outcome):
        click.echo(line)
    click.echo(f"written: {out}/outcome.json, importance.svg, history.svg")


def _lines(outcome: Mapping[str, Any]) -> list[str]:
    shares = outcome["importances"] or {}
    lines = [f"{'setting':18}{'tuned':>22}{'Table 8':>22}{'importance':>12}"]
    for name, tuned in outcome["combined"].items():
        share = f"{shares[name]:.2f}" if name in shares else "–"
        lines.append(f"{name:18}{_text(tuned):>22}{_text(outcome['table_8'][name]):>22}{share:>12}")
    lines += [f"mean validation accuracy, {words}" for words in _recipe_lines(outcome)]
    if outcome["divisor"] > 1:
        lines.append(f"Epochs are divided by {outcome['divisor']}: a pipeline for trainings of this size.")
    return lines


def _recipe_lines(outcome: Mapping[str, Any]) -> list[str]:
    """What the tuned pipeline and Table 8's reached, on images that the search had not drawn."""
    lines = []
    for name, label in (("combined", "tuned"), ("table_8", "Table 8's at this size")):
        reached = outcome["recipes"][name]
        whole = [accuracy for accuracy in reached if accuracy is not None]
        mean = f"{sum(whole) / len(whole):.1f} %" if whole else "none"
        lost = f", {len(reached) - len(whole)} diverged" if len(whole) < len(reached) else ""
        lines.append(f"{label}: {mean} over {len(whole)} pairs{lost}")
    return lines


def _text(value: Any) -> str:
    return "–" if value is None or value == 0 else f"{value:g}" if isinstance(value, float) else str(value)
