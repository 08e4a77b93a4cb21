"""Training of the reference networks, on the paper's schedule or on a lite one for two cores and an hour."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from pomonag.diffusion.noise_process import NoiseProcess
from pomonag.records.seeds import seed_of
from pomonag.reference.losses import score_loss
from pomonag.reference.score_network import ScoreNetwork
from pomonag.reference.spaces import ReferenceSpace
from pomonag.reference.training_loop import Report, Schedule, TrainingRecord, optimise

EARLIEST = 1e-5
"""Times of training and sampling end here, not at 0."""

PAPER_SCORE = Schedule(steps=250_000, batch=256, learning_rate=2e-5, ema_decay=0.9999)
# No dropout: the training set is the whole space, so there is nothing to overfit, and a sixth of the time is saved.
LITE_SCORE = Schedule(
    steps=6_000,
    batch=128,
    learning_rate=1e-3,
    warmup=250,
    ema_decay=0.9999,
    anneal=True,
    bfloat16=True,
    dropout=0.0,
)


def draw_times(batch: int, generator: torch.Generator) -> Tensor:
    """Times uniform in [1e-5, 1): [batch]."""
    return torch.rand(batch, generator=generator) * (1 - EARLIEST) + EARLIEST


def shuffled_batch(size: int, batch: int, name: str, seed: int, step: int) -> Tensor:
    """Indices of the batch at `step` when `size` rows are shuffled anew every epoch and the odd rest is dropped."""
    batch = min(batch, size)
    epoch, position = divmod(step, size // batch)
    order = torch.randperm(size, generator=torch.Generator().manual_seed(seed_of("order", name, seed, epoch)))
    return order[position * batch : (position + 1) * batch]


def train_score_network(
    matrices: Tensor,
    mask: Tensor,
    space: ReferenceSpace,
    schedule: Schedule = LITE_SCORE,
    *,
    checkpoint: Path | None = None,
    report: Report | None = None,
) -> tuple[ScoreNetwork, TrainingRecord]:
    """The score network of the architectures `matrices` [n, nodes, operations] (zeros and ones), with averaged weights.

    `mask` [nodes, nodes] is the attention mask to be used in sampling too. Stopped trainings go on from `checkpoint`.
    """
    name = f"{space.title} score network"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of("weights", name, schedule.seed))
        network = ScoreNetwork(space, schedule.dropout)
    process = NoiseProcess(space.sigma_min, space.sigma_max)
    # A byte an entry until it is its turn: of a space that cannot be listed there are many.
    compact = matrices.bool()

    def score(x: Tensor, sigma: Tensor) -> Tensor:
        features = network.encoder(network.embedding(x, sigma), mask)
        with torch.autocast("cpu", torch.bfloat16, enabled=schedule.bfloat16):
            return network.head(features).float()

    def loss_of(step: int, generator: torch.Generator) -> Tensor:
        x = 2 * compact[shuffled_batch(len(compact), schedule.batch, name, schedule.seed, step)].float() - 1
        noise = torch.randn(x.shape, generator=generator)
        return score_loss(score, x, draw_times(len(x), generator), noise, process)

    return network, optimise(name, network, loss_of, schedule, checkpoint=checkpoint, report=report)
