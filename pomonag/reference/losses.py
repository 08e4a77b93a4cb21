"""The two training losses of DiffusionNAG: denoising score matching, and regression on noised architectures."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from pomonag.diffusion.noise_process import NoiseProcess


def score_loss(
    score: Callable[[Tensor, Tensor], Tensor],
    x: Tensor,
    t: Tensor,
    noise: Tensor,
    process: NoiseProcess,
    *,
    reduce_mean: bool = True,
    likelihood_weighting: bool = False,
) -> Tensor:
    """Denoising score matching for clean `x` [b, n, v] (network scale) at times `t` [b] with standard normal `noise`.

    The mean over entries of (sigma * score + noise)^2; without `reduce_mean` half their sum; with
    `likelihood_weighting` g(t)^2 * (score + noise / sigma)^2 takes the place of the square (Song et al. 2021).
    """
    sigma = process.sigma(t)
    spread = sigma[:, None, None]
    predicted = score(process.add_noise(x, sigma, noise), sigma)
    if likelihood_weighting:
        squares = (predicted + noise / spread) ** 2 * process.diffusion(t)[:, None, None] ** 2
    else:
        squares = (spread * predicted + noise) ** 2
    per_entry = squares.flatten(1)
    return (per_entry.mean(dim=1) if reduce_mean else 0.5 * per_entry.sum(dim=1)).mean()


def noised_regression_loss(
    predict: Callable[[Tensor, Tensor], Tensor],
    x: Tensor,
    t: Tensor,
    noise: Tensor,
    labels: Tensor,
    process: NoiseProcess,
) -> Tensor:
    """Mean squared error of predictions [b, 1] on noised `x` [b, n, v] against `labels` [b].

    The release's variant without noise is zero `noise` at `t` = 1e-5.
    """
    sigma = process.sigma(t)
    return (predict(process.add_noise(x, sigma, noise), sigma).squeeze(1) - labels).square().mean()
