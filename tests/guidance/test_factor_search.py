"""The search for factors: a known optimum, pruning, and going on after a stop."""

from __future__ import annotations

import math

import optuna
import pytest

from pomonag.errors import UserError
from pomonag.guidance.factor_search import tune_factors
from pomonag.guidance.stretching import Interval

INTERVALS = {name: Interval(1, 100) for name in ("accuracy", "params", "macs", "latency")}
BEST = {"accuracy": 10.0, "params": 3.0, "macs": 30.0, "latency": 10.0}


def toy(factors, dataset):
    return -sum((math.log10(getattr(factors, name)) - math.log10(value)) ** 2 for name, value in BEST.items())


def search(quality, datasets="a", **settings):
    return tune_factors(quality, INTERVALS, list(datasets), name="toy", **settings)


def test_a_known_optimum_is_found():
    factors, quality = search(toy, trials=60)
    assert quality > -0.35
    assert quality == pytest.approx(toy(factors, "a"))
    assert all(i.low <= getattr(factors, k) <= i.high for k, i in INTERVALS.items())


def test_the_quality_is_the_mean_over_the_data_sets():
    offsets = {"a": 0.0, "b": 1.0, "c": 5.0}
    factors, quality = search(lambda k, dataset: toy(k, dataset) + offsets[dataset], "abc", trials=8)
    assert quality == pytest.approx(toy(factors, "a") + 2.0)


def test_seeds_decide():
    first, again, other = (search(toy, trials=15, seed=seed) for seed in (2, 2, 3))
    assert first == again
    assert first != other


def test_no_two_trials_are_the_same():
    tried = []
    search(lambda k, dataset: tried.append(k) or toy(k, dataset), trials=12)
    assert len(set(tried)) == 12


def test_intervals_are_searched_evenly_in_the_logarithm():
    tried = []
    search(lambda k, dataset: tried.extend(k.of(name) for name in INTERVALS) or 0.0, trials=10)
    assert 10 <= sum(value < 10 for value in tried) <= 30


def test_bad_trials_are_pruned():
    calls = []

    def counted(factors, dataset):
        calls.append(dataset)
        return toy(factors, dataset)

    search(counted, "abcd", trials=40)
    assert 40 <= len(calls) < 160
    assert calls.count("a") == 40


class Stopped(BaseException):
    """What ends a search from outside."""


def stopping(after, tried):
    """The toy, until `after` calls are done."""

    def quality(factors, dataset):
        if len(tried) == after:
            raise Stopped
        tried.append((factors, dataset))
        return toy(factors, dataset) + ord(dataset) % 7

    return quality


@pytest.mark.parametrize("stops", [[1], [2, 9, 14, 20]])
def test_a_stopped_search_finds_what_it_would_have_found(tmp_path, stops):
    whole, journal = [], tmp_path / "new" / "journal.log"
    expected = search(stopping(10**6, whole), "abcd", trials=14)
    parts = []
    for stop in stops:
        with pytest.raises(Stopped):
            search(stopping(stop, parts), "abcd", trials=14, journal=journal)
    told = []
    found = search(
        stopping(10**6, parts), "abcd", trials=14, journal=journal, progress=lambda *report: told.append(report)
    )
    assert found == expected
    # Only what the stopped trials had done is done again.
    assert list(dict.fromkeys(parts)) == whole
    assert len(parts) <= len(whole) + 4 * len(stops)
    assert told[-1] == (14, 14, expected[1])
    # Once done, nothing is computed again.
    assert search(stopping(0, []), "abcd", trials=14, journal=journal) == expected


def test_more_trials_go_on_from_those_that_are_done(tmp_path):
    journal = tmp_path / "journal.log"
    search(toy, trials=11, journal=journal)
    assert search(toy, trials=14, journal=journal) == search(toy, trials=14)


def test_the_journal_holds_every_trial(tmp_path):
    factors, quality = search(toy, trials=12, journal=tmp_path / "journal.log")
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(tmp_path / "journal.log")))
    study = optuna.load_study(study_name="toy", storage=storage)
    assert [t.number for t in study.trials] == list(range(12))
    assert quality == study.best_value == pytest.approx(toy(factors, "a"))


@pytest.mark.parametrize("content", ["hello\nworld\n", "{}\n{}\n", "3\n"])
def test_a_file_that_is_no_journal(tmp_path, content):
    (tmp_path / "journal.log").write_text(content)
    with pytest.raises(UserError, match=r"journal\.log is no journal of a search"):
        search(toy, trials=2, journal=tmp_path / "journal.log")
    assert (tmp_path / "journal.log").read_text() == content
