"""Which runs a results folder holds, kept up to date while others write to it."""

from __future__ import annotations

from pathlib import Path

from pomonag.records.record_store import Follower, Problem
from reports.measurements import RunKey, RunRecord, run_of


class Recorded:
    """The runs of a folder, by key, configuration and seed. Raises UserError for what a newer version wrote."""

    def __init__(self, folder: Path):
        self._follower = Follower(folder)
        self._runs: dict[tuple[RunKey, str, int], RunRecord] = {}
        self._last: dict[RunKey, RunRecord] = {}
        self.problems: list[Problem] = []
        self.look()

    def look(self) -> None:
        """Read what was added since the last look."""
        entries, problems = self._follower.look()
        self.problems += problems
        for entry in entries:
            run = run_of(entry)
            if isinstance(run, Problem):
                self.problems.append(run)
                continue
            place = run.key, run.config_hash, run.seed
            if place not in self._runs or self._runs[place].recorded <= run.recorded:
                self._runs[place] = run
            if run.key not in self._last or self._last[run.key].recorded <= run.recorded:
                self._last[run.key] = run

    def find(self, key: RunKey, config_hash: str, seed: int, since: str = "") -> RunRecord | None:
        """The run that counts, as in `reports.measurements.load_runs`; None where there is none.

        Of several configurations the one recorded last counts. With `since`, only what was recorded then or later.
        """
        run = self._runs.get((key, config_hash, seed))
        if run is None or self._last[key].config_hash != config_hash or run.recorded < since:
            return None
        return run
