"""What a tuning found, as a file: the best pipeline a pair, the combined one, what mattered, every trial."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from pomonag.errors import UserError
from pomonag.meta_dataset.tuning.combination import choice_effects, combined, importances
from pomonag.meta_dataset.tuning.profile import Pair, TuningProfile
from pomonag.meta_dataset.tuning.trials import diverged
from pomonag.records.files import atomic_write

ASSETS = Path(__file__).resolve().parents[2] / "assets" / "tuning"
Outcome = dict[str, Any]
"""JSON types; its keys are those of `summary` and what the run adds (recipes, cost, provenance)."""


def summary(profile: TuningProfile, pairs: Sequence[Pair], studies: Sequence[Sequence[FrozenTrial]]) -> Outcome:
    """Of the finished trials of each pair. Accuracies are validation accuracies in percent."""
    by_choice = choice_effects(profile.choices, studies)
    return {
        "space": profile.space,
        "profile": profile.name,
        "divisor": profile.divisor,
        "settings": profile.settings,
        "combined": combined(by_choice),
        "table_8": profile.table_8,
        "importances": importances(profile.choices, studies),
        "choices": by_choice,
        "pairs": [_pair(profile, pair, trials) for pair, trials in zip(pairs, studies)],
    }


def _pair(profile: TuningProfile, pair: Pair, trials: Sequence[FrozenTrial]) -> dict[str, Any]:
    whole = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    best = max(whole, key=lambda trial: trial.value or 0.0, default=None)
    return {
        "task": pair.task,
        "architecture": pair.architecture,
        "best_accuracy": best.value if best else None,
        "best": {name: best.params[name] for name in profile.choices.settings} if best else None,
        "trials": [_trial(profile, trial) for trial in trials],
    }


def _trial(profile: TuningProfile, trial: FrozenTrial) -> dict[str, Any]:
    return {
        "number": trial.number,
        "state": "diverged" if diverged(trial) else trial.state.name.lower(),
        "accuracy": None if diverged(trial) else trial.value,
        "epochs": trial.user_attrs["epochs"],
        "seconds": trial.user_attrs["seconds"],
        "cpu_seconds": trial.user_attrs["cpu_seconds"],
        "choices": [trial.params[name] for name in profile.choices.settings],
    }


def write_outcome(outcome: Outcome, path: Path) -> None:
    """One line a key, one a pair's trial."""
    pairs = []
    for pair in outcome["pairs"]:
        trials = ",\n    ".join(json.dumps(trial) for trial in pair["trials"])
        head = json.dumps({name: value for name, value in pair.items() if name != "trials"})
        pairs.append(f'  {head[:-1]}, "trials": [\n    {trials}\n  ]}}')
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in outcome.items() if name != "pairs"]
    body = ",\n ".join([*lines, '"pairs": [\n' + ",\n".join(pairs) + "\n ]"])
    with atomic_write(path, "w") as file:
        file.write(f"{{{body}\n}}\n")


def shipped_outcome(space: str) -> Outcome | None:
    """What a tuning found that ships for a space; None where none does. Raises UserError for a damaged file."""
    path = ASSETS / f"{space}.json"
    if not path.is_file():
        return None
    try:
        outcome: Outcome = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path} is no outcome of a tuning ({error}): install the package again") from error
    return outcome
