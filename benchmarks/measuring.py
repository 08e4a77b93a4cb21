"""The judge of a session of `pytest benchmarks/`: measures a cell where it can be, and passes, fails or skips it."""

from __future__ import annotations

import functools
import warnings
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.catalogue import catalogue
from benchmarks.runner import execute, plan
from benchmarks.runs import Run
from benchmarks.suites import all_runs
from pomonag.errors import UserError
from pomonag.execution.executor import executor
from reports.evidence import Evidence, gather
from reports.judgement import Judged, judged, papers_marks
from reports.margins import load as load_margins
from reports.measurements import SHIPPED, RunKey
from reports.nightly.acceptances import ACCEPTANCES, read_acceptances
from reports.paper_cells import PaperCell
from reports.verdicts import Name, Verdict


@functools.cache
def _runs() -> dict[RunKey, Run]:
    return {run.key: run for run in all_runs()}


@dataclass
class Measuring:
    """How far a session goes: what it may compute, and where results are kept."""

    results: Path
    seeds: int = 3
    judge_only: bool = False
    fresh: bool = False
    strict: bool = False
    max_hours: float = 1.0
    profile: str = "lite"
    executor: str = "serial"
    acceptances: Path = ACCEPTANCES
    _evidence: Evidence | None = None

    def judge(self, cell: PaperCell) -> None:
        """Measures what is missing and affordable, then judges.

        WORSE fails unless it was accepted; what cannot be judged is skipped. Where a measurement failed and older
        values are judged, a warning says so.
        """
        if lacking := self._lacks(cell):
            self._conclude(Judged(cell, None, Verdict(Name.NOT_RUN, lacking)), "")
        problem = self.measure(cell.source.run) if cell.source else ""
        self._conclude(judged(cell, self.evidence, load_margins(), papers_marks()), problem)

    def _lacks(self, cell: PaperCell) -> str:
        """In profile paper, what of the paper's recipe the cell's run has not; such a run is not even started."""
        why = cell.source.not_comparable if cell.source else None
        if self.profile != "paper" or why is None:
            return ""
        return f"profile paper, and no run of this version follows the paper's recipe here: {why}"

    @property
    def evidence(self) -> Evidence:
        """All results that are there now."""
        if self._evidence is None:
            self._evidence = gather(SHIPPED, self.results, catalogue(_runs().values()))
        return self._evidence

    def measure(self, key: RunKey) -> str:
        """Computes a run where it is missing; returns why it could not."""
        if self.judge_only:
            return ""
        run = _runs().get(key)
        if run is None or (self.profile == "smoke" and not run.smoke):
            return ""
        shipped = {step.seed for step in plan([run], SHIPPED, seeds=self.seeds) if step.status == "done"}
        wanted = [
            step for step in plan([run], self.results, seeds=self.seeds) if self.fresh or step.seed not in shipped
        ]
        hours = run.estimated_seconds * sum(step.status == "to run" for step in wanted) / 3600
        if hours > self.max_hours:
            return f"it takes about {hours:.1f} h, more than --max-hours {self.max_hours:g}"
        if hours:
            self._evidence = None  # what is about to be measured counts from now on
        by = None if self.executor == "serial" else executor(self.executor)
        for _, outcome in execute(wanted, self.results, executor=by, suite=all_runs):
            if isinstance(outcome, UserError):
                return str(outcome)
        return ""

    def _conclude(self, found: Judged, problem: str) -> None:
        verdict = found.verdict
        if verdict is None:
            return  # a setting: shown side by side in the report
        text = verdict.text
        if verdict.name in (Name.NOT_RUN, Name.NOT_COMPARABLE):
            text = "; ".join(part for part in (text, problem, found.command) if part)
            if self.strict:
                pytest.fail(text, pytrace=False)
            pytest.skip(text)
        if problem:
            warnings.warn(f"{found.cell.id} is judged by the values that are there: {problem}", stacklevel=2)
        if verdict.name is Name.WORSE and not self._accepted(found):
            pytest.fail(f"{text}: {verdict.reason}", pytrace=False)

    def _accepted(self, found: Judged) -> bool:
        """Whether somebody accepted this cell as it is measured now, with a reason in `reports/accepted/`."""
        if found.number is None:
            return False
        now = found.number.measurements[-1]
        return (now.cell.id, now.run.config_hash) in read_acceptances(self.acceptances)
