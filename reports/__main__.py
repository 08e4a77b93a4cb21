"""`python -m reports paper-tables`: recompute what takes seconds, compare it with what ships, write the report."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import click

from pomonag.errors import UserError
from pomonag.guarded import run_guarded
from reports import render
from reports.evidence import Evidence, gather
from reports.measurements import SHIPPED

_folder = click.Path(file_okay=False, path_type=Path)
_file = click.Path(dir_okay=False, path_type=Path)
_results = click.option("--results-dir", type=_folder, default=SHIPPED, help="The shipped results.")
_output = click.option("--output", type=_file, default=Path("output/report.html"), show_default=True)


@click.group(help=__doc__)
def main() -> None:
    """The commands below."""


@main.command("paper-tables")
@_results
@_output
@click.option("--fresh", is_flag=True, help="Recompute everything that can run here, not only what takes seconds.")
def paper_tables(results_dir: Path, output: Path, fresh: bool) -> None:
    """Recompute the smoke set (or everything), compare, write the report; exit code 1 when values disagree."""
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
    evidence = gather(results_dir)
    render.write(evidence, output)
    _say(evidence, output)


def recompute(results_dir: Path, catalogue: Path, fresh: bool) -> int:
    """Run the smoke set and a random 5 % of what else takes seconds, or everything, into `results_dir`.

    Returns the exit code; `catalogue` gets what each run lacks.
    """
    # Runs start in benchmarks, which stands above this package: asked for as a command, never imported.
    command = [sys.executable, "-m", "benchmarks", "run", "--results-dir", str(results_dir)]
    command += ["--catalogue", str(catalogue), *([] if fresh else ["--smoke", "--sample", "0.05"])]
    return subprocess.run(command, check=False).returncode


def _say(evidence: Evidence, output: Path) -> None:
    for problem in evidence.problems:
        click.echo(f"set aside: {problem}", err=True)
    agreeing = len(evidence.comparisons) - len(evidence.mismatches)
    click.echo(
        f"{output}: {len(evidence.all_runs())} runs, {agreeing} of {len(evidence.comparisons)} recomputed values agree."
    )


if __name__ == "__main__":
    run_guarded(main, "interrupted; no report was written over")
