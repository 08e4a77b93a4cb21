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

CHANGE = 1e-6
"""Two values of one seed on one machine differ where they lie further apart than this (relative above 1).

`reports.comparison` declares wider tolerances by metric, between machines and without a verdict on what is beyond
them. Here sums are taken in the same order, so any difference has a cause, and the fresh seeds say what it is worth.
"""


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

    Of one seed the value recorded last counts. An acceptance replaces what was recorded before it, where it differs:
    if it has a seed of the same machine with that very value, the other seeds go on counting. What is recorded later
    counts beside it.
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
        known = values.get(place, {})
        later = {seed: value for seed, value in known.items() if value.recorded > acceptance.recorded}
        own = {
            seed: AcceptedValue(value, acceptance.fingerprint, acceptance.commit, acceptance.recorded)
            for seed, value in acceptance.values.items()
        }
        values[place] = (known if _confirms(acceptance, known) else {}) | own | later
    return Accepted(values, accepted)


def _confirms(acceptance: Acceptance, known: Mapping[int, AcceptedValue]) -> bool:
    """Whether it says of the values before it that they are still the code's: a seed of its machine has not changed."""
    shared = [
        differs(known[seed].value, value)
        for seed, value in acceptance.values.items()
        if seed in known and known[seed].fingerprint == acceptance.fingerprint
    ]
    return bool(shared) and not any(shared)


def differs(old: float, new: float) -> bool:
    """Whether a value changed.

    >>> differs(99.97, 99.97 + 1e-9), differs(99.97, 99.97 - 1e-3)
    (False, True)
    """
    return abs(new - old) > CHANGE * max(1.0, abs(old))


def _put(seeds: dict[int, AcceptedValue], seed: int, value: AcceptedValue) -> None:
    if seed not in seeds or seeds[seed].recorded <= value.recorded:
        seeds[seed] = value
