"""The search for scaling factors: Optuna's TPE and Hyperband (POMONAG Sec. 3.4)."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from pomonag.guidance.guide import ScalingFactors
from pomonag.guidance.stretching import Interval

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
    fixed: Mapping[str, float] = MappingProxyType({}),
    journal: Path | None = None,
    progress: Callable[[int, int, float], None] | None = None,
) -> tuple[ScalingFactors, float]:
    """The paper's protocol: TPE and Hyperband, `trials` trials, each on all data sets until it is pruned.

    The objective is the mean quality over the data sets; what Hyperband prunes on, which the paper leaves open, is the
    running mean after each. `fixed` fields of the factors are not searched. With a `journal` file the study survives a
    kill and goes on where it was. Returns the best factors and their quality.
    """
    import optuna
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = None
    if journal is not None:
        journal.parent.mkdir(parents=True, exist_ok=True)
        storage = optuna.storages.JournalStorage(JournalFileBackend(str(journal)))
    # Every argument is named, so that another default of another version changes nothing; some are on their way out.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        sampler = optuna.samplers.TPESampler(
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
    study = optuna.create_study(
        study_name=name,
        storage=storage,
        load_if_exists=True,
        direction="maximize",
        sampler=sampler,
        pruner=optuna.pruners.HyperbandPruner(min_resource=1, max_resource=len(datasets), reduction_factor=3),
    )

    def objective(trial: optuna.Trial) -> float:
        factors = ScalingFactors(
            **{k: trial.suggest_float(k, i.low, i.high, log=True) for k, i in intervals.items()}, **fixed
        )
        total = 0.0
        for done, dataset in enumerate(datasets, start=1):
            total += quality(factors, dataset)
            trial.report(total / done, done)
            if done < len(datasets) and trial.should_prune():
                raise optuna.TrialPruned
        return total / len(datasets)

    finished = [t for t in study.trials if t.state.is_finished()]
    for done in range(len(finished), trials):
        study.optimize(objective, n_trials=1)
        if progress is not None:
            complete = [t for t in study.trials if t.state == optuna.trial.TrialState.COMPLETE]
            progress(done + 1, trials, max((t.value for t in complete if t.value is not None), default=float("nan")))
    best = study.best_trial
    return ScalingFactors(**best.params, **fixed), float(best.value or 0.0)
