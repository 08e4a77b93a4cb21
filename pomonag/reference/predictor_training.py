"""Training and judging of the noisy predictors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from scipy.stats import spearmanr
from torch import Tensor

from pomonag.diffusion.noise_process import NoiseProcess
from pomonag.errors import UserError
from pomonag.records.seeds import seed_of
from pomonag.reference.losses import noised_regression_loss
from pomonag.reference.predictors import NoisyPredictor
from pomonag.reference.set_encoder import SAMPLES_PER_CLASS
from pomonag.reference.spaces import ReferenceSpace
from pomonag.reference.training import EARLIEST, draw_times
from pomonag.reference.training_loop import Report, Schedule, TrainingRecord, optimise

PAPER_PREDICTOR = Schedule(steps=10_000, batch=256, learning_rate=1e-3)
_SELECTIONS = 10  # how often a training with validation rows is looked at
LITE_PREDICTOR = Schedule(steps=1_500, batch=256, learning_rate=1e-3, warmup=100, anneal=True)


@dataclass(frozen=True)
class PredictorRows:
    """Labelled architectures on data sets.

    `matrices` [n, nodes, operations] of zeros and ones, `labels` [n] as `LabelScaling.normalise` gives them, `tasks`
    [n] indices into `embeddings`, which holds [classes, images, features] for each data set, at least 20 images each.
    """

    matrices: Tensor
    labels: Tensor
    tasks: Tensor
    embeddings: Sequence[Tensor]

    def __post_init__(self) -> None:
        if not len(self.matrices) == len(self.labels) == len(self.tasks) > 0:
            raise UserError(
                f"got {len(self.matrices)} architectures, {len(self.labels)} labels and {len(self.tasks)} tasks; "
                "expected the same number of each, and at least one."
            )
        for embedding in self.embeddings:
            if embedding.dim() != 3 or embedding.shape[1] < SAMPLES_PER_CLASS:
                raise UserError(
                    f"a data set's embedding has shape {list(embedding.shape)}; "
                    f"expected [classes, images, features] with at least {SAMPLES_PER_CLASS} images."
                )


def draw_support(embedding: Tensor, generator: torch.Generator) -> Tensor:
    """A support set [1, classes * 20, features]: 20 random images of each class of [classes, images, features]."""
    chosen = torch.rand(embedding.shape[:2], generator=generator).argsort(dim=1)[:, :SAMPLES_PER_CLASS]
    rows = embedding[torch.arange(len(embedding))[:, None], chosen]
    return rows.flatten(0, 1)[None].float()


def train_noisy_predictor(
    name: str,
    rows: PredictorRows,
    mask: Tensor,
    space: ReferenceSpace,
    schedule: Schedule = LITE_PREDICTOR,
    *,
    hidden: int = 512,
    noised: bool = True,
    tasks_per_batch: int = 8,
    validation: PredictorRows | None = None,
    checkpoint: Path | None = None,
    report: Report | None = None,
) -> tuple[NoisyPredictor, TrainingRecord]:
    """A predictor of `rows` under the noise of the space's process, or of clean matrices when not `noised`.

    Each batch holds rows of `tasks_per_batch` random data sets, whose supports are drawn anew and encoded once each
    (the release encodes one support a record, which costs most of its time). Stopped trainings go on from
    `checkpoint`. With `validation` rows the network ends with the weights, of ten looks, whose predictions of them have
    the best Spearman correlation (POMONAG App. C), noised ones where it is `noised`.
    """
    full_name = f"{space.title} {name} predictor, {'noised' if noised else 'clean'}"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of("weights", full_name, schedule.seed))
        network = NoisyPredictor(space, features=rows.embeddings[0].shape[2], hidden=hidden, dropout=schedule.dropout)
    process = NoiseProcess(space.sigma_min, space.sigma_max)
    scaled = 2 * rows.matrices.float() - 1
    present = rows.tasks.unique()
    members = {int(task): (rows.tasks == task).nonzero().squeeze(1) for task in present}

    def loss_of(step: int, generator: torch.Generator) -> Tensor:
        order = torch.randperm(len(present), generator=generator)[:tasks_per_batch]
        tasks = present[order].tolist()
        pool = torch.cat([members[task] for task in tasks])
        chosen = pool[torch.randperm(len(pool), generator=generator)[: schedule.batch]]
        codes = torch.cat([network.encode(draw_support(rows.embeddings[task], generator)) for task in tasks])
        position = {task: index for index, task in enumerate(tasks)}
        code = codes[[position[task] for task in rows.tasks[chosen].tolist()]]
        x = scaled[chosen]
        times = draw_times(len(x), generator) if noised else torch.full((len(x),), EARLIEST)
        noise = torch.randn(x.shape, generator=generator) if noised else torch.zeros_like(x)
        return noised_regression_loss(
            lambda noisy, sigma: network.predict(noisy, sigma, mask, code),
            x,
            times,
            noise,
            rows.labels[chosen],
            process,
        )

    if validation is None:
        return network, optimise(full_name, network, loss_of, schedule, checkpoint=checkpoint, report=report)
    best: tuple[float, dict[str, Tensor]] = (-math.inf, {})

    def select(step: int, loss: float) -> None:
        nonlocal best
        if report is not None:
            report(step, loss)
        if step % max(schedule.steps // _SELECTIONS, 1) == 0 or step == schedule.steps:
            noisy, clean = rank_correlations(network, validation, mask, space, draws=2)
            network.train()
            found = noisy if noised else clean
            if found > best[0]:
                best = found, {key: value.clone() for key, value in network.state_dict().items()}

    record = optimise(full_name, network, loss_of, schedule, checkpoint=checkpoint, report=select)
    if best[1]:
        network.load_state_dict(best[1])
    return network, record


@torch.no_grad()
def predict_clean(
    network: NoisyPredictor, matrices: Tensor, mask: Tensor, space: ReferenceSpace, code: Tensor
) -> Tensor:
    """Predictions [n] for matrices [n, nodes, operations] of zeros and ones, at the least noise of the process."""
    x = 2 * matrices.float() - 1
    sigma = NoiseProcess(space.sigma_min, space.sigma_max).sigma(torch.full((len(x),), EARLIEST))
    return network.eval().predict(x, sigma, mask, code).squeeze(1)


@torch.no_grad()
def rank_correlations(
    network: NoisyPredictor,
    rows: PredictorRows,
    mask: Tensor,
    space: ReferenceSpace,
    *,
    draws: int = 8,
    seed: int = 0,
) -> tuple[float, float]:
    """Spearman correlations of predictions with labels over all `rows`: on noised matrices, and on clean ones.

    Noised as in training, times uniform over the whole process, averaged over `draws` draws of noise. Even the best
    predictor of noised matrices stays well below 1, since much of the noise hides the architecture.
    """
    generator = torch.Generator().manual_seed(seed_of("rank correlations", seed))
    process = NoiseProcess(space.sigma_min, space.sigma_max)
    network.eval()
    present = rows.tasks.unique().tolist()
    codes = torch.cat([network.encode(draw_support(rows.embeddings[task], generator)) for task in present])
    code = codes[[present.index(task) for task in rows.tasks.tolist()]]
    x = 2 * rows.matrices.float() - 1
    noisy = []
    for _ in range(draws):
        sigma = process.sigma(draw_times(len(x), generator))
        noised = process.add_noise(x, sigma, torch.randn(x.shape, generator=generator))
        noisy.append(spearmanr(network.predict(noised, sigma, mask, code).squeeze(1), rows.labels).statistic)
    clean = spearmanr(predict_clean(network, rows.matrices, mask, space, code), rows.labels).statistic
    return float(sum(noisy) / draws), float(clean)
