"""The posterior of rows that depend on each other, against Bayes' rule over all that a group of rows can be."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pomonag.errors import UserError
from pomonag.spaces import SPACES, search_space
from pomonag.spaces.encoding import RowPatterns, generator_of, to_network_scale
from pomonag.spaces.mobilenetv3 import MobileNetV3
from pomonag.spaces.pattern_posterior import PatternPosterior, posterior_of
from pomonag.spaces.row_posterior import RowPosterior

torch.set_num_threads(1)
SPACE = MobileNetV3()
# Three rows of three categories. The first is free; the others are both the last category, or neither is.
BOUND = torch.tensor([[[0, 0, 1], [0, 0, 1]], [[1, 1, 0], [1, 1, 0]]]).bool()
TINY = SimpleNamespace(
    num_nodes=3, num_operations=2, categories=torch.tensor([[1.0, 0], [0, 1], [0, 0]]),
    patterns=(RowPatterns((1, 2), BOUND),),
)  # fmt: skip


def marginals(clean: Tensor, prior: Tensor, category: Tensor, x: Tensor, sigma: float) -> Tensor:
    """By the definition: of matrices [m, n, v] with categories [m, n] and probabilities [m], given x [n, v]."""
    distance = (to_network_scale(clean) - x).square().sum((1, 2))
    weight = (prior.log() - distance / (2 * sigma**2)).double().softmax(0)
    found = torch.zeros(category.shape[1], int(category.max()) + 1, dtype=torch.float64)
    for row in range(category.shape[1]):
        found[row].index_add_(0, category[:, row], weight)
    return found


@given(st.integers(0, 10**6), st.sampled_from([0.1, 0.5, 1.0, 3.0, 10.0]))
@settings(max_examples=40, deadline=None)
def test_it_is_bayes_rule_over_all_matrices(seed, sigma):
    allowed = [(a, b, c) for a, b, c in itertools.product(range(3), repeat=3) if (b == 2) == (c == 2)]
    # Each as often as its rank: every pattern and category has a frequency of its own, rows are independent within.
    first, second, third = [1, 2, 3], [1, 3], [2, 1]
    often = [first[a] * (5 if b == 2 else second[b] * third[c]) for a, b, c in allowed]
    category = torch.tensor([c for c, n in zip(allowed, often) for _ in range(n)])
    posterior = PatternPosterior(TINY)
    posterior.count(TINY.categories[category])
    x = 2 * torch.randn(1, 3, 2, generator=generator_of(seed))
    found = posterior(x, torch.tensor([sigma])).softmax(-1)[0].double()
    distinct = torch.tensor(allowed)
    prior = torch.tensor(often, dtype=torch.float64) / sum(often)
    torch.testing.assert_close(
        found, marginals(TINY.categories[distinct], prior, distinct, x[0], sigma), rtol=0, atol=2e-4
    )


@pytest.mark.parametrize("sigma", [0.3, 1.0, 3.0])
def test_a_stage_of_mobilenetv3_is_read_as_its_7371_settings_say(sigma):
    settings_of_stage = torch.tensor(
        [
            [*setting, *([0] * (4 - depth))]
            for depth in (2, 3, 4)
            for setting in itertools.product(range(1, 10), repeat=depth)
        ]
    )
    depth = (settings_of_stage > 0).sum(1)
    prior = 1 / (3 * 9.0**depth)
    posterior = PatternPosterior(SPACE.encoding)
    posterior.count(SPACE.encoding.encode(SPACE.sample(20_000, generator_of(0))))
    clean = to_network_scale(SPACE.encoding.encode(SPACE.sample(3, generator_of(1))))
    x = clean + sigma * torch.randn(clean.shape, generator=generator_of(2))
    found = posterior(x, torch.full((3,), sigma)).softmax(-1)
    for one, probabilities in zip(x, found):
        for stage in (0, 4):
            rows = slice(1 + 4 * stage, 5 + 4 * stage)
            expected = marginals(
                SPACE.encoding.categories[settings_of_stage], prior, settings_of_stage, one[rows], sigma
            )
            # The prior is counted from a sample, hence the tolerance.
            torch.testing.assert_close(probabilities[rows, :10].double(), expected, rtol=0, atol=0.02)


def test_the_depth_is_read_off_all_rows_of_a_stage():
    """The third row says nothing, the fourth is a block: then the third is one, too."""
    encoding = SPACE.encoding
    posterior = PatternPosterior(encoding)
    x = to_network_scale(encoding.encode(SPACE.sample(1, generator_of(3))))
    x[0, 4] = to_network_scale(encoding.categories[5])
    x[0, 3] = 0.0
    alone = RowPosterior(encoding)(x, torch.tensor([0.5])).softmax(-1)
    together = posterior(x, torch.tensor([0.5])).softmax(-1)
    assert float(alone[0, 3, 0]) > 0.05
    assert float(together[0, 3, 0]) < 1e-3


def test_what_no_pattern_admits_stays_out():
    posterior = PatternPosterior(SPACE.encoding)
    x = torch.randn(8, 21, 9, generator=generator_of(4))
    found = posterior(x, torch.full((8,), 10.0)).softmax(-1)
    assert float(found[:, 0, 1:10].max()) < 1e-9  # the width row is zeros or ones
    assert float(found[:, 1:, 10].max()) < 1e-9  # which no block is
    torch.testing.assert_close(found.sum(-1), torch.ones(8, 21))


def test_gradients_are_finite_at_every_noise_level():
    posterior = PatternPosterior(SPACE.encoding)
    posterior.count(SPACE.encoding.encode(SPACE.sample(500, generator_of(5))))
    for sigma in (0.05, 0.1, 10.0):
        x = torch.randn(4, 21, 9, generator=generator_of(6)).requires_grad_(True)
        posterior(x, torch.full((4,), sigma)).softmax(-1).square().sum().backward()
        assert x.grad.isfinite().all()


def test_matrices_outside_all_patterns_are_refused():
    posterior = PatternPosterior(TINY)
    with pytest.raises(UserError, match=r"rows \(1, 2\) follow none of 2 patterns"):
        posterior.count(TINY.categories[torch.tensor([[0, 2, 0]])])


@pytest.mark.parametrize("name", sorted(SPACES))
def test_a_space_has_the_posterior_that_its_rules_need(name):
    for encoding in search_space(name).encodings.values():
        assert isinstance(posterior_of(encoding), PatternPosterior) == bool(encoding.patterns)
