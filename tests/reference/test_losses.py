import pytest
import torch

from pomonag.diffusion.noise_process import NoiseProcess
from pomonag.reference.losses import noised_regression_loss, score_loss
from pomonag.reference.predictors import NoisyPredictor
from pomonag.reference.score_network import ScoreNetwork

PROCESS = NoiseProcess(0.1, 5.0)


@pytest.fixture(scope="module")
def golden(arrays):
    return arrays("nb201_losses")


@pytest.mark.parametrize("reduce_mean", [True, False])
@pytest.mark.parametrize("likelihood", [True, False])
def test_score_losses_are_the_releases(weights, golden, relative, reduce_mean, likelihood):
    network = ScoreNetwork.from_official_state_dict(weights("nb201", "score"), "nb201").eval()
    with torch.no_grad():
        loss = score_loss(
            lambda x, sigma: network(x, sigma, golden["mask"]),
            golden["x_scaled"],
            golden["t"],
            golden["z"],
            PROCESS,
            reduce_mean=reduce_mean,
            likelihood_weighting=likelihood,
        )
    assert relative(loss, golden[f"loss_reduce_mean_{reduce_mean}_likelihood_{likelihood}"]) < 1e-5


@pytest.mark.parametrize("noised", [True, False])
def test_regression_losses_are_the_releases(weights, arrays, golden, relative, noised):
    network = NoisyPredictor.from_official_state_dict(weights("nb201", "predictor_hs32"), "nb201").eval()
    supports = arrays("nb201_predictor")["task"].float()[[0, 1, 0, 1]]
    t, z = (golden["t"], golden["z"]) if noised else (torch.full((4,), 1e-5), torch.zeros_like(golden["z"]))
    with torch.no_grad():
        loss = noised_regression_loss(
            lambda x, sigma: network(x, sigma, golden["mask"], supports),
            golden["x_scaled"],
            t,
            z,
            golden["labels"],
            PROCESS,
        )
    assert relative(loss, golden["pred_loss_noised" if noised else "pred_loss_denoised"]) < 1e-5


def test_the_exact_score_of_the_noise_has_no_loss():
    x, noise = torch.ones(3, 2, 2), torch.randn(3, 2, 2, generator=torch.Generator().manual_seed(0))
    t = torch.tensor([0.1, 0.5, 1.0])
    for likelihood in (True, False):
        loss = score_loss(
            lambda noisy, sigma: (1 - noisy) / sigma[:, None, None] ** 2,
            x,
            t,
            noise,
            PROCESS,
            likelihood_weighting=likelihood,
        )
        assert loss < 1e-8
