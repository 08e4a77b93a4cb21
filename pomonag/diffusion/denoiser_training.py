"""Training of the fast denoiser, on uniformly drawn architectures or on given ones, watched by threshold validity."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from pomonag.diffusion.denoiser import Denoiser, DenoiserConfig
from pomonag.diffusion.samplers import log_linear_sigmas, sample_ancestral
from pomonag.spaces.encoding import from_network_scale, generation_metrics
from pomonag.spaces.search_space import SearchSpace


@dataclass(frozen=True)
class DenoiserTraining:
    """Adam with a cosine to zero; noise levels are drawn evenly in log sigma between sigma_min and sigma_max."""

    steps: int = 600
    batch: int = 512
    learning_rate: float = 2e-3
    sigma_min: float = 0.1
    sigma_max: float = 10.0
    seed: int = 0


Progress = Callable[[int, int, float], None]


def train_denoiser(
    space: SearchSpace,
    config: DenoiserConfig = DenoiserConfig(),  # noqa: B008 (frozen)
    training: DenoiserTraining = DenoiserTraining(),
    progress: Progress | None = None,
    architectures: Sequence[Any] | None = None,
) -> tuple[Denoiser, dict[str, float]]:
    """A denoiser in evaluation mode, and what its training took: loss, wall seconds, steps.

    It learns what `architectures` are like, repetitions counted; without them, what uniform draws are like.
    A seed fixes the result bit for bit on one machine. `progress(step, steps, loss)` is called every 50 steps.
    """
    generator = torch.Generator().manual_seed(training.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(training.seed)
        denoiser = Denoiser(space.encoding, config)
    optimiser = torch.optim.Adam(denoiser.parameters(), training.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, training.steps)
    started = time.perf_counter()
    span = torch.tensor(training.sigma_max / training.sigma_min).log()
    # Encoding a pool once and drawing batches from it is much cheaper than encoding every batch.
    pool = space.encoding.encode(architectures or space.sample(16 * training.batch, generator))
    denoiser.row_posterior.count(pool)
    average = 0.0
    for step in range(training.steps):
        clean = pool[torch.randint(len(pool), (training.batch,), generator=generator)]
        sigma = training.sigma_min * (torch.rand(training.batch, generator=generator) * span).exp()
        loss = denoiser.loss(clean, sigma, torch.randn(clean.shape, generator=generator))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
        average = loss.item() if step == 0 else 0.98 * average + 0.02 * loss.item()
        if progress is not None and step % 50 == 49:
            progress(step + 1, training.steps, average)
    seconds = time.perf_counter() - started
    return denoiser.eval().requires_grad_(False), {"loss": average, "seconds": seconds, "steps": training.steps}


def unguided_validity(denoiser: Denoiser, space: SearchSpace, n: int, seed: int, steps: int = 20) -> float:
    """Fraction of n unguided samples whose last denoised mean, thresholded at 0.5, is an architecture."""
    shape = (space.encoding.num_nodes, space.encoding.num_operations)
    with torch.inference_mode():
        x = sample_ancestral(denoiser, log_linear_sigmas(10.0, 0.1, steps), shape, seeds=range(seed * n, seed * n + n))
    return generation_metrics(space.encoding.decode(from_network_scale(x))).validity
