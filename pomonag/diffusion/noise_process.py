"""Forward noise processes: how an encoded architecture is noised, and how strongly at which time.

Song et al., "Score-Based Generative Modeling through Stochastic Differential Equations", ICLR 2021, Sec. 3.4 and
appendix B, C; DiffusionNAG uses the variance-exploding one everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pomonag.errors import UserError


def _per_sample(value: Tensor, like: Tensor) -> Tensor:
    """`value` [b] (or a scalar) with trailing axes, so that it scales each sample of `like`."""
    return value.reshape(value.shape + (1,) * (like.dim() - value.dim())) if value.dim() else value


@dataclass(frozen=True)
class NoiseProcess:
    """The variance-exploding process: sigma grows geometrically from `sigma_min` (t = 0) to `sigma_max` (t = 1).

    The mean stays x_0 and the drift is zero, so `add_noise` is all there is to the forward process.
    """

    sigma_min: float
    sigma_max: float

    def __post_init__(self) -> None:
        if not 0 < self.sigma_min < self.sigma_max < math.inf:
            raise UserError(
                f"noise range got sigma_min={self.sigma_min}, sigma_max={self.sigma_max}; "
                "expected 0 < sigma_min < sigma_max, for example 0.1 and 5.0."
            )

    def sigma(self, t: Tensor) -> Tensor:
        """Standard deviation of the noise at times `t` in [0, 1]; same shape."""
        return self.sigma_min * (self.sigma_max / self.sigma_min) ** t

    def diffusion(self, t: Tensor) -> Tensor:
        """The diffusion coefficient g(t) = sigma(t) * sqrt(2 ln(sigma_max / sigma_min)); same shape as `t`."""
        return self.sigma(t) * math.sqrt(2 * math.log(self.sigma_max / self.sigma_min))

    def discrete_sigmas(self, steps: int = 1000) -> Tensor:
        """`steps` values of sigma, rising and even in the logarithm: [steps]."""
        return torch.linspace(math.log(self.sigma_min), math.log(self.sigma_max), steps).exp()

    def add_noise(self, x: Tensor, sigma: Tensor, noise: Tensor) -> Tensor:
        """Noisy `x` [b, ...] for standard deviations `sigma` [b] (or one for all) and standard normal `noise`."""
        return x + _per_sample(sigma, x) * noise

    def prior(self, shape: Sequence[int], generator: torch.Generator) -> Tensor:
        """Draws from the end of the process, N(0, sigma_max^2)."""
        return torch.randn(tuple(shape), generator=generator, device=generator.device) * self.sigma_max


@dataclass(frozen=True)
class VPNoiseProcess:
    """The variance-preserving process of the same family, which DiffusionNAG offers but never trains with."""

    beta_min: float
    beta_max: float

    def beta(self, t: Tensor) -> Tensor:
        """Rate of the noise at times `t` in [0, 1]; the diffusion coefficient is its square root."""
        return self.beta_min + t * (self.beta_max - self.beta_min)

    def mean_coefficient(self, t: Tensor) -> Tensor:
        """Factor of x_0 in the mean of x_t."""
        return (-0.25 * t**2 * (self.beta_max - self.beta_min) - 0.5 * t * self.beta_min).exp()

    def sigma(self, t: Tensor) -> Tensor:
        """Standard deviation of x_t given x_0."""
        return (1 - self.mean_coefficient(t) ** 2).sqrt()

    def diffusion(self, t: Tensor) -> Tensor:
        """The diffusion coefficient g(t)."""
        return self.beta(t).sqrt()

    def discrete_betas(self, steps: int = 1000) -> Tensor:
        """The rates of DDPM's `steps` discrete steps: [steps]."""
        return torch.linspace(self.beta_min / steps, self.beta_max / steps, steps)

    def add_noise(self, x: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """Noisy `x` [b, ...] at times `t` [b]."""
        return _per_sample(self.mean_coefficient(t), x) * x + _per_sample(self.sigma(t), x) * noise
