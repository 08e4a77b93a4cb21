"""From noise to matrices in few steps; each sampler is one plain function.

All take `denoiser(x [b, n, v], sigma [b]) -> denoised mean`, decreasing noise levels `sigmas` [steps], the `shape`
(nodes, operations) and one seed a sample, so that a sample is the same alone and in a batch; all is computed where
`sigmas` lie. A `guide(x, sigma) ->
gradient` adds k * grad f to the score, which moves the denoised mean by sigma^2 * gradient (POMONAG Sec. 3.1; Dhariwal
& Nichol 2021). The returned matrix is the last denoised mean, in network scale; `steps` denoiser calls are made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

DenoiserFunction = Callable[[Tensor, Tensor], Tensor]
GuideFunction = Callable[[Tensor, Tensor], Tensor]
Callback = Callable[[int, Tensor], None]


def log_linear_sigmas(sigma_max: float, sigma_min: float, steps: int) -> Tensor:
    """`steps` noise levels from sigma_max down to sigma_min, evenly spaced in their logarithm."""
    return torch.logspace(0, 1, steps, base=sigma_min / sigma_max) * sigma_max


def noises_of(seeds: Sequence[int], draws: int, shape: tuple[int, int], device: torch.device | None = None) -> Tensor:
    """Standard normal [draws, b, *shape] on the device; column i depends on seed i alone, whatever the device."""
    return torch.stack(
        [torch.randn(draws, *shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds], dim=1
    ).to(device)


def _denoise(denoiser: DenoiserFunction, guide: GuideFunction | None, x: Tensor, sigma: Tensor) -> Tensor:
    level = sigma.expand(len(x))
    denoised = denoiser(x, level)
    if guide is not None:
        denoised = denoised + sigma.square() * guide(x, level)
    return denoised


def sample_ancestral(
    denoiser: DenoiserFunction,
    sigmas: Tensor,
    shape: tuple[int, int],
    *,
    guide: GuideFunction | None = None,
    seeds: Sequence[int],
    callback: Callback | None = None,
) -> Tensor:
    """Ancestral sampling with the exact Gaussian posterior between noise levels (Ho et al. 2020, Eq. 6-7, for VE)."""
    noise = noises_of(seeds, len(sigmas), shape, sigmas.device)
    x = sigmas[0] * noise[0]
    for i, sigma in enumerate(sigmas):
        denoised = _denoise(denoiser, guide, x, sigma)
        if callback is not None:
            callback(i, denoised)
        if i + 1 < len(sigmas):
            ratio = (sigmas[i + 1] / sigma).square()
            deviation = sigmas[i + 1] * (1 - ratio).sqrt()
            x = denoised + ratio * (x - denoised) + deviation * noise[i + 1]
    return denoised


def sample_euler(
    denoiser: DenoiserFunction,
    sigmas: Tensor,
    shape: tuple[int, int],
    *,
    guide: GuideFunction | None = None,
    seeds: Sequence[int],
    callback: Callback | None = None,
) -> Tensor:
    """First-order steps down the probability-flow ODE dx/dsigma = (x - denoised)/sigma (Karras et al. 2022, Eq. 3)."""
    x = sigmas[0] * noises_of(seeds, 1, shape, sigmas.device)[0]
    for i, sigma in enumerate(sigmas):
        denoised = _denoise(denoiser, guide, x, sigma)
        if callback is not None:
            callback(i, denoised)
        if i + 1 < len(sigmas):
            x = denoised + sigmas[i + 1] / sigma * (x - denoised)
    return denoised


def sample_heun(
    denoiser: DenoiserFunction,
    sigmas: Tensor,
    shape: tuple[int, int],
    *,
    guide: GuideFunction | None = None,
    seeds: Sequence[int],
    callback: Callback | None = None,
) -> Tensor:
    """Second-order steps down the probability-flow ODE (Karras et al. 2022, Algorithm 1); two calls a step."""
    x = sigmas[0] * noises_of(seeds, 1, shape, sigmas.device)[0]
    denoised = _denoise(denoiser, guide, x, sigmas[0])
    for i, sigma in enumerate(sigmas[:-1]):
        if callback is not None:
            callback(i, denoised)
        slope = (x - denoised) / sigma
        euler = x + (sigmas[i + 1] - sigma) * slope
        corrected = (euler - _denoise(denoiser, guide, euler, sigmas[i + 1])) / sigmas[i + 1]
        x = x + (sigmas[i + 1] - sigma) * (slope + corrected) / 2
        denoised = _denoise(denoiser, guide, x, sigmas[i + 1])
    if callback is not None:
        callback(len(sigmas) - 1, denoised)
    return denoised


def sample_dpm_solver_pp_2m(
    denoiser: DenoiserFunction,
    sigmas: Tensor,
    shape: tuple[int, int],
    *,
    guide: GuideFunction | None = None,
    seeds: Sequence[int],
    callback: Callback | None = None,
) -> Tensor:
    """DPM-Solver++(2M), second order with one call a step (Lu et al. 2022, Algorithm 2, in the VE parametrisation)."""
    x = sigmas[0] * noises_of(seeds, 1, shape, sigmas.device)[0]
    previous: Tensor | None = None
    for i, sigma in enumerate(sigmas):
        denoised = _denoise(denoiser, guide, x, sigma)
        if callback is not None:
            callback(i, denoised)
        if i + 1 == len(sigmas):
            break
        step = (sigma / sigmas[i + 1]).log()
        extrapolated = denoised
        if previous is not None:
            ratio = (sigmas[i - 1] / sigma).log() / step
            extrapolated = (1 + 1 / (2 * ratio)) * denoised - previous / (2 * ratio)
        x = sigmas[i + 1] / sigma * x - torch.expm1(-step) * extrapolated
        previous = denoised
    return denoised


SAMPLERS: dict[str, Callable[..., Tensor]] = {
    "ancestral": sample_ancestral,
    "euler": sample_euler,
    "heun": sample_heun,
    "dpm_solver_pp_2m": sample_dpm_solver_pp_2m,
}
