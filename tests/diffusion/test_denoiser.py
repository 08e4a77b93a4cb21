"""The denoiser against Bayes' rule by brute force over a space small enough to be listed."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from pomonag.diffusion.denoiser import PARAMETRISATIONS, Denoiser, DenoiserConfig, ResidualBlock, noise_level_features
from pomonag.errors import UserError
from pomonag.spaces.encoding import from_network_scale, generator_of, to_network_scale
from pomonag.spaces.nasbench201 import NasBench201

torch.set_num_threads(1)
SPACE = NasBench201()
# Two rows of three entries. One category is not made of zeros and ones, so that their lengths in network scale differ
# and Bayes' rule needs them.
TINY = SimpleNamespace(
    name="tiny",
    num_nodes=2,
    num_operations=3,
    patterns=(),
    categories=torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.5]]),
)
SIGMAS = torch.tensor([0.4, 0.8, 1.5, 4.0])


def without_network(denoiser: Denoiser) -> Denoiser:
    """The head set to zero: then the other rows say nothing."""
    nn.init.zeros_(denoiser.head[-1].weight)
    nn.init.zeros_(denoiser.head[-1].bias)
    return denoiser.eval().requires_grad_(False)


def tiny_examples(n=50):
    """Each row from a prior of its own, independently."""
    generator = generator_of(0)
    prior = torch.tensor([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3]])
    return TINY.categories[torch.multinomial(prior, n, replacement=True, generator=generator).T]


def network(encoding, seed=0, **settings) -> Denoiser:
    """A denoiser whose every weight is random, the head's and the blocks' too, which start at zero or small."""
    torch.manual_seed(seed)
    made = Denoiser(encoding, DenoiserConfig(width=16, blocks=2, **settings))
    for parameter in made.parameters():
        nn.init.normal_(parameter, std=0.3)
    return made.eval().requires_grad_(False)


def noised(n, sigma, seed=1):
    generator = generator_of(seed)
    clean = SPACE.encoding.encode(SPACE.sample(n, generator))
    sigma = torch.full((n,), sigma) if isinstance(sigma, float) else sigma
    noise = torch.randn(clean.shape, generator=generator)
    return clean, sigma, noise, to_network_scale(clean) + sigma.view(-1, 1, 1) * noise


@pytest.fixture
def tiny():
    denoiser = without_network(Denoiser(TINY, DenoiserConfig(width=8, blocks=1)))
    denoiser.row_posterior.count(tiny_examples())
    return denoiser.double()


def brute_force(x, sigma, prior):
    """log p(x) and E[clean | x] for one x [2, 3], summed over all nine clean matrices; prior [2, 3]."""
    weights, matrices = [], []
    for a, b in itertools.product(range(3), repeat=2):
        matrix = to_network_scale(TINY.categories[[a, b]].double())
        weights.append(prior[0, a].log() + prior[1, b].log() - (x - matrix).square().sum() / (2 * sigma**2))
        matrices.append(matrix)
    weights = torch.stack(weights)
    return weights.logsumexp(0), (weights.softmax(0).view(-1, 1, 1) * torch.stack(matrices)).sum(0)


def test_the_denoised_mean_is_the_posterior_expectation(tiny):
    counts = torch.stack([(tiny_examples() == c).all(-1).sum(0) for c in TINY.categories], dim=-1)
    prior = (counts + 1e-4).double() / (50 + 3e-4)
    assert counts.min() > 0
    x = 2 * torch.randn(4, 2, 3, generator=generator_of(3), dtype=torch.float64)
    found = tiny(x, SIGMAS.double())
    for i, sigma in enumerate(SIGMAS.tolist()):
        _, expected = brute_force(x[i], sigma, prior)
        torch.testing.assert_close(found[i], expected, rtol=1e-5, atol=1e-6)
    # Vague and certain answers both occur.
    assert (found - found.round()).abs().max() > 0.2


def test_the_score_is_the_gradient_of_the_log_density(tiny):
    """(denoised - x) / sigma^2, Karras et al. 2022, Eq. 3."""
    prior = tiny.row_posterior.log_prior.exp()
    for sigma in (0.5, 2.0):
        x = torch.randn(2, 3, generator=generator_of(4), dtype=torch.float64).requires_grad_(True)
        density, _ = brute_force(x, sigma, prior)
        (expected,) = torch.autograd.grad(density, x)
        level = torch.tensor([sigma], dtype=torch.float64)
        score = (tiny(x.detach().unsqueeze(0), level)[0] - x.detach()) / sigma**2
        torch.testing.assert_close(score, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("sigma", [0.05, 0.5, 3.0, 30.0])
def test_the_denoised_mean_lies_in_the_convex_hull_of_the_rows(sigma):
    """One-hot rows: entries of at least 0 that add up to 1, whatever the network says."""
    *_, x = noised(20, sigma)
    rows = from_network_scale(network(SPACE.encoding)(x, torch.full((20,), sigma)))
    assert rows.min() >= -1e-6
    torch.testing.assert_close(rows.sum(-1), torch.ones(20, 8), rtol=0, atol=1e-5)


def test_rows_that_are_not_one_hot_stay_in_their_hull_too():
    x = 3 * torch.randn(30, 2, 3, generator=generator_of(5))
    rows = from_network_scale(network(TINY)(x, torch.full((30,), 0.7)))
    # a (1, 0, 0) + b (0, 1, 0) + c (1, 0, 1/2): c is twice the last entry, a the first without c.
    weights = torch.stack([rows[..., 0] - 2 * rows[..., 2], rows[..., 1], 2 * rows[..., 2]], dim=-1)
    assert weights.min() >= -1e-6
    torch.testing.assert_close(weights.sum(-1), torch.ones(30, 2), rtol=0, atol=1e-5)


@pytest.mark.parametrize("parametrisation", ["categorical", "score"])
def test_a_sample_alone_and_in_a_batch(parametrisation):
    sigma = torch.tensor([0.2, 1.0, 5.0, 0.7])
    *_, x = noised(4, sigma)
    denoiser = network(SPACE.encoding, parametrisation=parametrisation)
    together = denoiser(x, sigma)
    assert together.shape == x.shape
    for i in range(4):
        torch.testing.assert_close(denoiser(x[i : i + 1], sigma[i : i + 1])[0], together[i], rtol=1e-4, atol=1e-5)


def test_without_noise_the_clean_matrix_comes_back():
    clean, sigma, _, x = noised(20, 0.02)
    # The network cannot talk a row out of what it plainly is.
    torch.testing.assert_close(network(SPACE.encoding)(x, sigma), to_network_scale(clean), rtol=0, atol=1e-4)


def test_with_much_noise_only_the_prior_is_left():
    examples = SPACE.encoding.encode(SPACE.sample(500, generator_of(6)))
    denoiser = without_network(Denoiser(SPACE.encoding, DenoiserConfig(width=16, blocks=1)))
    denoiser.row_posterior.count(examples)
    _, sigma, _, x = noised(10, 1e4)
    mean = to_network_scale(examples).mean(0)
    torch.testing.assert_close(denoiser(x, sigma), mean.expand(10, -1, -1), rtol=0, atol=5e-3)


def test_the_categorical_loss_is_the_mean_surprise_at_the_true_rows():
    sigma = torch.tensor([0.3, 1.0, 3.0])
    clean, _, noise, x = noised(3, sigma)
    denoiser = network(SPACE.encoding)
    probability = denoiser.logits(x, sigma).softmax(-1)
    surprises = [-probability[b, row, clean[b, row].argmax()].log() for b in range(3) for row in range(8)]
    torch.testing.assert_close(denoiser.loss(clean, sigma, noise), torch.stack(surprises).mean())


def test_the_other_rows_have_their_say():
    """What the network adds for a row depends on the others: their posterior moves it."""
    denoiser = network(SPACE.encoding)
    *_, x = noised(1, 1.0)
    other = x.clone()
    other[:, 3] += 1.0
    sigma = torch.ones(1)
    assert not torch.allclose(denoiser.logits(x, sigma)[:, 5], denoiser.logits(other, sigma)[:, 5])
    alone = without_network(denoiser)
    assert torch.equal(alone.logits(x, sigma)[:, 5], alone.logits(other, sigma)[:, 5])


# The score parametrisation.


def test_the_score_parametrisations_loss_is_denoising_score_matching():
    """mean (sigma s + noise)^2 with the score s = (denoised - x) / sigma^2."""
    sigma = torch.tensor([0.3, 1.0, 3.0])
    clean, _, noise, x = noised(3, sigma)
    denoiser = network(SPACE.encoding, parametrisation="score")
    level = sigma.view(-1, 1, 1)
    score = (denoiser(x, sigma) - x) / level**2
    torch.testing.assert_close(
        denoiser.loss(clean, sigma, noise), (level * score + noise).square().mean(), rtol=1e-4, atol=1e-5
    )


def test_a_perfect_score_has_no_loss(monkeypatch):
    sigma = torch.tensor([0.3, 1.0, 3.0])
    clean, _, noise, x = noised(3, sigma)
    denoiser = network(SPACE.encoding, parametrisation="score")
    monkeypatch.setattr(denoiser, "_network", lambda x, sigma: -noise)
    assert denoiser.loss(clean, sigma, noise) == 0
    torch.testing.assert_close(denoiser(x, sigma), to_network_scale(clean), rtol=0, atol=1e-5)


# Parts.


def test_residual_blocks_start_as_the_identity():
    torch.manual_seed(0)
    block = ResidualBlock(6)
    x = torch.randn(3, 6, generator=generator_of(7))
    assert torch.equal(block(x), x)
    nn.init.ones_(block.contract.bias)
    assert torch.equal(block(x), x + 1)


def test_noise_levels_are_told_apart_on_the_samplers_range():
    sigma = torch.logspace(-1, 1, 200)
    features = noise_level_features(sigma)
    assert features.shape == (200, 17)
    torch.testing.assert_close(features[:, 0], sigma.log())
    assert features[:, 1:].abs().max() <= 1
    assert (features[1:] - features[:-1]).norm(dim=1).min() > 0.05
    for i in range(8):  # half octaves
        angle = sigma.log() * torch.pi / 8 * 2 ** (i / 2)
        torch.testing.assert_close(features[:, 1 + i], angle.sin(), rtol=0, atol=1e-5)
        torch.testing.assert_close(features[:, 9 + i], angle.cos(), rtol=0, atol=1e-5)


def test_the_prior_is_saved_with_the_weights_and_the_categories_are_the_spaces():
    state = network(SPACE.encoding).state_dict()
    assert "row_posterior.log_prior" in state
    assert not any("categories" in key for key in state)


def test_a_misspelt_parametrisation_is_no_other_one():
    with pytest.raises(UserError, match=r"'categorial'. Known: categorical, score. Did you mean 'categorical'"):
        DenoiserConfig(parametrisation="categorial")
    assert [DenoiserConfig(parametrisation=name).parametrisation for name in PARAMETRISATIONS] == list(PARAMETRISATIONS)
