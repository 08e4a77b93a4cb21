"""`pomonag meta-dataset build | compact | check | tune`: the rows that predictors learn from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from pomonag.commands.shared import Command, data_dir_option
from pomonag.commands.tune import tune
from pomonag.errors import UserError


@click.group("meta-dataset")
def meta_dataset() -> None:
    """Measure architectures on small tasks, for the predictors to learn from."""


meta_dataset.add_command(tune)


@meta_dataset.command(
    "build",
    cls=Command,
    epilog="""Example (the same command again goes on where it ended, whatever ended it):

  pomonag meta-dataset build --rows 300 --out rows/ --executor processes --workers 2

Rows on your own images, a sub-folder for each of 40 classes or more:

  pomonag meta-dataset build --pool folder:pictures/ --split paper --out rows/

The rows of a build that is to go no further: pomonag meta-dataset compact --out rows/ --finish
""",
)
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder of the rows.")
@click.option(
    "--space", "space_name", default="nb201", show_default=True, help="Space of the architectures: nb201 or mbv3."
)
@click.option(
    "--profile",
    default="lite",
    show_default=True,
    help="lite: a reduced training of seconds. paper: the full network by the paper's pipeline, hours a row.",
)
@click.option(
    "--from-scratch", is_flag=True, help="With --profile paper: He-normal weights where it has ImageNet's (mbv3)."
)
@click.option("--rows", default=1000, show_default=True, type=click.IntRange(1), help="Rows in all.")
@click.option("--repeats", default=0, show_default=True, type=click.IntRange(0), help="Rows measured once more.")
@click.option(
    "--executor", "executor_name", default="serial", show_default=True, help="serial, processes, ray or submitit."
)
@click.option("--workers", type=click.IntRange(1), help="Processes; by default one a core.")
@click.option(
    "--pool",
    default="miniimagenet32",
    show_default=True,
    help="Images: miniimagenet32, imagenet32:FOLDER (official batch files) or folder:FOLDER (a sub-folder a class).",
)
@click.option(
    "--split",
    "split_name",
    help="Of each class: lite (2/3 train, 1/3 test), paper (80/10/10 %) or paper-a3 (1,000 train, 10 test). "
    "Default: that of the profile.",
)
@click.option("--tasks", type=click.IntRange(0), help="Training tasks; by default those of the space's plan.")
@click.option("--held-out-tasks", type=click.IntRange(0), help="Tasks of classes of their own; the same default.")
@data_dir_option
def build(
    out: Path,
    space_name: str,
    profile: str,
    from_scratch: bool,
    rows: int,
    repeats: int,
    executor_name: str,
    workers: int | None,
    pool: str,
    split_name: str | None,
    tasks: int | None,
    held_out_tasks: int | None,
) -> None:
    """Train and time architectures on tasks, one row each; resumable.

    Ends with code 2 where rows failed and none was measured; rows that failed beside measured ones are counted.
    """
    from pomonag.data.pools import absolute, open_pool
    from pomonag.data.splits import split_of
    from pomonag.evaluation.protocols import training_protocol
    from pomonag.execution.executor import executor
    from pomonag.meta_dataset.builder import BuildConfig, build_meta_dataset
    from pomonag.meta_dataset.compaction import JOURNAL
    from pomonag.meta_dataset.plan import lite_plan
    from pomonag.meta_dataset.progress import shown
    from pomonag.meta_dataset.schema import read_rows

    if from_scratch and profile != "paper":
        raise UserError(f"got --from-scratch with --profile {profile}, whose networks start from scratch anyway")
    protocol = training_protocol(profile, space_name, from_scratch=from_scratch)
    source = absolute(pool)
    opened = open_pool(source, track=shown())
    protocol = replace(
        protocol,
        pool=opened.name,
        split=split_of(split_name) if split_name else protocol.split,
    )
    plan = lite_plan(protocol.space)
    plan = replace(
        plan,
        training_tasks=plan.training_tasks if tasks is None else tasks,
        held_out_tasks=plan.held_out_tasks if held_out_tasks is None else held_out_tasks,
    )
    config = BuildConfig(rows=rows, repeats=repeats, plan=plan, protocol=protocol)
    summary = build_meta_dataset(config, executor(executor_name, workers), out, pool=source, opened=opened)
    if summary.in_vain:
        errors = [row.error for row in read_rows(out) if row.status == "failed"]
        raise UserError(
            f"all {summary.failed + summary.failed_before} rows that were tried failed, the last with {errors[-1]!r}; "
            f"{out / JOURNAL}/build.log has every error. Mend the cause and build into another folder: a row that "
            f"failed {config.attempts} times is not tried again."
        )
    before = f" ({summary.failed_before} more before)" if summary.failed_before else ""
    click.echo(
        f"{summary.measured} rows measured in {summary.seconds:.0f} s, {summary.skipped} were there, "
        f"{summary.failed} failed{before}; {summary.sharded} in shards."
    )


@meta_dataset.command(
    "compact",
    cls=Command,
    epilog="""Examples:

  pomonag meta-dataset compact --out rows/ --finish
  pomonag meta-dataset compact --space mbv3 --finish
""",
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder of a build.")
@click.option("--space", "space_name", help="Instead of --out: the space, nb201 or mbv3, whose shipped rows grow.")
@click.option("--finish", is_flag=True, help="Also make a smaller shard of what is left.")
def compact(out: Path | None, space_name: str | None, finish: bool) -> None:
    """Move measured rows from a build's journal into shards of 250, without measuring any."""
    from pomonag.meta_dataset import compaction
    from pomonag.meta_dataset.schema import SHIPPED, read_rows
    from pomonag.spaces import search_space

    if (out is None) == (space_name is None):
        raise UserError("expected either --space or --out: whose measured rows are to become shards")
    folder = out if out is not None else SHIPPED / search_space(str(space_name)).name
    if not (folder / compaction.JOURNAL).is_dir():
        raise UserError(
            f"{folder} has no journal of measured rows, expected the folder of a `pomonag meta-dataset build`. "
            "Name it with --out."
        )
    with compaction.alone(folder):
        written = compaction.compact(folder, finish=finish)
        waiting = len(compaction.state(folder)[0]) - len(read_rows(folder))
    names = ", ".join(path.name for path in written) or "none"
    hint = " (--finish makes a shard of them)" if waiting else ""
    click.echo(f"shards written: {names}; rows that wait in the journal: {waiting}{hint}")
    if written and (folder / "README.md").is_file():
        click.echo(f"The card's figures: python -m pomonag.meta_dataset.data_card {folder} --write")


@meta_dataset.command("check")
@click.argument("folder_or_space", default="nb201")
def check(folder_or_space: str) -> None:
    """Check the rows of a folder, or those that ship for a space."""
    from pomonag.meta_dataset.check import check_meta_dataset
    from pomonag.meta_dataset.schema import dataset_folder

    report = check_meta_dataset(dataset_folder(folder_or_space))
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
