"""What the tuned pipeline and Table 8's are worth: each is trained once more on every pair, by another seed.

The other seed draws other images, so that the tuned one is not judged by what it was chosen by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna import create_trial
from optuna.distributions import CategoricalDistribution
from optuna.study import Study
from optuna.trial import TrialState

from pomonag.meta_dataset.tuning.objective import Objective
from pomonag.meta_dataset.tuning.profile import Pair, TuningProfile
from pomonag.meta_dataset.tuning.trials import recipe_studies

Chosen = Mapping[str, Any]
"""A choice for each setting of Table 7."""


@dataclass(frozen=True)
class TrainOnce:
    """Trains a recipe on the pair at a place and records it; what is there already is not trained again."""

    folder: Path
    profile: TuningProfile
    pairs: tuple[Pair, ...]
    seed: int
    objective: Objective

    def __call__(self, item: tuple[int, dict[str, Any]]) -> bool:
        place, chosen = item
        study = recipe_studies(self.folder, self.profile, len(self.pairs))[place]
        if _recorded(study, chosen):
            return False
        pipeline = self.profile.pipeline(chosen)
        value = self.objective(self.pairs[place], pipeline, self.seed + 1, lambda done, accuracy: None)
        space = {name: CategoricalDistribution(getattr(self.profile.choices, name)) for name in chosen}
        state = TrialState.PRUNED if value is None else TrialState.COMPLETE
        study.add_trial(create_trial(state=state, value=value, params=dict(chosen), distributions=dict(space)))
        return True


def accuracies(studies: list[Study], chosen: Chosen) -> list[float | None]:
    """The validation accuracy in percent on each pair; None where the training diverged."""
    return [_recorded(study, chosen)[0] for study in studies]


def missing(studies: list[Study], recipes: list[dict[str, Any]]) -> list[tuple[int, dict[str, Any]]]:
    """What is yet to be trained: places of pairs, and recipes."""
    return [
        (place, chosen) for place, study in enumerate(studies) for chosen in recipes if not _recorded(study, chosen)
    ]


def _recorded(study: Study, chosen: Chosen) -> list[float | None]:
    return [trial.value for trial in study.get_trials(deepcopy=False) if trial.params == dict(chosen)]
