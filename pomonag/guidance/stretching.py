"""Pareto Front Stretching: two batches with different scaling factors, and the search for those factors (Sec. 3.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from pomonag.errors import unknown_name
from pomonag.guidance.guide import ScalingFactors

PHASES = ("efficient", "accurate")

# POMONAG Sec. 3.4, for labels of z-score/100 and the reference's sampler.
PAPER_FACTORS: Mapping[str, Mapping[str, ScalingFactors]] = MappingProxyType(
    {
        "nb201": {
            "efficient": ScalingFactors(4732, 482, 421, 368),
            "accurate": ScalingFactors(24943, 12, 26, 13),
        },
        "mbv3": {
            "efficient": ScalingFactors(4987, 494, 478, 481),
            "accurate": ScalingFactors(48321, 21, 16, 39),
        },
    }
)
# DiffusionNAG as the paper uses it: one guide, constant.
DIFFUSIONNAG_FACTORS = ScalingFactors(10000, 0, 0, 0)

# Fast mode, for scores and z-scores.
FAST_FACTORS: Mapping[str, Mapping[str, ScalingFactors]] = MappingProxyType(
    {
        "nb201": {
            "efficient": ScalingFactors(10, 12, 12, 12, spread=2.0, repulsion=32.0),
            "accurate": ScalingFactors(10, 3, 3, 3, spread=2.0, repulsion=32.0),
        },
    }
)


def factors_of(space: str, phases: Mapping[str, Mapping[str, ScalingFactors]]) -> Mapping[str, ScalingFactors]:
    """The factors of a space's phases."""
    if space not in phases:
        raise unknown_name("space with scaling factors", space, phases)
    return phases[space]


@dataclass(frozen=True)
class Interval:
    """A range that a factor is searched in, evenly in its logarithm."""

    low: float
    high: float


# The paper's intervals (Sec. 3.4), for the reference mode.
PAPER_INTERVALS: Mapping[str, Mapping[str, Interval]] = MappingProxyType(
    {
        "efficient": {"accuracy": Interval(1000, 5000)}
        | {cost: Interval(100, 500) for cost in ("params", "macs", "latency")},
        "accurate": {"accuracy": Interval(10000, 50000)}
        | {cost: Interval(10, 50) for cost in ("params", "macs", "latency")},
    }
)
FAST_INTERVALS: Mapping[str, Mapping[str, Interval]] = MappingProxyType(
    {
        "efficient": {"accuracy": Interval(1, 10)} | {c: Interval(0.5, 10) for c in ("params", "macs", "latency")},
        "accurate": {"accuracy": Interval(4, 40)} | {c: Interval(0.05, 2) for c in ("params", "macs", "latency")},
    }
)

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
    spread: float = 1.0,
    journal: Path | None = None,
    progress: Callable[[int, int, float], None] | None = None,
) -> tuple[ScalingFactors, float]:
    """The paper's protocol: TPE and Hyperband, `trials` trials, each on all data sets until it is pruned.

    The objective is the mean quality over the data sets; what Hyperband prunes on, which the paper leaves open, is the
    running mean after each. With a `journal` file the study survives a kill and goes on where it was. Returns the best
    factors and their quality.
    """
    import optuna
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = None
    if journal is not None:
        journal.parent.mkdir(parents=True, exist_ok=True)
        storage = optuna.storages.JournalStorage(JournalFileBackend(str(journal)))
    study = optuna.create_study(
        study_name=name,
        storage=storage,
        load_if_exists=True,
        direction="maximize",
        sampler=optuna.samplers.TPESampler(
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
        ),
        pruner=optuna.pruners.HyperbandPruner(min_resource=1, max_resource=len(datasets), reduction_factor=3),
    )

    def objective(trial: optuna.Trial) -> float:
        factors = ScalingFactors(
            **{k: trial.suggest_float(k, i.low, i.high, log=True) for k, i in intervals.items()}, spread=spread
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
    return replace(ScalingFactors(0, 0, 0, 0, spread=spread), **best.params), float(best.value or 0.0)
