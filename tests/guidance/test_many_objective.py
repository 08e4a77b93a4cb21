"""The guide's gradient against its definition, and how factors are shared out among the samples."""

from __future__ import annotations

import copy
import math

import pytest
import torch

from pomonag.guidance.guide import OBJECTIVES, ScalingFactors
from pomonag.guidance.many_objective import many_objective_guide, sample_factors

ALL = tuple(OBJECTIVES.values())
K = ScalingFactors(10, 8, 4, 2)


def spread_out(n, seed=0, objectives=ALL, **changes):
    factors = ScalingFactors(**{**vars(K), "spread": 3.0, **changes})
    return sample_factors(factors, objectives, n, seed)


# Factors of samples


def test_the_papers_factors_are_the_same_for_every_sample():
    assert torch.equal(sample_factors(K, ALL, 5, seed=1), torch.tensor([10.0, -8.0, -4.0, -2.0]).repeat(5, 1))


def test_signs_and_columns_follow_the_objectives():
    chosen = (OBJECTIVES["macs"], OBJECTIVES["accuracy"])
    assert torch.equal(sample_factors(K, chosen, 2, seed=0), torch.tensor([[-4.0, 10.0]] * 2))


def test_spread_leaves_each_sample_one_cost_times_a_multiple():
    k = spread_out(256)
    assert (k[:, 0] == 10).all()
    costs = k[:, 1:]
    assert ((costs != 0).sum(1) == 1).all()
    multiples = (costs / torch.tensor([-8.0, -4.0, -2.0])).sum(1)
    assert (multiples >= 1 / 3).all()
    assert (multiples <= 3).all()
    assert multiples.unique().numel() > 200


@pytest.mark.parametrize("seed", range(5))
def test_costs_and_multiples_are_even_in_any_first_part(seed):
    k = spread_out(1024, seed)
    position = (k[:, 1:] / torch.tensor([-8.0, -4.0, -2.0])).sum(1).log() / math.log(3)  # even in [-1, 1]
    for part in (8, 16, 32, 64, 128, 256, 512, 1024):
        shares = (k[:part, 1:] != 0).sum(0)
        assert ((shares - part / 3).abs() < 2).all()
        assert torch.histc(position[:part], 8, -1, 1).tolist() == pytest.approx([part / 8] * 8, abs=1)
    # And no cost has all the strong ones.
    for column in (1, 2, 3):
        assert position[k[:, column] != 0].mean().abs() < 0.05


def test_a_cost_without_a_factor_has_no_turn():
    k = spread_out(64, macs=0)
    assert (k[:, 2] == 0).all()
    assert (k[:, 1] != 0).sum() == (k[:, 3] != 0).sum() == 32
    assert torch.equal(spread_out(64, params=0, macs=0, latency=0), torch.tensor([10.0, 0, 0, 0]).repeat(64, 1))
    assert (spread_out(8, accuracy=0)[:, 0] == 0).all()


def test_a_samples_factors_do_not_depend_on_how_many_follow():
    longest = spread_out(700)
    for n in (1, 2, 3, 64, 129, 699):
        assert torch.equal(spread_out(n), longest[:n])
    assert not torch.equal(spread_out(700, seed=1), longest)


# The gradient


@pytest.fixture(scope="module")
def exact(predictors):
    """The shipped predictor in double precision, for differences."""
    return copy.deepcopy(predictors.noisy).double()


@pytest.fixture
def batch(noisy):
    x, sigma = noisy(6)
    x[4], sigma[4] = x[3] + 0.05, sigma[3]  # two that are likely to come out the same
    return x.double(), sigma.double()


def differences(function, x, step=1e-5):
    """The derivative of each sample's own `function(x) -> [b]` by each of its entries, all other samples held."""
    slopes = torch.zeros_like(x)
    for sample in range(len(x)):
        for entry in range(x[0].numel()):
            moved = []
            for sign in (1, -1):
                shifted = x.clone()
                shifted[sample].view(-1)[entry] += sign * step
                moved.append(function(shifted)[sample])
            slopes[sample].view(-1)[entry] = (moved[0] - moved[1]) / (2 * step)
    return slopes


def test_the_gradient_of_the_weighted_sum(exact, batch, condition, columns):
    x, sigma = batch
    given, mixed = condition.double(), columns.double()
    mixed[:, 3] += 0.5 * mixed[:, 1]  # a combination of heads
    factors = torch.randn(6, 4, generator=torch.Generator().manual_seed(0)).double()
    found = many_objective_guide(exact, given, mixed, factors)(x, sigma)
    expected = differences(lambda x: (factors * (exact(x, sigma, given) @ mixed)).sum(1), x)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-7)
    assert expected.abs().max() > 0.01


