"""The protocol of tuning on small batches, and the qualities that it climbs, against their definitions."""

from __future__ import annotations

import math
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from pomonag.errors import UserError
from pomonag.guidance.stretching import FAST_INTERVALS, PAPER_INTERVALS, PHASES
from pomonag.predictors.dataset_code import separability
from pomonag.spaces import search_space
from pomonag.tuning import FactorTuning, judge_of, tune

torch.set_num_threads(1)
SPACE = search_space("nb201")
SMALL = FactorTuning(
    datasets=("cifar10", "heldout-000"), predictors=("without_cifar10", "without_cifar100"), trials=3, count=16
)
METRICS = ("params", "macs", "latency_ms")


@pytest.fixture(scope="module")
def found():
    """The result of the small search, in one go."""
    return tune(SPACE, SMALL)


# The search


def test_each_phase_has_its_factors(found):
    phases, about = found
    assert tuple(phases) == PHASES
    for phase, k in phases.items():
        for name, interval in FAST_INTERVALS[phase].items():
            assert interval.low <= getattr(k, name) <= interval.high
    assert about["tuning"] == asdict(SMALL)
    assert about["seconds"] > 0
    assert about["provenance"]["version"]


def test_the_qualities_are_those_of_what_the_factors_generate(found):
    phases, about = found
    expected = dict.fromkeys(PHASES, 0.0)
    for dataset, predictors in zip(SMALL.datasets, SMALL.predictors):
        judge = judge_of(SPACE, dataset, predictors, SMALL)
        first = judge.batch("efficient", phases["efficient"])
        second = judge.batch("accurate", phases["accurate"], first)
        assert first.shape == second.shape == (16, 8, 7)
        expected["efficient"] += judge(first) / 2
        expected["accurate"] += judge(torch.cat([first, second])) / 2  # what it adds
    assert about["qualities"] == pytest.approx(expected)


def test_the_paper_judges_each_phase_alone():
    config = replace(SMALL, quality="accuracy", trials=2, datasets=("cifar10",), predictors=("shipped",))
    phases, about = tune(SPACE, config)
    judge = judge_of(SPACE, "cifar10", "shipped", config)
    first = judge.batch("efficient", phases["efficient"])
    second = judge.batch("accurate", phases["accurate"], first)
    assert about["qualities"] == pytest.approx({"efficient": judge(first), "accurate": judge(second)})


class Stopped(BaseException):
    """What ends a search from outside."""


def test_a_stopped_search_goes_on_where_it_was(found, tmp_path):
    journal = tmp_path / "new" / "journal.log"
    told = []

    def until(*last):
        def tell(*report):
            told.append(report[:3])
            if report[:3] == last:
                raise Stopped

        return tell

    for last in (("efficient", 2, 3), ("accurate", 1, 3)):
        with pytest.raises(Stopped):
            tune(SPACE, SMALL, journal, until(*last))
    phases, about = tune(SPACE, SMALL, journal, until())
    assert phases == found[0]
    assert about["qualities"] == found[1]["qualities"]
    assert told == [(phase, done, 3) for phase in PHASES for done in (1, 2, 3)], "no trial twice"


def test_trials_under_other_settings_do_not_count(found, tmp_path):
    tune(SPACE, replace(SMALL, seed=1, trials=2), tmp_path / "journal.log")
    phases, about = tune(SPACE, SMALL, tmp_path / "journal.log")
    assert (phases, about["qualities"]) == (found[0], found[1]["qualities"])


def test_the_reference_mode():
    config = FactorTuning(
        mode="reference", datasets=("cifar10",), predictors=("shipped",), trials=1, count=2, reference_steps=2
    )
    phases, about = tune(SPACE, config)
    for phase, k in phases.items():
        assert all(i.low <= k.of(name) <= i.high for name, i in PAPER_INTERVALS[phase].items())
        assert (k.spread, k.repulsion) == (1.0, 0.0)
    assert all(math.isfinite(quality) for quality in about["qualities"].values())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"quality": "hypervolum"}, "Did you mean 'hypervolume'"),
        ({"mode": "fst"}, "Did you mean 'fast'"),
        ({"datasets": ("cifar10", "cifra100")}, "Did you mean 'cifar100'"),
        ({"datasets": ("cifar10", "heldout-0")}, "unknown task 'heldout-0'"),
        ({"predictors": ("shipped", "shiped")}, "Did you mean 'shipped'"),
        ({"predictors": ("shipped",)}, "1 checkpoint sets for 2 data sets"),
        ({"predictors": ("shipped", "training_free")}, "unknown protocol"),
        ({"datasets": ("cifar10", "cifar10")}, "expected each once"),
        ({"trials": 0}, "expected one at least"),
        ({"datasets": (), "predictors": ()}, "expected one at least"),
    ],
)
def test_what_is_refused_before_the_first_trial(change, message):
    def progress(*report):
        pytest.fail("tried")

    with pytest.raises(UserError, match=message):
        tune(SPACE, replace(SMALL, **change), progress=progress)


