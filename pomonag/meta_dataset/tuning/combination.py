"""How several studies become one pipeline, and which settings mattered. The paper says neither.

Accuracies of different pairs are no common scale, ranks are: a trial's score is the share of its study's other trials
that it beats, ties counting half. A trial that was pruned ranks below all that went to the end, by how far it came, and
a diverged one below all. Of each setting the choice with the highest mean score is taken, the mean over the studies of
the mean over a study's trials, so that no study counts more because the search liked the choice there.
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

from pomonag.meta_dataset.tuning.trials import diverged
from pomonag.training.pipeline_space import PipelineSpace

FEWEST_FOR_IMPORTANCE = 10


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


def choice_scores(choices: PipelineSpace, studies: Sequence[Sequence[FrozenTrial]]) -> dict[str, list[dict[str, Any]]]:
    """For each setting its choices in Table 7's order: `choice`, mean `score` (None: never tried), `trials`."""
    scored = [list(zip(trials, scores(trials))) for trials in studies]
    found: dict[str, list[dict[str, Any]]] = {}
    for name in choices.settings:
        found[name] = []
        for choice in getattr(choices, name):
            per_study = [[score for trial, score in study if trial.params[name] == choice] for study in scored]
            means = [float(np.mean(tried)) for tried in per_study if tried]
            found[name].append(
                {
                    "choice": choice,
                    "score": float(np.mean(means)) if means else None,
                    "trials": sum(map(len, per_study)),
                }
            )
    return found


def combined(by_choice: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The choice of each setting with the highest score; of equals the first in Table 7."""
    return {
        name: max((c for c in entries if c["score"] is not None), key=lambda c: c["score"])["choice"]
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
