import pytest
import torch

from pomonag.diffusion.noise_process import NoiseProcess
from pomonag.errors import UserError
from pomonag.reference.predictors import NoisyPredictor
from pomonag.reference.sampler import euler_maruyama_step, langevin_step, reverse_diffusion_step, sample
from pomonag.reference.score_network import ScoreNetwork

PROCESS = NoiseProcess(0.1, 5.0)


@pytest.fixture(scope="module")
def golden(arrays):
    return arrays("nb201_steps")


@pytest.fixture(scope="module")
def score(weights, golden):
    network = ScoreNetwork.from_official_state_dict(weights("nb201", "score"), "nb201").eval()

    @torch.no_grad()
    def evaluate(x, sigma):
        return network(x, sigma, golden["mask"])

    return evaluate


@pytest.fixture(scope="module")
def gradient(weights, arrays, golden):
    network = NoisyPredictor.from_official_state_dict(weights("nb201", "predictor_hs32"), "nb201").eval()
    code = network.encode(arrays("nb201_predictor")["task"].float()[:1]).detach()

    def evaluate(x, sigma):
        x = x.detach().requires_grad_()
        return torch.autograd.grad(network.predict(x, sigma, golden["mask"], code).sum(), x)[0]

    return evaluate


def test_langevin_step_is_the_releases(golden, score, relative):
    x, mean = langevin_step(golden["x"], score(golden["x"], PROCESS.sigma(golden["t"])), golden["corr_noise"], snr=0.16)
    assert relative(x, golden["corr_x"]) < 1e-4
    assert relative(mean, golden["corr_x_mean"]) < 1e-4


@pytest.mark.parametrize(("step", "prefix"), [(euler_maruyama_step, "em"), (reverse_diffusion_step, "rd")])
def test_predictor_steps_are_the_releases(golden, score, relative, step, prefix):
    scores = score(golden["x"], PROCESS.sigma(golden["t"]))
    x, mean = step(golden["x"], golden["t"], scores, golden[f"{prefix}_noise"], PROCESS, 1000)
    assert relative(x, golden[f"{prefix}_x"]) < 1e-4
    assert relative(mean, golden[f"{prefix}_x_mean"]) < 1e-4


@pytest.mark.parametrize(
    ("run", "steps", "guided", "tolerance"),
    [
        ("traj10_uncond", 10, False, 1e-3),
        ("traj50_uncond", 50, False, 5e-3),
        ("traj10_guided", 10, True, 1e-3),
    ],
)
def test_whole_runs_are_the_releases(golden, score, gradient, relative, run, steps, guided, tolerance):
    found = sample(
        score,
        sigma_min=0.1,
        sigma_max=5.0,
        steps=steps,
        noises=golden[f"{run}_noise"],
        gradient=gradient if guided else None,
        scale=10_000.0,
    )
    assert relative(found, golden[f"{run}_out"]) < tolerance


def test_without_a_corrector_half_the_noises_are_used():
    noises = iter(torch.randn(5, 2, 3, 4, generator=torch.Generator().manual_seed(0)))
    done = []
    sample(
        lambda x, sigma: -x,
        sigma_min=0.1,
        sigma_max=1.0,
        steps=3,
        noises=noises,
        corrector=None,
        callback=done.append,
    )
    assert done == [1, 2, 3]
    assert len(list(noises)) == 1


def test_the_exact_score_of_one_point_leads_there():
    target = torch.tensor([[1.0, -1.0], [-1.0, 1.0]])
    generator = torch.Generator().manual_seed(0)
    noises = (torch.randn(64, 2, 2, generator=generator) for _ in range(401))
    x = sample(
        lambda x, sigma: (target - x) / sigma[:, None, None] ** 2,
        sigma_min=0.1,
        sigma_max=5.0,
        steps=200,
        noises=noises,
        predictor="reverse_diffusion",
    )
    assert torch.equal(x >= 0.5, (target > 0).expand(64, -1, -1))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"predictor": "heun"}, "unknown predictor step"),
        ({"corrector": "ald"}, "unknown corrector"),
        ({"steps": 0}, "0"),
    ],
)
def test_settings_that_do_not_exist_are_refused(setting, message):
    arguments = {"sigma_min": 0.1, "sigma_max": 1.0, "steps": 1, "noises": torch.zeros(3, 1, 2, 2)} | setting
    with pytest.raises(UserError, match=message):
        sample(lambda x, sigma: x, **arguments)
