from pathlib import Path

import numpy as np
import pytest
import torch

from pomonag.diffusion.noise_process import NoiseProcess, VPNoiseProcess
from pomonag.errors import UserError

GOLDEN = Path(__file__).parents[1] / "reference" / "golden" / "sde.npz"


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN) as file:
        return {key: torch.from_numpy(value) for key, value in file.items()}


def close(found, expected):
    return torch.allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("sigma_max", [1, 5, 20])
def test_variance_exploding_values_are_the_releases(golden, sigma_max):
    process, prefix = NoiseProcess(0.1, sigma_max), f"ve_0.1_{sigma_max}"
    t = golden[f"{prefix}_t"]
    assert close(process.sigma(t), golden[f"{prefix}_std"])
    assert close(process.diffusion(t), golden[f"{prefix}_g"])
    assert close(process.discrete_sigmas(1000), golden[f"{prefix}_discrete"])


@pytest.mark.parametrize("beta_max", [5, 20])
def test_variance_preserving_values_are_the_releases(golden, beta_max):
    process, prefix = VPNoiseProcess(0.1, beta_max), f"vp_0.1_{beta_max}"
    t = golden[f"{prefix}_t"]
    assert close(process.mean_coefficient(t), golden[f"{prefix}_meancoef"])
    assert torch.allclose(process.sigma(t), golden[f"{prefix}_std"], rtol=1e-3)
    assert close(process.diffusion(t), golden[f"{prefix}_g"])
    assert close(1 - process.discrete_betas(1000), golden[f"{prefix}_alphas"])


def test_noise_has_the_spread_that_was_asked_for():
    process, generator = NoiseProcess(0.1, 5.0), torch.Generator().manual_seed(0)
    x = torch.ones(2, 100, 100)
    noisy = process.add_noise(x, torch.tensor([0.5, 2.0]), torch.randn(x.shape, generator=generator))
    assert noisy.flatten(1).std(dim=1).tolist() == pytest.approx([0.5, 2.0], rel=0.05)
    assert noisy.mean().item() == pytest.approx(1, abs=0.05)
    assert process.prior((100, 100), generator).std().item() == pytest.approx(5, rel=0.05)


def test_one_sigma_may_serve_all_samples():
    process, noise = NoiseProcess(0.1, 5.0), torch.randn(2, 3, generator=torch.Generator().manual_seed(0))
    x = torch.zeros(2, 3)
    assert torch.equal(
        process.add_noise(x, torch.tensor(2.0), noise), process.add_noise(x, torch.full((2,), 2.0), noise)
    )


def test_variance_preserving_keeps_unit_variance():
    process, generator = VPNoiseProcess(0.1, 20.0), torch.Generator().manual_seed(0)
    x, noise = (torch.randn(3, 50_000, generator=generator) for _ in range(2))
    noisy = process.add_noise(x, torch.tensor([0.1, 0.5, 1.0]), noise)
    assert noisy.std(dim=1).tolist() == pytest.approx([1, 1, 1], rel=0.02)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (2.0, 1.0), (0.1, float("nan"))])
def test_impossible_ranges_are_refused(low, high):
    with pytest.raises(UserError, match="expected 0 < sigma_min < sigma_max"):
        NoiseProcess(low, high)
