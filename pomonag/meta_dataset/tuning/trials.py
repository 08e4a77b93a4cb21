"""The trials of a tuning: taken by one worker each, judged, and told to the journal; those of the dead are given up."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from optuna import Trial, TrialPruned
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from pomonag.execution.study_journal import KernelLock, journal_storage, open_study, tpe_sampler, waiting_for
from pomonag.meta_dataset.tuning.objective import Objective
from pomonag.meta_dataset.tuning.profile import Pair, TuningProfile
from pomonag.records.claims import Claims
from pomonag.records.seeds import seed_of

JOURNAL = "journal.log"
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


def studies(folder: Path, profile: TuningProfile, count: int) -> list[Study]:
    """A study a pair, in the pairs' order. Hyperband's resource are epochs, from the shortest warm-up's on.

    Raises UserError for a folder that cannot be written and for a journal that is damaged.
    """
    return _opened(folder, profile, tuple(f"pair-{place}" for place in range(count)))


def recipe_studies(folder: Path, profile: TuningProfile, count: int) -> list[Study]:
    """Where it is kept what whole recipes reached on each pair; nothing is searched there."""
    return _opened(folder, profile, tuple(f"recipes-{place}" for place in range(count)))


@lru_cache(maxsize=2)
def _opened(folder: Path, profile: TuningProfile, names: tuple[str, ...]) -> list[Study]:
    path = folder / JOURNAL
    storage = journal_storage(path, "a tuning of pipelines", KernelLock(path))
    shortest = min(epochs for epochs in profile.choices.warmup_epochs if epochs)
    longest = max(profile.choices.epochs)
    return [open_study(name, storage, min_resource=shortest, max_resource=longest) for name in names]


def finished(study: Study) -> list[FrozenTrial]:
    """The trials that count: to the end, pruned, or diverged."""
    return study.get_trials(deepcopy=False, states=FINISHED)


def diverged(trial: FrozenTrial) -> bool:
    """Whether its loss stopped being finite."""
    return bool(trial.user_attrs.get("diverged"))


@dataclass(frozen=True)
class OneTrial:
    """Runs the next trial of whichever study has the fewest, until each has `steps`; for any number of workers."""

    folder: Path
    profile: TuningProfile
    pairs: tuple[Pair, ...]
    steps: int
    seed: int
    objective: Objective

    def __call__(self, slot: int) -> bool:
        """Whether there was a trial to run; False where the rest is in others' hands.

        An error of the objective makes it a failed trial, which does not count, and is raised on.
        """
        claims = Claims(self.folder)
        with ExitStack() as held:
            with waiting_for(claims, "next trial"):
                taken = self._next(claims)
                if taken is None:
                    return False
                place, study, trial = taken
                # Before the others may look: a trial that runs and that nobody holds is a dead worker's.
                held.enter_context(claims.claim(_name(study, trial.number)))
            self._run(self.pairs[place], study, trial)
        return True

    def _next(self, claims: Claims) -> tuple[int, Study, Trial] | None:
        begun = []
        for place, study in enumerate(studies(self.folder, self.profile, len(self.pairs))):
            give_up_the_dead(study, claims)
            running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
            begun.append((len(finished(study)) + len(running), place, study))
        count, place, study = min(begun, key=lambda entry: entry[:2])
        if count >= self.steps:
            return None
        number = len(study.get_trials(deepcopy=False))
        study.sampler = tpe_sampler(seed_of("pipelines", self.seed, study.study_name, number), shared=True)
        choices: dict[str, BaseDistribution] = {
            name: CategoricalDistribution(getattr(self.profile.choices, name)) for name in self.profile.choices.settings
        }
        return place, study, study.ask(fixed_distributions=choices)

    def _run(self, pair: Pair, study: Study, trial: Trial) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        epochs = 0

        def note(**more: Any) -> None:
            spent = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu, "epochs": epochs}
            for name, value in {**spent, **more}.items():
                trial.set_user_attr(name, round(value, 3) if isinstance(value, float) else value)

        def report(done: int, accuracy: float) -> None:
            nonlocal epochs
            epochs = done
            trial.report(accuracy, done)
            if done < pipeline.epochs and trial.should_prune():
                raise TrialPruned

        pipeline = self.profile.pipeline(trial.params)
        try:
            value = self.objective(pair, pipeline, self.seed, report)
        except TrialPruned:
            note()
            study.tell(trial, state=TrialState.PRUNED)
        except Exception as error:
            note(error=f"{type(error).__name__}: {error}")
            study.tell(trial, state=TrialState.FAIL)
            raise
        else:
            if value is None:
                # No accuracy of 0, which would be one: pruned, so that the search knows it was no good.
                note(diverged=True)
                study.tell(trial, state=TrialState.PRUNED)
            else:
                note()
                study.tell(trial, value)


def give_up_the_dead(study: Study, claims: Claims) -> None:
    """Trials whose worker is gone become failed ones. To be called while nobody takes a trial."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if claims.is_free(_name(study, trial.number)):
            study.tell(trial.number, state=TrialState.FAIL)


def _name(study: Study, number: int) -> str:
    return f"{study.study_name} {number}"
