"""Samplers against denoisers that are known in closed form."""

from __future__ import annotations

import pytest
import torch

from pomonag.diffusion.samplers import SAMPLERS, log_linear_sigmas, noises_of, sample_euler

torch.set_num_threads(1)

SHAPE = (3, 2)
POINT = torch.tensor([[1.0, -1.0], [0.5, 0.0], [-1.0, 1.0]])
SIGMAS = log_linear_sigmas(10.0, 0.1, 12)


def point_mass(x, sigma):
    """All data is one matrix."""
    return POINT.expand_as(x)


def standard_normal(x, sigma):
    """Data is standard normal in each entry."""
    return x / (1 + sigma.view(-1, 1, 1) ** 2)


def test_noise_levels_fall_evenly_in_their_logarithm():
    assert SIGMAS[0].item() == pytest.approx(10.0)
    assert SIGMAS[-1].item() == pytest.approx(0.1, rel=1e-5)
    steps = SIGMAS.log().diff()
    assert torch.allclose(steps, steps[0].expand_as(steps), atol=1e-5)


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_point_mass_is_hit_exactly(name):
    x = SAMPLERS[name](point_mass, SIGMAS, SHAPE, seeds=range(5))
    assert torch.equal(x, POINT.expand(5, -1, -1))


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_sample_is_the_same_alone_and_in_a_batch(name):
    batch = SAMPLERS[name](standard_normal, SIGMAS, SHAPE, seeds=[3, 1, 4])
    for position, seed in enumerate([3, 1, 4]):
        alone = SAMPLERS[name](standard_normal, SIGMAS, SHAPE, seeds=[seed])
        torch.testing.assert_close(alone[0], batch[position], rtol=1e-6, atol=1e-6)
    assert not torch.equal(batch[0], batch[1])


@pytest.mark.parametrize("name", SAMPLERS)
def test_one_step_with_a_guide_moves_the_mean_by_sigma_squared_times_the_gradient(name):
    gradient = torch.arange(6.0).view(1, 3, 2)
    x = SAMPLERS[name](point_mass, torch.tensor([0.5]), SHAPE, guide=lambda x, s: gradient.expand_as(x), seeds=[0, 1])
    torch.testing.assert_close(x, (POINT + 0.25 * gradient[0]).expand(2, -1, -1))


def test_the_ode_of_a_gaussian_is_solved_and_higher_order_is_nearer():
    # dx/dsigma = x sigma / (1 + sigma^2) has the solution x = c sqrt(1 + sigma^2).
    sigmas = log_linear_sigmas(10.0, 0.1, 20)
    start = 10.0 * noises_of(range(50), 1, SHAPE)[0]
    exact = start * ((1 + 0.1**2) / (1 + 10.0**2)) ** 0.5 / (1 + 0.1**2)
    errors = {
        name: (SAMPLERS[name](standard_normal, sigmas, SHAPE, seeds=range(50)) - exact).abs().mean().item()
        for name in ("euler", "heun", "dpm_solver_pp_2m")
    }
    assert errors["heun"] < errors["euler"] / 3
    assert errors["dpm_solver_pp_2m"] < errors["euler"] / 3
    assert errors["heun"] < 0.02


def test_ancestral_samples_have_the_variance_of_the_data():
    x = SAMPLERS["ancestral"](standard_normal, log_linear_sigmas(20.0, 0.05, 60), SHAPE, seeds=range(1500))
    assert x.mean().abs() < 0.05
    assert x.std().item() == pytest.approx(1.0, abs=0.06)


@pytest.mark.parametrize(("name", "calls"), [("ancestral", 12), ("euler", 12), ("heun", 23), ("dpm_solver_pp_2m", 12)])
def test_calls_are_as_many_as_declared(name, calls):
    counted, seen = [], []

    def denoiser(x, sigma):
        counted.append(sigma[0].item())
        return point_mass(x, sigma)

    SAMPLERS[name](denoiser, SIGMAS, SHAPE, seeds=[0], callback=lambda i, x: seen.append(i))
    assert len(counted) == calls
    assert seen == list(range(12))


def test_seeds_decide():
    first, again, other = (sample_euler(standard_normal, SIGMAS, SHAPE, seeds=[s]) for s in (7, 7, 8))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
