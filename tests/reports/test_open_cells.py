"""What `python -m reports next` says, of made-up results and of those that ship."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from reports.__main__ import main
from reports.evidence import Evidence, gather
from reports.judgement import judge_all
from reports.margins import load
from reports.measurements import SHIPPED, RunKey, Value
from reports.open_cells import open_cells, what_next
from reports.verdicts import Name

POMONAG = RunKey("4", "pomonag", "fast", "nb201", "mean-over-runs")
SCATTERED = {"validity": [99.0, 99.9, 95.0], "uniqueness": [80.0, 96.0, 95.0], "novelty": [90.0, 60.0, 76.0]}


def runs(made_up, **values):
    return [
        made_up.a_record(POMONAG, [Value(metric, row[seed], "%", "p") for metric, row in values.items()], seed)
        for seed in range(len(next(iter(values.values()))))
    ]


def invoke(*arguments):
    return CliRunner().invoke(main, ["next", *map(str, arguments)])


def test_open_cells_name_their_run_and_its_measured_price(made_up):
    found = {cell.cell: cell for cell in open_cells(judge_all(Evidence(runs(made_up, **SCATTERED))), load())}
    assert found
    for cell in found.values():
        assert cell.runs == (POMONAG,)
        assert cell.verdict.name is Name.INCONCLUSIVE
        assert (cell.seeds, cell.seconds_a_seed) == (3, 7.5)


def test_the_command_proposes_seeds_with_their_price(made_up, tmp_path):
    made_up.write(tmp_path, runs(made_up, **SCATTERED))
    found = what_next(judge_all(gather(tmp_path)), load())
    (proposal,) = found.proposals
    result = invoke("--results-dir", tmp_path)
    assert result.exit_code == 0
    assert result.output.startswith(f"{POMONAG.id}: {proposal.more} more seed")
    assert all(cell in result.output for cell in proposal.cells)
    dear = invoke("--results-dir", tmp_path, "--max-hours", "0.0001")
    assert dear.output.splitlines()[0] == "1 proposal would take longer than the time given."


def test_cells_that_no_seed_decides_are_counted(made_up, tmp_path):
    # The paper's own spread is too wide for 39 % against its mean; see test_verdicts.
    made_up.write(tmp_path, runs(made_up, uniqueness=[39.2, 40.1, 38.5]))
    lines = invoke("--results-dir", tmp_path).output.splitlines()
    assert lines[0].startswith("No cell is INCONCLUSIVE for want of seeds")
    assert lines[1] == "1 INCONCLUSIVE cell stays open whatever the number of seeds."


def test_of_what_ships_it_says_what_is_so():
    judged = judge_all(gather(SHIPPED))
    found = what_next(judged, load())
    inconclusive = [j for j in judged if j.verdict and j.verdict.name is Name.INCONCLUSIVE]
    proposed = {cell for p in what_next(judged, load()).proposals for cell in p.cells}
    assert proposed <= {j.cell.id for j in inconclusive}
    assert found.stuck == sum(not j.verdict.needed_seeds for j in inconclusive)
    assert bool(found.proposals) == any(j.verdict.needed_seeds for j in inconclusive)
    not_run = sum(j.verdict is not None and j.verdict.name is Name.NOT_RUN for j in judged)
    assert re.search(rf"\b{not_run} NOT RUN\b.*no number of seeds", found.lines[-1])


@pytest.mark.parametrize("hours", ["0", "-1", "soon"])
def test_a_time_that_is_none_is_a_usage_error(hours):
    assert invoke("--max-hours", hours).exit_code == 2
