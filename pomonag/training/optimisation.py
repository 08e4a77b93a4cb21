"""PyTorch's optimisers, schedulers and mixed precision as a pipeline sets them, and early stopping."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import lr_scheduler

from pomonag.training.pipeline import TrainingPipeline


def make_optimiser(parameters: Iterable[nn.Parameter], pipeline: TrainingPipeline) -> torch.optim.Optimizer:
    """Weight decay holds for all parameters: added to the gradient by SGD and Adam, decoupled by AdamW."""
    rate, decay = pipeline.learning_rate, pipeline.weight_decay
    if pipeline.optimiser == "sgd":
        return torch.optim.SGD(
            parameters, lr=rate, momentum=pipeline.momentum, nesterov=pipeline.nesterov, weight_decay=decay
        )
    kind = torch.optim.Adam if pipeline.optimiser == "adam" else torch.optim.AdamW
    return kind(parameters, lr=rate, betas=pipeline.betas, weight_decay=decay)


def make_scheduler(
    optimiser: torch.optim.Optimizer, pipeline: TrainingPipeline, steps_an_epoch: int
) -> lr_scheduler.LRScheduler:
    """To be stepped after each update, or after each epoch if that is the pipeline's `schedule_unit`.

    Warm-up: update t of W gets (t + 1) / (W + 1) of the rate, t from 0, and update W all of it. From there on a half
    cosine down to 0 at the end, or `cycles` of them of equal length (the last one shorter by what does not divide), or
    no change.
    """
    units = steps_an_epoch if pipeline.schedule_unit == "step" else 1
    rising, falling = pipeline.warmup_epochs * units, (pipeline.epochs - pipeline.warmup_epochs) * units
    main: lr_scheduler.LRScheduler
    if pipeline.scheduler == "cosine":
        main = lr_scheduler.CosineAnnealingLR(optimiser, T_max=falling)
    elif pipeline.scheduler == "cosine_restarts":
        main = lr_scheduler.CosineAnnealingWarmRestarts(optimiser, T_0=-(-falling // pipeline.cycles))
    else:
        main = lr_scheduler.ConstantLR(optimiser, factor=1.0, total_iters=0)
    if not rising:
        return main
    warmup = lr_scheduler.LinearLR(optimiser, start_factor=1 / (rising + 1), total_iters=rising)
    return lr_scheduler.SequentialLR(optimiser, [warmup, main], milestones=[rising])


class Precision:
    """Forward passes and updates in single or mixed precision: float16 with scaled losses on CUDA, else bfloat16."""

    def __init__(self, mixed: bool, device: torch.device):
        self._mixed = mixed
        self._device = device.type
        self._dtype = torch.float16 if device.type == "cuda" else torch.bfloat16
        self.scaler = torch.amp.GradScaler(device.type, enabled=mixed and device.type == "cuda")

    def autocast(self) -> AbstractContextManager[None]:
        """The context that the network runs in; losses are taken outside, in float32."""
        return torch.autocast(self._device, dtype=self._dtype, enabled=self._mixed)

    def update(self, loss: Tensor, optimiser: torch.optim.Optimizer, clip: float | None) -> None:
        """One step down the gradient of `loss`, its norm cut to `clip`. Gradients that overflow float16 are skipped."""
        optimiser.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()
        if clip is not None:
            self.scaler.unscale_(optimiser)
            nn.utils.clip_grad_norm_([p for group in optimiser.param_groups for p in group["params"]], clip)
        self.scaler.step(optimiser)
        self.scaler.update()


@dataclass
class EarlyStopping:
    """Remembers the best epoch, from 0; of equals the first. Asks to stop `patience` epochs after it, or never."""

    patience: int | None
    best_epoch: int | None = None
    best_score: float = -1.0

    def note(self, epoch: int, score: float) -> bool:
        """Whether `score`, at least 0, more is better, is the best so far."""
        better = score > self.best_score
        if better:
            self.best_epoch, self.best_score = epoch, score
        return better

    def stops_after(self, epoch: int) -> bool:
        """Whether no later epoch is to follow `epoch`."""
        return self.patience is not None and self.best_epoch is not None and epoch - self.best_epoch >= self.patience
