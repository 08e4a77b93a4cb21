"""`python -m reports ...`: the report of the paper's tables, and the measurements under it as SQL and as files."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pomonag.errors import UserError
from pomonag.guarded import run_guarded
from reports import export, row_formats
from reports.measurement_table import measurement_table
from reports.measurements import SHIPPED

if TYPE_CHECKING:
    from reports.evidence import Evidence

# Of the paper's tables as files; `table_files.WRITERS` says how. Its import takes seconds, so not at the top.
FORMATS = ("csv", "markdown", "latex")

_folder = click.Path(file_okay=False, path_type=Path)
_there = click.Path(exists=True, file_okay=False, path_type=Path)
_file = click.Path(dir_okay=False, path_type=Path)
_results = click.option("--results-dir", type=_there, default=SHIPPED, help="The shipped results.")
_recomputed = click.option("--recomputed", type=_there, help="Also a folder of results that were recomputed.")
_output = click.option("--output", type=_file, default=Path("output/report.html"), show_default=True)


@click.group(help=__doc__)
def main() -> None:
    """The commands below."""


@main.command("paper-tables")
@_results
@_output
@click.option("--fresh", is_flag=True, help="Recompute everything that can run here, not only what takes seconds.")
def paper_tables(results_dir: Path, output: Path, fresh: bool) -> None:
    """Recompute the smoke set (or everything), compare, write the report and the paper's tables as files beside it.

    Exit code 1 when values disagree.
    """
    # Drawing needs torch and matplotlib, which take seconds to import: only where something is drawn.
    from reports import render
    from reports.evidence import gather

    # A new folder each time: what was computed before stays where it is and is not taken for new.
    scratch = output.parent / "recomputed" / time.strftime("%Y%m%dT%H%M%S")
    catalogue = scratch / "catalogue.json"
    scratch.mkdir(parents=True, exist_ok=True)
    code = recompute(scratch, catalogue, fresh)
    if code == 130:
        raise KeyboardInterrupt
    evidence = gather(results_dir, scratch, catalogue)
    render.write(evidence, output)
    _say(evidence, output)
    write_all_figures(evidence, output.parent / "figures")
    _write_tables(evidence, FORMATS, (), output.parent / "tables")
    if code:
        raise UserError(f"recomputing ended with exit code {code}, see above; {output} holds what there is.")
    if evidence.mismatches:
        for c in evidence.mismatches:
            click.echo(f"MISMATCH {c.cell} seed {c.seed}: shipped {c.shipped:.6g}, here {c.recomputed:.6g}", err=True)
        raise SystemExit(1)


@main.command("render")
@_results
@_output
def render_only(results_dir: Path, output: Path) -> None:
    """Write the report from the results that are there, without recomputing anything."""
    from reports import render
    from reports.evidence import gather

    evidence = gather(results_dir)
    render.write(evidence, output)
    _say(evidence, output)


@main.command("next")
@_results
@_recomputed
@click.option("--max-hours", type=click.FloatRange(0, min_open=True), help="Only what fits into so many hours.")
def next_runs(results_dir: Path, recomputed: Path | None, max_hours: float | None) -> None:
    """Say which cells would gain most from how many more seeds, and what those cost.

    One line a run: seeds, seconds as measured, the number of verdicts that they are expected to decide, cells.
    `python -m benchmarks run --next` runs them.
    """
    from reports.evidence import gather
    from reports.judgement import judge_all
    from reports.margins import load
    from reports.open_cells import what_next

    evidence = gather(results_dir, recomputed)
    _set_aside(evidence.problems)
    for line in what_next(judge_all(evidence), load(), max_hours and 3600 * max_hours).lines:
        click.echo(line)


@main.command()
def margins() -> None:
    """Print how far apart two values of each metric may lie and still be the same result."""
    from reports.margins import load

    rows = ((metric, margin.kind, margin.size) for metric, margin in load().by_metric.items())
    row_formats.write_table(("metric", "kind", "margin"), rows, sys.stdout)


@main.command("figures")
@_results
@_recomputed
@click.option("--format", "format_name", type=click.Choice(("svg", "pdf")), required=True)
@click.option("--out", type=_folder, required=True, help="The folder to write into.")
def figures(results_dir: Path, recomputed: Path | None, format_name: str, out: Path) -> None:
    """Write Figures 1 to 4 of the paper, drawn from our measurements: each whole, and each picture under panels/."""
    from reports.evidence import gather
    from reports.paper_figures.files import write_figures

    evidence = gather(results_dir, recomputed)
    _set_aside(evidence.problems)
    click.echo(f"{out}: {len(write_figures(evidence, out, format_name))} figures as {format_name.upper()}.")


@main.command("tables")
@click.option("--format", "format_name", type=click.Choice(FORMATS), required=True)
@click.option("--out", type=_folder, required=True, help="The folder to write into, one file a table.")
@click.option("--table", "names", multiple=True, help="Only this one: 1 to 8, text or settings; may be repeated.")
@_results
@_recomputed
def write_paper_tables(
    format_name: str, out: Path, names: tuple[str, ...], results_dir: Path, recomputed: Path | None
) -> None:
    """Write the paper's tables with our numbers and the verdicts, ready for a paper (LaTeX), a page or a spreadsheet.

    \b
    python -m reports tables --format latex --out tables
    python -m reports tables --format csv --out tables --table 4 --table text
    """
    from reports.evidence import gather

    evidence = gather(results_dir, recomputed)
    _set_aside(evidence.problems)
    _write_tables(evidence, (format_name,), names, out)


@main.command()
@click.argument("sql")
@_results
@_recomputed
@click.option(
    "--format", "format_name", type=click.Choice(sorted(row_formats.WRITERS)), default="table", show_default=True
)
def query(sql: str, results_dir: Path, recomputed: Path | None, format_name: str) -> None:
    """Ask the measurements and the paper's numbers in SQL (duckdb's); "-" reads it from standard input.

    Views: `measurements`, one row a value, and `paper`. Nothing can be written, and no file opened.

    \b
    python -m reports query 'SELECT cell, avg(value), count(*) FROM measurements GROUP BY cell ORDER BY cell'
    python -m reports query 'SELECT m.method, m.metric, avg(m.value) AS ours, any_value(p.value) AS paper
      FROM measurements m JOIN paper p ON p."table" = m."table" AND lower(p.method) = m.method
      AND p.dataset = m.dataset AND p.metric = m.metric GROUP BY ALL ORDER BY ALL' --format markdown
    """
    from reports.query import ask, open_views

    tables = [measurement_table(folder) for folder in (results_dir, recomputed) if folder]
    _set_aside(problem for table in tables for problem in table.problems)
    answer = ask(open_views(*tables), sys.stdin.read() if sql == "-" else sql)
    try:
        row_formats.WRITERS[format_name](answer.columns, answer.rows, sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader, like `head`, has enough. Python must not try again to write at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@main.command("export")
@click.option("--format", "format_name", type=click.Choice(export.FORMATS), required=True)
@click.option("--out", type=_file, required=True, help="The file to write.")
@_results
@_recomputed
def export_measurements(format_name: str, out: Path, results_dir: Path, recomputed: Path | None) -> None:
    """Write all measurements into one flat file, one row a value."""
    tables = [measurement_table(folder) for folder in (results_dir, recomputed) if folder]
    _set_aside(problem for table in tables for problem in table.problems)
    table = export.all_measurements(*tables)
    export.write(table, out, format_name)
    click.echo(f"{out}: {len(table):,} measurements of {len(table['cell'].unique()):,} cells.")


@main.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Any free port without it.")
@click.option("--results-dir", type=_folder, default=SHIPPED, help="The shipped results.")
@click.option("--recomputed", type=_folder, help="Also a folder of recomputed results; progress is counted there.")
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True, help="Repetitions that are to be run.")
def serve(port: int, results_dir: Path, recomputed: Path | None, seeds: int) -> None:
    """Show the report on this machine while results arrive: what is done, what runs now, the time that is left.

    Computes nothing: start `python -m benchmarks run` beside it. Ctrl-C ends it.
    """
    from reports.live_page import LivePage
    from reports.serve import serve as serve_page

    # Nothing waits for this program: Ctrl-C is the way to end it, not an interruption.
    with contextlib.suppress(KeyboardInterrupt):
        serve_page(LivePage(results_dir, recomputed, seeds=seeds), port, click.echo)
    click.echo("ended; what it showed is kept by the store.")


@main.command()
@click.argument("cells", nargs=-1, required=True)
@click.option("--why", required=True, help="The reason: all that will be known about it.")
@click.option("--night", type=_there, help="Results of the night to accept; by default the last one that ran here.")
@_results
def accept(cells: tuple[str, ...], why: str, night: Path | None, results_dir: Path) -> None:
    """Make the values that CELLS have now the accepted ones. Patterns like 'table4-*' name several.

    The nightly guard compares with them from now on, and a cell of the paper that is WORSE passes `pytest benchmarks/`.
    The reason is kept in reports/accepted/, which belongs into version control.
    """
    from reports.nightly.acceptances import ACCEPTANCES, read_acceptances, write_acceptances
    from reports.nightly.accepting import acceptances_of, last_night

    read_acceptances(ACCEPTANCES)  # what is there must be whole before anything is added to it
    accepted = acceptances_of(cells, why, night or last_night(), results_dir)
    write_acceptances(accepted, ACCEPTANCES)
    for a in accepted:
        values = list(a.values.values())
        commit = (a.commit or "unknown")[:10]
        click.echo(f"accepted {a.cell}: mean {sum(values) / len(values):.6g} of {len(values)} seeds, commit {commit}")


@main.command("nightly-power")
@click.option("--nights", type=click.IntRange(1), default=1000, show_default=True, help="Nights to simulate.")
@click.option("--seed", type=int, default=0, show_default=True)
def nightly_power(nights: int, seed: int) -> None:
    """Print how many seeds the nightly guard needs, and how it fares in simulated nights."""
    from rich.console import Console

    from reports.nightly.baseline import read_baseline
    from reports.nightly.power_table import print_power

    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    print_power(console, read_baseline(), nights, seed)


def recompute(results_dir: Path, catalogue: Path, fresh: bool) -> int:
    """Run the smoke set and a random 5 % of what else takes seconds, or everything, into `results_dir`.

    Returns the exit code; `catalogue` gets what each run lacks.
    """
    # Runs start in benchmarks, which stands above this package: asked for as a command, never imported.
    command = [sys.executable, "-m", "benchmarks", "run", "--results-dir", str(results_dir)]
    command += ["--catalogue", str(catalogue), *([] if fresh else ["--smoke", "--sample", "0.05"])]
    return subprocess.run(command, check=False).returncode


def write_all_figures(evidence: Evidence, folder: Path) -> None:
    """Figures 1 to 4 in each format."""
    from reports.paper_figures.files import FORMATS, write_figures

    for format_name in FORMATS:
        click.echo(f"{folder}: {len(write_figures(evidence, folder, format_name))} figures as {format_name.upper()}.")


def _write_tables(evidence: Evidence, formats: Iterable[str], names: Sequence[str], folder: Path) -> None:
    """The named tables of the paper, or all, as files."""
    from reports.paper_tables import judged_tables
    from reports.table_files import write_tables

    tables = judged_tables(evidence, names)
    written = [path for format_name in formats for path in write_tables(tables, format_name, folder)]
    click.echo(f"{folder}: {', '.join(path.name for path in written)}")


def _say(evidence: Evidence, output: Path) -> None:
    _set_aside(evidence.problems)
    agreeing = len(evidence.comparisons) - len(evidence.mismatches)
    click.echo(
        f"{output}: {len(evidence.all_runs())} runs, {agreeing} of {len(evidence.comparisons)} recomputed values agree."
    )


def _set_aside(problems: Iterable[object]) -> None:
    for problem in problems:
        click.echo(f"set aside: {problem}", err=True)


if __name__ == "__main__":
    run_guarded(main, "interrupted; no report was written over")
