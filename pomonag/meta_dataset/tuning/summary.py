"""What a tuning found: the best pipeline a pair, the combined one, what mattered, every trial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from pomonag.meta_dataset.tuning.combination import choice_effects, combined, importances
from pomonag.meta_dataset.tuning.outcome import Outcome
from pomonag.meta_dataset.tuning.profile import Pair, TuningProfile
from pomonag.meta_dataset.tuning.trials import diverged


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
