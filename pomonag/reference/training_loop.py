"""One resumable optimisation loop for every reference network: warm-up, clipping, averaging, checkpoints."""

from __future__ import annotations

import contextlib
import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import safetensors
import torch
from rich.console import Console
from rich.progress import Progress
from safetensors.torch import save
from torch import Tensor, nn

from pomonag.errors import UserError
from pomonag.records.files import atomic_write
from pomonag.records.provenance import provenance
from pomonag.records.seeds import seed_of
from pomonag.reference.optimisation import ExponentialMovingAverage, cosine_factor, warmup_factor

Report = Callable[[int, float], None]
"""Called after each step with the number of finished steps and the loss of the last."""

CHECKPOINT_EVERY = 250
_HISTORY_EVERY = 100


@dataclass(frozen=True)
class Schedule:
    """How long and how fast a network is trained with Adam; the defaults are the release's.

    `anneal` lets the rate fall to zero along half a cosine; `bfloat16` computes the score network's head, nine tenths
    of its work, in bfloat16 while training; `weight_decay` above 0 turns Adam into AdamW.
    """

    steps: int
    batch: int
    learning_rate: float
    warmup: int = 1000
    clip: float = 1.0
    ema_decay: float | None = None
    anneal: bool = False
    bfloat16: bool = False
    dropout: float = 0.1
    weight_decay: float = 0.0
    seed: int = 42

    def rate(self, step: int) -> float:
        """The learning rate of the update at `step`, counted from 0."""
        factor = warmup_factor(step, self.warmup)
        return self.learning_rate * factor * (cosine_factor(step, self.steps) if self.anneal else 1.0)


@dataclass
class TrainingRecord:
    """What a training did: finished steps, CPU seconds over all its processes, mean loss of every 100 steps.

    `provenance` is that of its first process, taken at the start: a continued or later exported training keeps it.
    """

    steps: int = 0
    cpu_seconds: float = 0.0
    losses: list[float] = field(default_factory=list)
    unfinished: list[float] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)


def optimise(
    name: str,
    network: nn.Module,
    loss_of: Callable[[int, torch.Generator], Tensor],
    schedule: Schedule,
    *,
    checkpoint: Path | None = None,
    report: Report | None = None,
) -> TrainingRecord:
    """Minimise `loss_of(step, generator)` over the parameters of `network`, which ends with its averaged weights.

    The generator, and dropout, are seeded by name, seed and step, so that a training continued from `checkpoint`
    takes the same steps as one that was never stopped. A checkpoint of another schedule is a `UserError`, and so is
    a loss that is not finite.
    """
    parameters = list(network.parameters())
    # Without decay AdamW is Adam.
    optimiser = torch.optim.AdamW(parameters, lr=schedule.learning_rate, weight_decay=schedule.weight_decay)
    average = ExponentialMovingAverage(parameters, schedule.ema_decay) if schedule.ema_decay is not None else None
    record = TrainingRecord(provenance=provenance())
    if checkpoint is not None and checkpoint.exists():
        record = _restore(checkpoint, name, network, optimiser, average, schedule)
    network.train()
    started, before = time.process_time(), record.cpu_seconds
    while record.steps < schedule.steps:
        step = record.steps
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate(step)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_of("dropout", name, schedule.seed, step))
            loss = loss_of(step, torch.Generator().manual_seed(seed_of("batch", name, schedule.seed, step)))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, schedule.clip)
        optimiser.step()
        if average is not None:
            average.update(parameters)
        _note(record, loss.item(), name, schedule)
        record.cpu_seconds = before + time.process_time() - started
        if report is not None:
            report(record.steps, loss.item())
        if checkpoint is not None and (record.steps % CHECKPOINT_EVERY == 0 or record.steps == schedule.steps):
            _store(checkpoint, name, network, optimiser, average, schedule, record)
    if average is not None:
        average.copy_to(parameters)
    network.eval()
    return record


def _note(record: TrainingRecord, loss: float, name: str, schedule: Schedule) -> None:
    if not math.isfinite(loss):
        raise UserError(
            f"training of {name} diverged: loss {loss} at step {record.steps}. "
            f"Expected a finite loss; lower the learning rate, now {schedule.learning_rate}, and start afresh."
        )
    record.steps += 1
    record.unfinished.append(loss)
    if len(record.unfinished) == _HISTORY_EVERY:
        record.losses.append(sum(record.unfinished) / _HISTORY_EVERY)
        record.unfinished.clear()


def _store(
    path: Path,
    name: str,
    network: nn.Module,
    optimiser: torch.optim.Adam,
    average: ExponentialMovingAverage | None,
    schedule: Schedule,
    record: TrainingRecord,
) -> None:
    tensors = {f"network.{key}": value for key, value in network.state_dict().items()}
    for index, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{key}": value for key, value in state.items()}
    if average is not None:
        tensors |= {f"average.{index}": value for index, value in enumerate(average.averages)}
    header = {"name": name, "schedule": json.dumps(asdict(schedule)), "record": json.dumps(asdict(record))}
    with atomic_write(path) as file:
        file.write(save({key: value.contiguous() for key, value in tensors.items()}, metadata=header))


def _restore(
    path: Path,
    name: str,
    network: nn.Module,
    optimiser: torch.optim.Adam,
    average: ExponentialMovingAverage | None,
    schedule: Schedule,
) -> TrainingRecord:
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
    except (safetensors.SafetensorError, OSError) as error:
        raise UserError(
            f"cannot read the checkpoint {path}: {error}. Delete it to start the training afresh."
        ) from error
    if header.get("name") != name or header.get("schedule") != json.dumps(asdict(schedule)):
        raise UserError(
            f"the checkpoint {path} is of {header.get('name')} with schedule {header.get('schedule')}; "
            f"expected {name} with {json.dumps(asdict(schedule))}. Give another path, or delete it to start afresh."
        )
    record = TrainingRecord(**json.loads(header["record"]))
    network.load_state_dict(
        {key.removeprefix("network."): v for key, v in tensors.items() if key.startswith("network.")}
    )
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith("optimiser."):
            _, index, part = key.split(".")
            state.setdefault(int(index), {})[part] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
    if average is not None:
        average.updates = record.steps
        average.averages = [tensors[f"average.{index}"] for index in range(len(average.averages))]
    return record


@contextlib.contextmanager
def terminal_progress(title: str, steps: int) -> Iterator[Report]:
    """A progress bar with the loss on standard error, silent where that is no terminal."""
    with Progress(console=Console(file=sys.stderr), disable=not sys.stderr.isatty(), transient=True) as progress:
        task = progress.add_task(title, total=steps)

        def report(step: int, loss: float) -> None:
            progress.update(task, completed=step, description=f"{title}, loss {loss:.4g}")

        yield report
