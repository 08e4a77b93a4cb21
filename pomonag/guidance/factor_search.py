"""The search for scaling factors: Optuna's TPE and Hyperband (POMONAG Sec. 3.4)."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pomonag.errors import UserError
from pomonag.guidance.guide import ScalingFactors
from pomonag.guidance.stretching import Interval
from pomonag.records.seeds import seed_of

Quality = Callable[[ScalingFactors, str], float]
"""The quality of one batch generated with those factors for the data set of that name; higher is better."""


def tune_factors(
    quality: Quality,
    intervals: Mapping[str, Interval],
    datasets: Sequence[str],
    *,
    name: str,
    trials: int = 100,
    seed: int = 0,
    journal: Path | None = None,
    progress: Callable[[int, int, float], None] | None = None,
) -> tuple[ScalingFactors, float]:
    """The paper's protocol: TPE and Hyperband, `trials` trials, each on all data sets until it is pruned.

    The objective is the mean quality over the data sets; what Hyperband prunes on, which the paper leaves open, is the
    running mean after each. With a `journal` file a search that was stopped, killed even, goes on where it was and
    finds what it would have found. Returns the best factors and their quality; UserError for a file that is no journal.
    """
    import optuna
    from optuna.trial import TrialState

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = _study(name, len(datasets), journal)

    def mean_quality(trial: optuna.Trial) -> float:
        factors = ScalingFactors(**{k: trial.suggest_float(k, i.low, i.high, log=True) for k, i in intervals.items()})
        reported = study.trials[trial.number].intermediate_values
        total = 0.0
        for done, dataset in enumerate(datasets, start=1):
            total += quality(factors, dataset)
            if done not in reported:
                trial.report(total / done, done)
            if done < len(datasets) and trial.should_prune():
                raise optuna.TrialPruned
        return total / len(datasets)

    for number in range(len(study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED))), trials):
        # By the trial's number: a sampler of one seed would draw its first points again after a stop.
        study.sampler = _sampler(seed_of("factors", name, seed, number) % 2**32)
        # The trial that was stopped is ended, because Hyperband's brackets follow from the number of a trial.
        begun = study.get_trials(states=(TrialState.RUNNING,))
        trial = optuna.Trial(study, begun[0]._trial_id) if begun else study.ask()
        try:
            study.tell(trial, mean_quality(trial))
        except optuna.TrialPruned:
            study.tell(trial, state=TrialState.PRUNED)
        if progress is not None:
            progress(number + 1, trials, study.best_value)
    return ScalingFactors(**study.best_params), study.best_value


def _study(name: str, datasets: int, journal: Path | None) -> Any:
    import optuna
    from optuna.storages.journal import JournalFileBackend

    storage = None
    if journal is not None:
        journal.parent.mkdir(parents=True, exist_ok=True)
        try:
            storage = optuna.storages.JournalStorage(JournalFileBackend(str(journal)))
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{journal} is no journal of a search for factors, or is damaged ({error!r}): "
                "give another path, or delete it to begin anew"
            ) from error
    return optuna.create_study(
        study_name=name,
        storage=storage,
        load_if_exists=True,
        direction="maximize",
        pruner=optuna.pruners.HyperbandPruner(min_resource=1, max_resource=datasets, reduction_factor=3),
    )


def _sampler(seed: int) -> Any:
    import optuna

    # Every argument is named, so that another default of another version changes nothing; some are on their way out.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return optuna.samplers.TPESampler(
            consider_prior=True,
            prior_weight=1.0,
            consider_magic_clip=True,
            consider_endpoints=False,
            n_startup_trials=10,
            n_ei_candidates=24,
            multivariate=False,
            group=False,
            warn_independent_sampling=True,
            constant_liar=False,
            seed=seed,
        )
