"""Training of a predictor set: the accuracy ensemble from labels, then the noisy predictor from the ensemble.

Labels are few, architectures are not: the ensemble learns from the labelled rows and then teaches the noisy network on
freshly noised, uniformly drawn architectures, whose costs are exact. (The paper trains each noisy predictor on the
rows themselves.)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from pomonag.predictors.dataset_code import CODE_SIZE, DatasetCode
from pomonag.predictors.performance_predictor import (
    PROTOCOLS,
    AccuracyEnsemble,
    EnsembleConfig,
    GuideConfig,
    NoisyPredictor,
    condition,
)
from pomonag.predictors.supervision import LabelledTask
from pomonag.spaces.encoding import to_network_scale
from pomonag.spaces.search_space import SearchSpace

# Draws of each protocol's rows. Rows of the full protocol alone ranked the tables at 0.973 (CIFAR-10) and 0.972, with
# the lite rows in equal shares at 0.962 and 0.958 (one seed each).
_PROTOCOL_SHARES = {"full": 4.0, "lite": 1.0, "proxy": 1.0}

Progress = Callable[[int, int, float], None]


@dataclass(frozen=True)
class EnsembleTraining:
    """AdamW with a cosine to zero; strong decay instead of dropout, which measured better on 1,000 rows."""

    steps: int = 1000
    batch: int = 256
    learning_rate: float = 3e-3
    weight_decay: float = 1.0
    code_dropout: float = 0.5
    seed: int = 0


# For the few hundred noisy rows of reduced trainings alone. On tasks and architectures left out of the training rows,
# within tasks: the default .793 (mbv3) and .704 (nb201), this .817 and .746, ridge regression .822 and .745.
LITE_ENSEMBLE = EnsembleTraining(steps=300, weight_decay=3.0)


@dataclass(frozen=True)
class GuideTraining:
    """Adam with a cosine to zero; noise levels even in log sigma over the samplers' range.

    What the guide knows at low noise decides which architectures a front ends at: 4,000 steps, this width and weights
    that rise as the noise falls lifted the correlation with the teacher at sigma 0.1 from 0.969 to 0.99.
    """

    steps: int = 4000
    batch: int = 512
    learning_rate: float = 2e-3
    pool: int = 8192
    sigma_min: float = 0.1
    sigma_max: float = 10.0
    seed: int = 0


def train_ensemble(
    space: SearchSpace,
    tasks: Sequence[LabelledTask],
    code: DatasetCode,
    config: EnsembleConfig = EnsembleConfig(),  # noqa: B008 (frozen)
    training: EnsembleTraining = EnsembleTraining(),
    progress: Progress | None = None,
) -> AccuracyEnsemble:
    """The ensemble of denoised-accuracy predictors, in evaluation mode.

    Every protocol gets its share of draws however many rows it has. The data set's code is hidden in half of them, so
    that a data set unlike all seen ones is still ranked by what holds for all.
    """
    generator = torch.Generator().manual_seed(training.seed)
    features = torch.from_numpy(np.concatenate([space.features(t.architectures) for t in tasks]))
    scores = torch.from_numpy(np.concatenate([t.scores for t in tasks])).float()
    weight = torch.cat([torch.full((len(t.scores),), t.weight) for t in tasks])
    conditions = torch.stack(
        [condition(None if t.embedding is None else code(t.embedding), t.protocol) for t in tasks]
    ).repeat_interleave(torch.tensor([len(t.scores) for t in tasks]), dim=0)
    protocol = conditions[:, CODE_SIZE:].argmax(-1)
    mass = torch.zeros(len(PROTOCOLS)).index_add_(0, protocol, weight)
    share = torch.tensor([_PROTOCOL_SHARES[name] for name in PROTOCOLS])
    probability = weight / mass[protocol] * share[protocol]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(training.seed)
        ensemble = AccuracyEnsemble(features.shape[1], config)
    ensemble.standardise(torch.from_numpy(space.features(space.sample(4096, generator))))
    optimiser = torch.optim.AdamW(ensemble.parameters(), training.learning_rate, weight_decay=training.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, training.steps)
    for step in range(training.steps):
        shape = (config.members, training.batch)
        rows = torch.multinomial(probability, shape[0] * shape[1], replacement=True, generator=generator).view(shape)
        given = conditions[rows]
        hidden = torch.rand(shape, generator=generator) < training.code_dropout
        given[..., :CODE_SIZE] *= ~hidden.unsqueeze(-1)
        loss = (ensemble.members(features[rows], given) - scores[rows]).square().mean()
        _descend(loss, optimiser, schedule)
        if progress is not None and step % 50 == 49:
            progress(step + 1, training.steps, loss.item())
    return ensemble.eval().requires_grad_(False)


def train_noisy_predictor(
    space: SearchSpace,
    ensemble: AccuracyEnsemble,
    conditions: Tensor,
    latencies: Mapping[str, Callable[[list], np.ndarray]],
    config: GuideConfig = GuideConfig(),  # noqa: B008 (frozen)
    training: GuideTraining = GuideTraining(),
    progress: Progress | None = None,
) -> tuple[NoisyPredictor, dict[str, float]]:
    """One network for accuracy, params, macs and a head a latency source; in evaluation mode, with what it took.

    `conditions` [m, c] are the questions it will be asked (codes and protocols); `latencies` maps head names to
    functions of architectures -> milliseconds [n].
    """
    started = time.perf_counter()
    generator = torch.Generator().manual_seed(training.seed)
    architectures = space.sample(training.pool, generator)
    clean = space.encoding.encode(architectures)
    features = torch.from_numpy(space.features(architectures))
    costs = space.cost(architectures)
    columns = {"params": costs.params, "macs": costs.macs}
    columns |= {name: function(architectures) for name, function in latencies.items()}
    labels = torch.from_numpy(np.stack([np.asarray(c, dtype=np.float64) for c in columns.values()], axis=1))
    # What a device has not timed says nothing about it.
    known = ~labels.isnan()
    mean = labels.nanmean(0)
    scale = (labels - mean).square().nanmean(0).sqrt()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(training.seed)
        predictor = NoisyPredictor(space.encoding, ("accuracy", *columns), config)
    predictor.row_posterior.count(clean)
    predictor.label_mean[1:] = mean
    predictor.label_scale[1:] = scale
    targets = ((labels - mean) / scale).nan_to_num().float()
    counts = torch.cat([torch.ones(len(known), 1), known.float()], dim=1)
    optimiser = torch.optim.Adam(predictor.parameters(), training.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, training.steps)
    span = torch.tensor(training.sigma_max / training.sigma_min).log()
    average = 0.0
    for step in range(training.steps):
        rows = torch.randint(training.pool, (training.batch,), generator=generator)
        given = conditions[torch.randint(len(conditions), (training.batch,), generator=generator)]
        sigma = training.sigma_min * (torch.rand(training.batch, generator=generator) * span).exp()
        noise = torch.randn(clean[rows].shape, generator=generator)
        x = to_network_scale(clean[rows]) + sigma.view(-1, 1, 1) * noise
        target = torch.cat([ensemble(features[rows], given).unsqueeze(-1), targets[rows]], dim=-1)
        # Above sigma 1 most of the error cannot be learned away; unweighted it drowns the part that can.
        weight = 1 / (0.02 + (sigma / (1 + sigma)).square())
        error = (weight.unsqueeze(-1) * counts[rows] * (predictor(x, sigma, given) - target).square()).mean(0)
        # The accuracy head counts as much as all the others together.
        loss = error[0] + error[1:].mean()
        _descend(loss, optimiser, schedule)
        average = loss.item() if step == 0 else 0.98 * average + 0.02 * loss.item()
        if progress is not None and step % 50 == 49:
            progress(step + 1, training.steps, average)
    took = {"loss": average, "seconds": time.perf_counter() - started, "steps": training.steps}
    return predictor.eval().requires_grad_(False), took


def _descend(loss: Tensor, optimiser: torch.optim.Optimizer, schedule: torch.optim.lr_scheduler.LRScheduler) -> None:
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_([p for group in optimiser.param_groups for p in group["params"]], 5.0)
    optimiser.step()
    schedule.step()
