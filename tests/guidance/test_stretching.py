"""The search for factors: a known optimum, pruning, and going on after a stop."""

from __future__ import annotations

import math

import optuna
import pytest

from pomonag.errors import UserError
from pomonag.guidance.stretching import FAST_FACTORS, PAPER_FACTORS, PHASES, Interval, factors_of, tune_factors

INTERVALS = {"accuracy": Interval(1, 100), "params": Interval(1, 100), "macs": Interval(1, 100)} | {
    "latency": Interval(1, 100)
}
BEST = {"accuracy": 10.0, "params": 3.0, "macs": 30.0, "latency": 10.0}


def toy(factors, dataset):
    return -sum((math.log10(getattr(factors, name)) - math.log10(value)) ** 2 for name, value in BEST.items())


def test_a_known_optimum_is_found():
    factors, quality = tune_factors(toy, INTERVALS, ["a"], name="toy", trials=60, spread=4.0)
    assert quality > -0.35
    assert quality == pytest.approx(toy(factors, "a"))
    assert factors.spread == 4.0
    assert all(i.low <= getattr(factors, k) <= i.high for k, i in INTERVALS.items())


def test_the_same_seed_finds_the_same_factors():
    first, again = (tune_factors(toy, INTERVALS, ["a"], name="toy", trials=15, seed=2) for _ in range(2))
    assert first == again


def test_bad_trials_are_pruned():
    calls = []

    def counted(factors, dataset):
        calls.append(dataset)
        return toy(factors, dataset)

    tune_factors(counted, INTERVALS, list("abcd"), name="toy", trials=40)
    assert 40 <= len(calls) < 160
    assert calls.count("a") == 40


def test_a_stopped_study_goes_on_where_it_was(tmp_path):
    journal = tmp_path / "new" / "journal.log"
    calls = []

    def stopped(factors, dataset):
        calls.append(factors)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return toy(factors, dataset)

    with pytest.raises(KeyboardInterrupt):
        tune_factors(stopped, INTERVALS, ["a"], name="toy", trials=12, journal=journal)
    told = []
    later = []

    def counted(factors, dataset):
        later.append(factors)
        return toy(factors, dataset)

    factors, quality = tune_factors(
        counted, INTERVALS, ["a"], name="toy", trials=12, journal=journal, progress=lambda *r: told.append(r)
    )
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(journal)))
    study = optuna.load_study(study_name="toy", storage=storage)
    complete = [t for t in study.trials if t.state == optuna.trial.TrialState.COMPLETE]
    assert len(later) < 12
    assert told[-1][:2] == (12, 12)
    assert quality == max(t.value for t in complete) == pytest.approx(toy(factors, "a"))
    # Once done, nothing is computed again.
    assert tune_factors(stopped, INTERVALS, ["a"], name="toy", trials=12, journal=journal) == (factors, quality)


def test_factors_by_space():
    for factors in (FAST_FACTORS, PAPER_FACTORS):
        assert set(factors_of("nb201", factors)) == set(PHASES)
    with pytest.raises(UserError, match="Did you mean 'nb201'"):
        factors_of("nb2O1", FAST_FACTORS)
