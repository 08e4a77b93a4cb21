"""DiffusionNAG's predictor-corrector sampler.

Song et al., ICLR 2021, appendix G (algorithms 3 and 5), in the order of the DiffusionNAG release: corrector first, then
predictor, both at the same time and both guided.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from pomonag.diffusion.noise_process import NoiseProcess
from pomonag.errors import UserError, unknown_name

ScoreFunction = Callable[[Tensor, Tensor], Tensor]
"""`(x [b, n, v], sigma [b]) -> [b, n, v]`."""

LAST_TIME = 1e-5


def langevin_step(x: Tensor, score: Tensor, noise: Tensor, snr: float) -> tuple[Tensor, Tensor]:
    """One Langevin corrector step: the new sample and its mean.

    Noise and score norms are averaged over the batch, so that one step size serves all samples: what a sample becomes
    depends on its batch.
    """
    score_norm = score.flatten(1).norm(dim=1).mean()
    noise_norm = noise.flatten(1).norm(dim=1).mean()
    size = 2 * (snr * noise_norm / score_norm) ** 2
    mean = x + size * score
    return mean + (2 * size).sqrt() * noise, mean


def euler_maruyama_step(
    x: Tensor, t: Tensor, score: Tensor, noise: Tensor, process: NoiseProcess, steps: int
) -> tuple[Tensor, Tensor]:
    """One step of the reverse equation at times `t` [b]: the new sample and its mean."""
    diffusion = process.diffusion(t)[:, None, None]
    mean = x + diffusion**2 * score / steps
    return mean + diffusion * math.sqrt(1 / steps) * noise, mean


def reverse_diffusion_step(
    x: Tensor, t: Tensor, score: Tensor, noise: Tensor, process: NoiseProcess, steps: int
) -> tuple[Tensor, Tensor]:
    """One step of the reversed discrete chain at times `t` [b]: the new sample and its mean."""
    squares = process.discrete_sigmas(steps).to(x) ** 2
    increments = torch.cat([squares[:1], squares.diff()])[(t * (steps - 1)).long()][:, None, None]
    mean = x + increments * score
    return mean + increments.sqrt() * noise, mean


_PREDICTORS = {"euler_maruyama": euler_maruyama_step, "reverse_diffusion": reverse_diffusion_step}


def sample(
    score: ScoreFunction,
    *,
    sigma_min: float,
    sigma_max: float,
    steps: int,
    noises: Iterable[Tensor],
    corrector: str | None = "langevin",
    snr: float = 0.16,
    gradient: ScoreFunction | None = None,
    scale: float = 0.0,
    predictor: str = "euler_maruyama",
    callback: Callable[[int], None] | None = None,
) -> Tensor:
    """Generated matrices [b, n, v] in [0, 1] scale, before thresholding: the mean of the last step.

    `score + scale * gradient` takes the place of the score wherever it appears (DiffusionNAG, guided score).
    `noises` yields standard normal tensors in order of use: the prior, then for each step the corrector's (if there
    is one) and the predictor's. `callback` is told the number of finished steps.
    """
    if predictor not in _PREDICTORS:
        raise unknown_name("predictor step", predictor, _PREDICTORS)
    if corrector not in ("langevin", None):
        raise unknown_name("corrector step", corrector, ["langevin"])
    if steps < 1:
        raise UserError(f"got {steps} sampling steps; expected at least 1 (the paper takes 1000).")
    process = NoiseProcess(sigma_min, sigma_max)
    step_of = _PREDICTORS[predictor]
    noise = iter(noises)

    def total(x: Tensor, sigma: Tensor) -> Tensor:
        return score(x, sigma) if gradient is None else score(x, sigma) + scale * gradient(x, sigma)

    x = mean = next(noise) * sigma_max
    for index, time in enumerate(torch.linspace(1, LAST_TIME, steps)):
        t = time.expand(len(x)).to(x)
        sigma = process.sigma(t)
        if corrector is not None:
            x, _ = langevin_step(x, total(x, sigma), next(noise), snr)
        x, mean = step_of(x, t, total(x, sigma), next(noise), process, steps)
        if callback is not None:
            callback(index + 1)
    return (mean + 1) / 2