def test_the_gradient_of_the_repulsion(exact, batch, condition, columns):
    x, sigma = batch
    nothing = torch.zeros(6, 4).double()
    given = condition.double()
    found = many_objective_guide(exact, given, columns.double(), nothing, repulsion=3.0)(x, sigma)

    def minus_duplicates(x):
        p = exact.row_posterior(x, sigma).softmax(-1)
        return torch.stack(
            [sum((-3.0 * (p[i] * p[j]).sum(-1).prod() for j in range(i)), torch.tensor(0.0)) for i in range(6)]
        )

    expected = differences(minus_duplicates, x)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-7)
    assert expected[4].abs().max() > 1e-3
    assert (found[0] == 0).all()


def test_terms_add_up(predictors, noisy, condition, columns):
    x, sigma = (torch.cat([value, value]) for value in noisy(8))  # each twice, so that there is what repels
    signed, nothing = sample_factors(K, ALL, 16, 0), torch.zeros(16, 4)

    def gradient(factors, limits=None, repulsion=0.0):
        return many_objective_guide(predictors.noisy, condition, columns, factors, limits, repulsion)(x, sigma)

    whole = gradient(signed, {1: -0.5, 2: 0.3}, 5.0)
    parts = (gradient(signed), gradient(nothing, {1: -0.5}), gradient(nothing, {2: 0.3}), gradient(nothing, None, 5.0))
    torch.testing.assert_close(whole, sum(parts), rtol=1e-4, atol=1e-5)
    assert all(part.abs().max() > 1e-3 for part in parts)


def test_a_bound_pushes_down_what_is_above_it_and_leaves_the_rest(predictors, noisy, condition, columns):
    x, sigma = noisy(8)
    nothing, descent = torch.zeros(8, 4), torch.tensor([0.0, -1.0, 0.0, 0.0]).repeat(8, 1)
    down = many_objective_guide(predictors.noisy, condition, columns, descent)(x, sigma)
    label = (predictors.noisy(x, sigma, condition) @ columns)[:, 1]

    def push(bound):
        return many_objective_guide(predictors.noisy, condition, columns, nothing, {1: bound})(x, sigma)

    above, below = push(float(label.min()) - 5), push(float(label.max()) + 5)
    # Straight down, with one strength for all that are far above.
    strength = (above / down)[down.abs() > 1e-3]
    assert strength.min() > 10
    torch.testing.assert_close(strength, strength.mean().expand_as(strength), rtol=1e-3, atol=0)
    assert below.abs().max() < 1e-6 * down.abs().max()


def test_without_repulsion_nothing_is_added(predictors, noisy, condition, columns, monkeypatch):
    x, sigma = noisy(8)
    signed = sample_factors(K, ALL, 8, 0)
    with monkeypatch.context() as patched:
        patched.setattr("pomonag.guidance.many_objective.expected_duplicates", lambda rows: pytest.fail("computed"))
        plain = many_objective_guide(predictors.noisy, condition, columns, signed)(x, sigma)
        off = many_objective_guide(predictors.noisy, condition, columns, signed, None, 0.0)(x, sigma)
    on = many_objective_guide(predictors.noisy, condition, columns, signed, None, 100.0)(x, sigma)
    assert torch.equal(off, plain)
    assert not torch.equal(on, plain)


def test_a_gradient_is_the_same_alone_and_in_a_batch(predictors, noisy, condition, columns):
    x, sigma = noisy(8)
    signed = spread_out(8)
    together = many_objective_guide(predictors.noisy, condition, columns, signed)(x, sigma)
    for i in range(8):
        alone = many_objective_guide(predictors.noisy, condition, columns, signed[i : i + 1])(
            x[i : i + 1], sigma[i : i + 1]
        )
        torch.testing.assert_close(alone[0], together[i], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("objectives", [1, 2, 4])
def test_one_forward_and_one_backward_pass_however_many_objectives(predictors, noisy, condition, columns, objectives):
    x, sigma = noisy(8)
    passes = []
    network = predictors.noisy
    hooks = [
        network.register_forward_hook(lambda *_: passes.append("forward")),
        # The last layer: every way back from the predictions leads through it.
        network.head.register_full_backward_hook(lambda *_: passes.append("backward")),
    ]
    try:
        signed = torch.ones(8, objectives)
        guide = many_objective_guide(network, condition, columns[:, :objectives], signed, {0: 0.0}, 5.0)
        guide(x, sigma)
    finally:
        for hook in hooks:
            hook.remove()
    assert passes == ["forward", "backward"]


def test_no_graph_is_left_behind(predictors, noisy, condition, columns):
    x, sigma = noisy(4)
    before = x.clone()
    with torch.no_grad():
        gradient = many_objective_guide(predictors.noisy, condition, columns, torch.ones(4, 4), {1: 0.0}, 1.0)(x, sigma)
    assert not gradient.requires_grad
    assert not x.requires_grad
    assert torch.equal(x, before)
    assert all(p.grad is None for p in predictors.noisy.parameters())
