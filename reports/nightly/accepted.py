"""What a watched cell is compared with: shipped results, the further seeds, and what was accepted since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pomonag.errors import UserError
from reports.measurements import SHIPPED, load_runs
from reports.nightly.acceptances import ACCEPTANCES, Acceptance, read_acceptances
from reports.nightly.baseline import BASELINE, read_baseline, rows_of
from reports.nightly.fingerprint import Fingerprint


@dataclass(frozen=True)
class AcceptedValue:
    """One seed's accepted value, the machine and the commit that gave it, and when."""

    value: float
    fingerprint: Fingerprint
    commit: str | None
    recorded: str


@dataclass
class Accepted:
    """Accepted values by cell, configuration and seed.

    Of one seed the value recorded last counts. An acceptance makes its own values the only ones: whatever was recorded
    before it no longer counts, and what was recorded later counts beside it.
    """

    values: Mapping[tuple[str, str], Mapping[int, AcceptedValue]]
    acceptances: Mapping[tuple[str, str], Acceptance] = field(default_factory=dict)

    def of(self, cell: str, config_hash: str) -> Mapping[int, AcceptedValue]:
        """By seed; empty where nothing of this configuration was accepted."""
        return self.values.get((cell, config_hash), {})

    def reason(self, cell: str, config_hash: str) -> str | None:
        """Why a cell was accepted under this configuration; None where it was not."""
        found = self.acceptances.get((cell, config_hash))
        return found.why if found else None


def load_accepted(results: Path = SHIPPED, baseline: Path = BASELINE, acceptances: Path = ACCEPTANCES) -> Accepted:
    """From the three places. Raises UserError for what is damaged, or was written by a newer version."""
    runs, problems = load_runs(results)
    if problems:
        raise UserError(
            f"{results}/{problems[0]}. Nothing can be compared with damaged results: restore them from version control."
        )
    values: dict[tuple[str, str], dict[int, AcceptedValue]] = {}
    for rows in (rows_of(runs), read_baseline(baseline)):
        for row in rows.to_dict("records"):
            machine = Fingerprint(row["cpu"], row["torch"], row["threads"])
            value = AcceptedValue(row["value"], machine, row["commit"], row["recorded"])
            _put(values.setdefault((row["cell"], row["config_hash"]), {}), row["seed"], value)
    accepted = read_acceptances(acceptances)
    for place, acceptance in accepted.items():
        later = {s: v for s, v in values.get(place, {}).items() if v.recorded > acceptance.recorded}
        values[place] = {
            seed: AcceptedValue(value, acceptance.fingerprint, acceptance.commit, acceptance.recorded)
            for seed, value in acceptance.values.items()
        } | later
    return Accepted(values, accepted)


def _put(seeds: dict[int, AcceptedValue], seed: int, value: AcceptedValue) -> None:
    if seed not in seeds or seeds[seed].recorded <= value.recorded:
        seeds[seed] = value
