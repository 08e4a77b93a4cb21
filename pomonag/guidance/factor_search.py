"""The search for scaling factors: Optuna's TPE and Hyperband (POMONAG Sec. 3.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

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

    from pomonag.execution.study_journal import journal_storage, open_study, tpe_sampler

    storage = journal_storage(journal, "a search for factors") if journal is not None else None
    study = open_study(name, storage, min_resource=1, max_resource=len(datasets))

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
        study.sampler = tpe_sampler(seed_of("factors", name, seed, number))
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
