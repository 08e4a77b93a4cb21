"""`python -m benchmarks plan|run|nightly`: what there is to measure, measuring it, and watching that it stays so."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from benchmarks import runner, suites
from benchmarks.catalogue import write_catalogue
from benchmarks.runs import Run
from pomonag.errors import UserError
from pomonag.guarded import run_guarded
from reports.measurements import SHIPPED, RunRecord
from reports.nightly.history import HISTORY

_folder = click.Path(file_okay=False, path_type=Path)


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    for name, text in (
        ("dataset", "Only this data set."),
        ("configuration", "Only this configuration."),
        ("method", "Only this method."),
        ("table", "Only this table of the paper, or suite."),
    ):
        command = click.option(f"--{name}", multiple=True, help=f"{text} May be given several times.")(command)
    command = click.option("--smoke", is_flag=True, help="Only the named runs that take seconds.")(command)
    seeds, folder, file = click.IntRange(1), click.Path(file_okay=False, path_type=Path), click.Path(path_type=Path)
    command = click.option("--seeds", type=seeds, default=3, show_default=True, help="Repetitions.")(command)
    command = click.option("--results-dir", type=folder, default=SHIPPED, help="Where results are kept.")(command)
    return click.option("--catalogue", type=file, help="Also write all runs and what they lack to this file.")(command)


def _chosen(options: dict[str, Any]) -> list[Run]:
    everything = suites.all_runs()
    if options["catalogue"]:
        write_catalogue(everything, options["catalogue"])
    return suites.select(
        everything, **{name: options[name] for name in ("table", "method", "configuration", "dataset")}
    )


def _steps(options: dict[str, Any]) -> list[runner.Step]:
    chosen = _chosen(options)
    if options["smoke"]:
        chosen = suites.recomputed(chosen, options.get("sample", 0.0))
    seeds, fresh = options["seeds"], options.get("fresh", False)
    return runner.plan(chosen, options["results_dir"], seeds=seeds, fresh=fresh, say=_say)


def _say(text: str) -> None:
    click.echo(text, err=True)


@click.group(help=__doc__)
def main() -> None:
    """The commands below."""


@main.command()
@_options
def plan(**options: Any) -> None:
    """Print every run, what is done, what is missing, and the time that is left."""
    steps = _steps(options)
    by_run: dict[str, list[runner.Step]] = {}
    for step in steps:
        by_run.setdefault(step.run.key.id, []).append(step)
    table = Table("run", "values", "seeds done", "to do", box=None, pad_edge=False)
    for name, group in by_run.items():
        done = sum(step.status == "done" for step in group)
        left = [step for step in group if step.status == "to run"]
        lacking = next((step.missing for step in group if step.status == "not run"), ())
        status = f"NOT RUN: {' '.join(lacking)}" if lacking else duration(_left(left)) if left else ""
        table.add_row(name, str(len(group[0].run.quantities)), f"{done}/{len(group)}", status)
    # Not a terminal: no width to fit, so that a line of the listing stays one line.
    console = Console(width=None if sys.stdout.isatty() else 240, soft_wrap=False)
    console.print(table)
    to_run = [step for step in steps if step.status == "to run"]
    not_run = sum(step.status == "not run" for step in steps)
    console.print(
        f"{len(by_run)} runs, {len(steps)} with seeds: {len(steps) - len(to_run) - not_run} done, "
        f"{len(to_run)} to run (about {duration(_left(to_run))}), {not_run} NOT RUN for missing inputs."
    )


@main.command()
@_options
@click.option("--fresh", is_flag=True, help="Compute again what is already there.")
@click.option("--sample", type=click.FloatRange(0, 1), default=0.0, help="With --smoke, also a random share of others.")
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes that compute at once.")
@click.option("--next", "proposed", is_flag=True, help="Only the seeds that `python -m reports next` proposes.")
@click.option("--max-hours", type=click.FloatRange(0, min_open=True), help="With --next, what fits into so many hours.")
def run(**options: Any) -> None:
    """Compute what is missing; an interrupted run goes on where it stopped.

    Several of these commands may work in one folder at once: none computes what another one does.
    """
    if options["proposed"]:
        _run_next(options)
    elif options["max_hours"]:
        raise click.UsageError("--max-hours limits what --next proposes; give both")
    else:
        _run(_steps(options), options)


def _run_next(options: dict[str, Any]) -> None:
    """Runs the proposals, then says how verdicts changed."""
    from benchmarks.next_runs import changes, propose  # Judging takes a second to import.

    for name in ("smoke", "fresh", "sample"):
        if options[name]:
            raise click.UsageError(f"--next chooses runs and seeds by itself; leave out --{name}")
    hours, folder = options["max_hours"], options["results_dir"]
    found = propose(_chosen(options), folder, hours and 3600 * hours)
    for line in (*found.next.lines, *found.notes):
        click.echo(line)
    if found.steps:
        try:
            _run(found.steps, options)
        finally:
            for line in changes(found.judged, folder):
                click.echo(line)


def _run(steps: Sequence[runner.Step], options: dict[str, Any]) -> None:
    to_run = [step for step in steps if step.status == "to run"]
    for name, missing in sorted({(s.run.key.id, s.missing) for s in steps if s.status == "not run"}):
        click.echo(f"NOT RUN {name}: {' '.join(missing)}")
    click.echo(f"{len(to_run)} to run, about {duration(_left(to_run))}.")
    failed = 0
    for number, (step, result) in enumerate(_results(to_run, options["results_dir"], options["workers"]), start=1):
        line = f"[{number}/{len(to_run)}] {step.run.key.id} seed {step.seed}: "
        if isinstance(result, UserError):
            failed += 1
            click.echo(f"{line}FAILED: {result}")
        else:
            values = ", ".join(f"{v.metric} {v.value:.4g} {v.unit}".rstrip() for v in result.values[:4])
            who = ", computed by another process" if step.status == "done" else ""
            click.echo(f"{line}{values} ({result.wall_seconds:.1f} s{who})")
    if failed:
        raise UserError(f"{failed} of {len(to_run)} runs failed, see above; the others are kept.")


@main.command("nightly")
@click.option("--results-dir", type=_folder, help="A new folder for tonight's results; by default one under output/.")
@click.option("--history", type=_folder, default=HISTORY, show_default=True, help="Where the night is recorded.")
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True, help="Fixed seeds that are compared.")
@click.option("--max-hours", type=click.FloatRange(min=0), default=1.0, show_default=True, help="Hours at most.")
@click.option("--baseline", is_flag=True, help="Compute the accepted seeds anew instead, for this code and machine.")
def nightly_command(results_dir: Path | None, history: Path, seeds: int, max_hours: float, baseline: bool) -> None:
    """Repeat the smoke runs and compare with what is accepted; exit code 1 when a cell drifts or a part got slower.

    A value that differs by more than 1e-6 is a change; fresh seeds tell whether the change is a drift.
    """
    # PyTorch takes seconds to import: not for the other commands.
    from benchmarks import nightly
    from benchmarks.nightly_report import print_night
    from benchmarks.nightly_speed import speed_runs
    from reports.nightly.accepted import load_accepted
    from reports.nightly.accepting import NIGHTS
    from reports.nightly.baseline import BASELINE, rows_of, write_baseline

    runs = nightly.guarded(suites.all_runs())
    if baseline:
        records = nightly.compute_baseline(runs, results_dir or NIGHTS.parent / "baseline", _say)
        write_baseline(rows_of(records), BASELINE)
        click.echo(
            f"{BASELINE.name}: {len(records)} runs with seeds. They are what nights are compared with from now on."
        )
        return
    folder = results_dir or NIGHTS / time.strftime("%Y%m%dT%H%M%S")
    night = nightly.Nightly(load_accepted(), folder, history, seeds, max_hours, _say).run(runs, speed_runs())
    print_night(Console(width=None if sys.stdout.isatty() else 240, highlight=False), night, folder)
    raise SystemExit(night.exit_code)


def _results(
    steps: list[runner.Step], folder: Path, workers: int
) -> Iterator[tuple[runner.Step, RunRecord | UserError]]:
    try:
        yield from runner.execute(steps, folder, workers=workers, suite=suites.all_runs, say=_say)
    except runner.Unrecorded as error:
        # Hours of computing must not end in a full disk.
        click.echo(json.dumps(error.record.to_json()))
        raise UserError(f"{error} The result that could not be kept stands on standard output.") from error


def _left(steps: list[runner.Step]) -> float:
    return sum(step.run.estimated_seconds for step in steps)


def duration(seconds: float) -> str:
    """`45 s`, `3 min`, `1.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


if __name__ == "__main__":
    run_guarded(main, "interrupted; what was finished is kept, the same command goes on from there")