# The qualities


@pytest.fixture(scope="module")
def judge():
    return judge_of(SPACE, "cifar10", "shipped", FactorTuning())


@pytest.fixture(scope="module")
def paper_judge():
    return judge_of(SPACE, "cifar10", "shipped", FactorTuning(quality="accuracy"))


def cells(n, seed=0):
    """Different cells."""
    drawn = dict.fromkeys(SPACE.sample(2 * n, torch.Generator().manual_seed(seed)))
    return list(drawn)[:n]


def quality(judge, architectures):
    return judge(SPACE.encoding.encode(architectures))


def predicted(judge, architectures):
    """Accuracies [n], and costs [n, 3] of the network for ten classes."""
    counted = SPACE.cost(architectures, classes=10)
    latency_ms = judge.generator.predictors.latency_ms(architectures)
    accuracy = judge.generator.predictors.accuracy(architectures, judge.embedding, "full")
    return accuracy, np.stack([counted.params, counted.macs, latency_ms], axis=1)


def test_the_papers_quality_is_the_mean_accuracy_of_the_union_of_the_fronts(paper_judge):
    architectures = cells(60)
    accuracy, costs = predicted(paper_judge, architectures)
    on_a_front = [
        i
        for i in range(60)
        if any(
            not any(
                accuracy[j] >= accuracy[i] and costs[j, c] <= costs[i, c]
                and (accuracy[j], -costs[j, c]) != (accuracy[i], -costs[i, c])
                for j in range(60)
            )
            for c in range(3)
        )
    ]  # fmt: skip
    assert 3 < len(on_a_front) < 50
    expected = accuracy[on_a_front].mean()
    assert quality(paper_judge, architectures) == pytest.approx(expected)
    # Repetitions weigh nothing.
    assert quality(paper_judge, architectures + architectures[:30]) == pytest.approx(expected)


def test_hypervolume_by_rectangles(judge):
    architectures = cells(60)
    accuracy, costs = predicted(judge, architectures)
    scale = judge.generator.predictors.scales["full"]
    median, best = scale(np.array([0.0, 3.8]), separability(judge.embedding))
    volumes = []
    for column, metric in enumerate(METRICS):
        low, high = judge.cost_ranges[metric]
        gain, left = (accuracy - median) / (best - median), (high - costs[:, column]) / (high - low)
        volume, reached = 0.0, 0.0
        for i in np.argsort(-left):
            if left[i] > 0 and gain[i] > reached:
                volume += left[i] * (gain[i] - reached)
                reached = gain[i]
        volumes.append(volume)
    assert quality(judge, architectures) == pytest.approx(np.mean(volumes))
    assert 0 < np.mean(volumes) < 1


def test_costs_range_over_the_space(judge):
    everything = SPACE.cost(SPACE.enumerate(), classes=10)
    for metric in ("params", "macs"):
        counted = getattr(everything, metric)
        low, high = judge.cost_ranges[metric]
        assert counted.min() <= low < high <= counted.max()
        assert high - low > 0.8 * np.ptp(counted)


def test_duplicates_cost_quality(judge):
    architectures = cells(40)
    whole = quality(judge, architectures)
    many = quality(judge, architectures + architectures[:10])
    assert many == pytest.approx(whole - 2.0 * (judge.config.uniqueness - 40 / 50))
    hundred = cells(100)
    few = quality(judge, hundred + hundred[:1])  # 100 of 101 are distinct, which is enough
    assert few == quality(judge, hundred)


def test_better_architectures_raise_either_quality(judge, paper_judge):
    architectures = cells(200)
    accuracy, _ = predicted(judge, architectures)
    order = np.argsort(accuracy)
    worse, better = ([architectures[i] for i in part] for part in (order[:100], order[100:]))
    assert quality(judge, better) > quality(judge, worse) + 0.1
    assert quality(paper_judge, better) > quality(paper_judge, worse) + 1
    assert quality(judge, architectures) >= quality(judge, better)


def test_nothing_valid_is_worth_less_than_duplicates(judge, paper_judge):
    nothing = torch.zeros(4, 8, 7)
    assert paper_judge(nothing) == 0.0
    assert judge(nothing) < quality(judge, cells(1) * 50)
