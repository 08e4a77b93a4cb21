"""How several studies become one pipeline, and which settings mattered. The paper says neither.

Accuracies of different pairs are no common scale, ranks are: a trial's score is the share of its study's other trials
that it beats, ties counting half. A trial that was pruned ranks below all that went to the end, by how far it came, and
a diverged one below all. A search repeats what it likes, so settings that were tried together are told apart by one
ridge regression of all scores on all settings, in which every study weighs the same. Of each setting the choice with
the largest effect is taken.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from optuna import create_study, create_trial, importance
from optuna.distributions import CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState
from scipy.stats import rankdata
from sklearn.linear_model import Ridge

from pomonag.meta_dataset.tuning.trials import diverged
from pomonag.training.pipeline_space import PipelineSpace

FEWEST_FOR_IMPORTANCE = 10
_RIDGE = 1.0


def scores(trials: Sequence[FrozenTrial]) -> np.ndarray:
    """Float [n] in [0, 1] for finished trials of one study; 0.5 where there is but one."""
    if len(trials) < 2:
        return np.full(len(trials), 0.5)
    keys = [_standing(trial) for trial in trials]
    places = {key: place for place, key in enumerate(sorted(set(keys)))}
    return (rankdata([places[key] for key in keys]) - 1) / (len(trials) - 1)


def _standing(trial: FrozenTrial) -> tuple[float, ...]:
    if trial.state == TrialState.COMPLETE:
        return (2.0, 0.0, float(trial.value or 0.0))
    if diverged(trial) or trial.last_step is None:
        return (0.0,)
    return (1.0, float(trial.last_step), trial.intermediate_values[trial.last_step])


def choice_effects(choices: PipelineSpace, studies: Sequence[Sequence[FrozenTrial]]) -> dict[str, list[dict[str, Any]]]:
    """For each setting its choices in Table 7's order: `choice`, `effect` on the score, `trials` that had it.

    The effects of a setting's tried choices have mean 0; of those never tried they are None.
    """
    tried = [
        (trial.params, score, 1 / len(trials)) for trials in studies for trial, score in zip(trials, scores(trials))
    ]
    columns = [(name, choice) for name in choices.settings for choice in getattr(choices, name)]
    has = np.array([[params[name] == choice for name, choice in columns] for params, _, _ in tried], dtype=float)
    has = has.reshape(len(tried), len(columns))
    counts = has.sum(0).astype(int)
    slopes = np.zeros(len(columns))
    if tried:
        weights = np.array([weight for _, _, weight in tried])
        slopes = Ridge(_RIDGE).fit(has, [score for _, score, _ in tried], weights * len(tried) / weights.sum()).coef_
    found: dict[str, list[dict[str, Any]]] = {}
    for name in choices.settings:
        places = [place for place, column in enumerate(columns) if column[0] == name]
        mean = float(np.mean([slopes[place] for place in places if counts[place]])) if counts[places].any() else 0.0
        found[name] = [
            {
                "choice": columns[place][1],
                "effect": round(float(slopes[place]) - mean, 6) if counts[place] else None,
                "trials": int(counts[place]),
            }
            for place in places
        ]
    return found


def combined(by_choice: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The choice of each setting with the largest effect; of equals the first in Table 7."""
    return {
        name: max((c for c in entries if c["effect"] is not None), key=lambda c: c["effect"])["choice"]
        for name, entries in by_choice.items()
    }


def importances(choices: PipelineSpace, studies: Sequence[Sequence[FrozenTrial]]) -> dict[str, float] | None:
    """Each setting's share of the variance of the scores of all studies (fANOVA; Hutter et al. 2014), largest first.

    They are pooled, since fifty trials of one study, most of them pruned, say little. None for fewer than ten trials
    and where all score alike.
    """
    pairs = [(trial, float(score)) for trials in studies for trial, score in zip(trials, scores(trials))]
    if len(pairs) < FEWEST_FOR_IMPORTANCE or len({score for _, score in pairs}) < 2:
        return None
    pooled = create_study(direction="maximize")
    space = {name: CategoricalDistribution(getattr(choices, name)) for name in choices.settings}
    pooled.add_trials([create_trial(params=t.params, distributions=dict(space), value=score) for t, score in pairs])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = importance.get_param_importances(pooled, evaluator=importance.FanovaImportanceEvaluator(seed=0))
    return {name: float(share) for name, share in found.items()}
