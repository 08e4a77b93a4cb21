"""Fast mode's batches with the networks that ship: seeds, directions, bounds, repulsion, calls."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pomonag.errors import UserError
from pomonag.generation import load_denoiser
from pomonag.guidance.fast import FastGenerator, FastSampling
from pomonag.guidance.guide import OBJECTIVES, ScalingFactors
from pomonag.guidance.repulsion import BLOCK
from pomonag.spaces.encoding import Invalid

SPREAD = ScalingFactors(10, 6, 6, 6, spread=2.0, repulsion=32.0)
NAMES = ("a test", 0)


@pytest.fixture
def fast(space, predictors, condition, columns):
    """`fast(limits, **sampling)`: the generator of all four objectives for CIFAR-10."""

    def make(limits=None, **sampling):
        return FastGenerator(
            space, load_denoiser(space), predictors.noisy, condition, tuple(OBJECTIVES.values()), columns,
            limits or {}, FastSampling(**sampling),
        )  # fmt: skip

    return make


@pytest.fixture
def valid(fast, space):
    """`valid(factors, n, limits)`: valid architectures with repetitions, of n that were generated."""

    def make(factors, n=128, limits=None):
        decoded = space.encoding.decode(fast(limits).batch(factors, n, NAMES))
        found = [item for item in decoded if not isinstance(item, Invalid)]
        assert len(found) > 0.95 * n
        return found

    return make


# Seeds and batches


@pytest.mark.parametrize("factors", [None, SPREAD])
def test_names_decide(fast, factors):
    first, again, other = (fast().batch(factors, 16, names) for names in (NAMES, NAMES, ("a test", 1)))
    assert first.shape == (16, 8, 7)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(
    ("factors", "k", "n"),
    [
        *((factors, k, n) for factors in (None, ScalingFactors(10, 6, 6, 6), SPREAD) for k, n in ((1, 5), (64, 128))),
        (SPREAD, BLOCK, BLOCK + 44),
    ],
)
def test_a_batch_begins_with_any_shorter_one(fast, space, factors, k, n):
    shorter, longer = (space.encoding.decode(fast().batch(factors, m, NAMES)) for m in (k, n))
    assert longer[:k] == shorter


def test_matrices_are_near_zeros_and_ones(fast):
    x = fast().batch(SPREAD, 64, NAMES)
    assert torch.minimum(x.abs(), (x - 1).abs()).max() < 0.5
    assert x.max() > 0.9
    assert not x.requires_grad


# Directions and bounds


def test_a_descending_factor_lowers_its_cost(valid, space, predictors):
    unguided = valid(None)
    costs = {
        "params": lambda cells: space.cost(cells).params,
        "macs": lambda cells: space.cost(cells).macs,
        "latency": predictors.latency_ms,
    }
    for name, cost in costs.items():
        guided = valid(ScalingFactors(**{**dict.fromkeys(OBJECTIVES, 0.0), name: 12.0}))
        assert cost(guided).mean() < 0.7 * cost(unguided).mean(), name


def test_climbing_accuracy_raises_what_is_predicted(valid, predictors, condition):
    unguided, guided = (predictors.scores(valid(k), condition) for k in (None, ScalingFactors(12, 0, 0, 0)))
    assert guided.mean() > unguided.mean() + 1.5


def test_a_factor_of_zero_is_no_guide(fast):
    assert torch.equal(fast().batch(ScalingFactors(0, 0, 0, 0), 8, NAMES), fast().batch(None, 8, NAMES))


def test_a_limit_lowers_the_cost(valid, space, predictors):
    head = predictors.noisy.column("params")
    bound = float(predictors.noisy.label_mean[head]) / 2  # in parameters
    label = (bound - float(predictors.noisy.label_mean[head])) / float(predictors.noisy.label_scale[head])
    upwards = ScalingFactors(10, 0, 0, 0)
    free, bounded = (space.cost(valid(upwards, limits=limits)).params for limits in (None, {1: label}))
    assert (free > bound).mean() > 0.8
    assert (bounded > bound).mean() < 0.6
    assert bounded.mean() < 0.6 * free.mean()
    # A bound that everything keeps is hardly felt.
    loose = space.cost(valid(upwards, limits={1: 6.0})).params
    assert loose.mean() == pytest.approx(free.mean(), rel=0.05)


# Repulsion


@pytest.mark.parametrize("k", [(30, 0, 0, 0), (30, 30, 30, 30)])
def test_repulsion_keeps_strongly_guided_samples_apart(valid, k):
    def distinct(repulsion):
        found = valid(ScalingFactors(*k, repulsion=repulsion))
        return len(set(found)) / len(found)

    assert distinct(0.0) < 0.5
    assert distinct(32.0) > distinct(0.0) + 0.3


def test_a_batch_keeps_away_from_earlier_ones(fast, space):
    strong = ScalingFactors(20, 0, 0, 0, repulsion=32.0)
    earlier = fast().batch(strong, 128, ("another", 0))
    there = set(space.encoding.decode(earlier))

    def again(before):
        found = fast().batch(strong, 128, NAMES, before)
        return np.mean([item in there for item in space.encoding.decode(found)]), found

    alone, apart = again(None), again(earlier)
    assert alone[0] > 0.15
    assert apart[0] < 0.6 * alone[0]
    # Without repulsion nothing is kept away from.
    free = ScalingFactors(20, 0, 0, 0)
    assert torch.equal(fast().batch(free, 8, NAMES, earlier), fast().batch(free, 8, NAMES))


def test_a_little_repulsion_leaves_the_direction(valid, predictors, condition):
    scores = [
        predictors.scores(valid(ScalingFactors(12, 0, 0, 0, repulsion=repulsion)), condition).mean()
        for repulsion in (0.0, 2.0)
    ]
    unguided = predictors.scores(valid(None), condition).mean()
    assert scores[1] - unguided > 0.7 * (scores[0] - unguided)


def test_spread_samples_cover_more_of_a_cost(valid, space):
    together, apart = (
        np.log(space.cost(valid(ScalingFactors(10, 6, 6, 6, spread=spread))).params) for spread in (1.0, 3.0)
    )
    assert apart.std() > 1.2 * together.std()


# What it costs


@pytest.fixture
def calls(predictors):
    """The number of samples of each call of the noisy predictor."""
    found = []
    hook = predictors.noisy.register_forward_hook(lambda module, inputs, result: found.append(len(inputs[0])))
    yield found
    hook.remove()


@pytest.mark.parametrize(
    ("sampler", "expected"), [("ancestral", 5), ("euler", 5), ("heun", 9), ("dpm_solver_pp_2m", 5)]
)
def test_predictor_calls(fast, calls, sampler, expected):
    generator = fast(sampler=sampler, steps=5)
    generator.batch(SPREAD, 6, NAMES)
    assert calls == [6] * expected
    assert generator.sampling.calls == expected


def test_unguided_samples_ask_no_predictor(fast, calls):
    fast().batch(None, 6, NAMES)
    assert calls == []


def test_no_generation_lists_the_space(fast, space, monkeypatch):
    monkeypatch.setattr(type(space), "enumerate", lambda self: pytest.fail("listed"))
    assert len(space.encoding.decode(fast({1: 0.0}).batch(SPREAD, 8, NAMES))) == 8


def test_an_unknown_sampler():
    with pytest.raises(UserError, match="Did you mean 'ancestral'"):
        FastSampling(sampler="ancestrl")
