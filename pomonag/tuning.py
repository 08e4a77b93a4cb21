"""Scaling factors by the paper's protocol (POMONAG Sec. 3.4): each phase's four factors over four data sets.

The phases are tuned in turn: first `efficient` alone, then `accurate` for what it adds to the batch that `efficient`
generates. Qualities are of predicted fronts, and on a data set of a published table the predictors are by default those
that never saw its accuracies: what that table judges later was not tuned on it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pomonag.candidates import BatchGenerator, costs_of
from pomonag.data.tasks import task
from pomonag.errors import UserError, unknown_name
from pomonag.generation import MODES, REFERENCE_STEPS, batch_generator
from pomonag.guidance.factor_search import tune_factors
from pomonag.guidance.guide import OBJECTIVES, ScalingFactors
from pomonag.guidance.stretching import FAST_INTERVALS, PAPER_INTERVALS, PHASES
from pomonag.pareto.front import pareto_front
from pomonag.pareto.indicators import normalised_hypervolume
from pomonag.predictors.dataset_code import separability
from pomonag.predictors.embeddings import embed_task, load_embedding, shipped_embeddings
from pomonag.predictors.predictor_set import load_predictor_set
from pomonag.predictors.supervision import SETS
from pomonag.records.provenance import provenance
from pomonag.records.seeds import seed_of
from pomonag.spaces.encoding import Invalid
from pomonag.spaces.search_space import SearchSpace

# The score (standard normal quantile of the rank) that stands for the best of a space in the hypervolume.
_BEST_SCORE = 3.8
_COST_SAMPLES = 4096


@dataclass(frozen=True)
class FactorTuning:
    """What is tuned on, and how. `predictors` names the checkpoint set that guides and judges on each data set.

    `quality` of a batch is `hypervolume`, the mean over the costs of the predicted fronts' normalised hypervolumes less
    `duplicate_cost` times what uniqueness lacks to `uniqueness`, or `accuracy`, the paper's mean predicted accuracy of
    the union of the fronts.
    """

    mode: str = "fast"
    quality: str = "hypervolume"
    datasets: tuple[str, ...] = ("cifar10", "cifar100", "heldout-000", "heldout-001")
    predictors: tuple[str, ...] = ("without_cifar10", "without_cifar100", "without_cifar10", "without_cifar100")
    accuracy: str = "full"
    trials: int = 100
    count: int = 128
    seed: int = 0
    uniqueness: float = 0.98
    duplicate_cost: float = 2.0
    reference_steps: int = REFERENCE_STEPS

    @classmethod
    def of(cls, space: SearchSpace, **settings: Any) -> FactorTuning:
        """The default for a space: with the shipped set where there are no leave-one-out sets, as on mbv3."""
        names = dict.fromkeys(cls.predictors)
        if not all(name in SETS[space.name] for name in names):
            known = load_predictor_set(space)
            settings = {"predictors": ("shipped",) * len(cls.datasets), "accuracy": known.protocols[0]} | settings
        return cls(**settings)

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise unknown_name("mode", self.mode, MODES)
        if self.quality not in QUALITIES:
            raise unknown_name("quality", self.quality, QUALITIES)
        if self.trials < 1 or not self.datasets:
            raise UserError(f"got {self.trials} trials on {len(self.datasets)} data sets; expected one at least")
        if len(set(self.datasets)) < len(self.datasets):
            raise UserError(f"got the data sets {', '.join(self.datasets)}; expected each once")
        if len(self.predictors) != len(self.datasets):
            raise UserError(f"got {len(self.predictors)} checkpoint sets for {len(self.datasets)} data sets")


Progress = Callable[[str, int, int, float], None]
"""Called after each trial with the phase, trials done, trials in all, and the best quality so far."""


@dataclass(frozen=True, eq=False)
class Judge:
    """The quality of generated architectures on one data set, by predictions alone."""

    generator: BatchGenerator
    embedding: Tensor
    config: FactorTuning
    cost_ranges: Mapping[str, tuple[float, float]]

    def batch(self, phase: str, factors: ScalingFactors, earlier: Tensor | None = None) -> Tensor:
        """Raw matrices [count, nodes, operations]."""
        return self.generator.batch(phase, factors, self.config.count, earlier)

    def __call__(self, x: Tensor) -> float:
        """The quality of generated raw matrices [n, nodes, operations]."""
        decoded = self.generator.encoding.decode(x)
        valid = [item for item in decoded if not isinstance(item, Invalid)]
        distinct = list(dict.fromkeys(valid))
        if not distinct:
            # In hypervolume 0 would be more than a batch of duplicates is worth.
            return 0.0 if self.config.quality == "accuracy" else -self.config.duplicate_cost * self.config.uniqueness
        predicted = self.generator.predictors.accuracy(distinct, self.embedding, self.config.accuracy)
        costs = _costs(self.generator, distinct, len(self.embedding))
        if self.config.quality == "accuracy":
            fronts = [pareto_front(predicted, cost) for cost in costs.values()]
            return float(predicted[np.unique(np.concatenate(fronts))].mean())
        scale = self.generator.predictors.scales[self.config.accuracy]
        median, best = scale(np.array([0.0, _BEST_SCORE]), separability(self.embedding))
        volumes = [
            normalised_hypervolume(
                predicted, cost, median_accuracy=median, best_accuracy=best,
                min_cost=self.cost_ranges[name][0], max_cost=self.cost_ranges[name][1],
            )
            for name, cost in costs.items()
        ]  # fmt: skip
        lacking = max(0.0, self.config.uniqueness - len(distinct) / len(valid))
        return float(np.mean(volumes)) - self.config.duplicate_cost * lacking


QUALITIES = ("hypervolume", "accuracy")


def tune(
    space: SearchSpace,
    config: FactorTuning = FactorTuning(),
    journal: Path | None = None,
    progress: Progress | None = None,
) -> tuple[dict[str, ScalingFactors], dict[str, Any]]:
    """The best factors of each phase, and how they were found (for `save_factors`).

    With a `journal` file a stopped search goes on where it was. Raises UserError for an unknown data set or predictor
    set.
    """
    started, cpu = time.perf_counter(), time.process_time()
    judges = {name: judge_of(space, name, known, config) for name, known in zip(config.datasets, config.predictors)}
    fast = config.mode == "fast"
    before: dict[str, Tensor | None] = dict.fromkeys(judges)
    found: dict[str, ScalingFactors] = {}
    qualities: dict[str, float] = {}
    for phase in PHASES:
        # A journal's trials count only for what they were judged by: the settings and the phases before.
        judged_by = seed_of(repr(replace(config, trials=1)), repr(found))
        found[phase], qualities[phase] = tune_factors(
            partial(_quality_of_phase, judges, phase, before),
            (FAST_INTERVALS if fast else PAPER_INTERVALS)[phase],
            config.datasets,
            name=f"{space.name}-{config.mode}-{config.quality}-{phase}-{judged_by:x}",
            trials=config.trials,
            seed=config.seed,
            journal=journal,
            progress=partial(progress, phase) if progress is not None else None,
        )
        before = {name: _with_batch(judge, phase, found[phase], before[name]) for name, judge in judges.items()}
    about = {
        "tuning": asdict(config),
        "qualities": qualities,
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - cpu,
        "provenance": provenance(),
    }
    return found, about


def _quality_of_phase(
    judges: Mapping[str, Judge], phase: str, before: Mapping[str, Tensor | None], factors: ScalingFactors, dataset: str
) -> float:
    judge, earlier = judges[dataset], before[dataset]
    # The paper's objective looks at each phase's batch alone; a hypervolume is that of all that was generated.
    if judge.config.quality == "accuracy":
        return judge(judge.batch(phase, factors, earlier))
    return judge(_with_batch(judge, phase, factors, earlier))


def _with_batch(judge: Judge, phase: str, factors: ScalingFactors, earlier: Tensor | None) -> Tensor:
    x = judge.batch(phase, factors, earlier)
    return x if earlier is None else torch.cat([earlier, x])


def _costs(generator: BatchGenerator, architectures: list[Any], classes: int) -> dict[str, np.ndarray]:
    return {name: costs.astype(float) for name, costs in costs_of(generator, architectures, classes).items()}


def judge_of(space: SearchSpace, dataset: str, predictors: str, config: FactorTuning) -> Judge:
    """The judge of a data set with a shipped embedding, or of a task."""
    known = load_predictor_set(space, predictors)
    embedding = _embedding(dataset)
    generator = batch_generator(
        config.mode, space, known, embedding, config.accuracy, tuple(OBJECTIVES), None, None, config.seed,
        reference_steps=config.reference_steps,
    )  # fmt: skip
    drawn = space.sample(_COST_SAMPLES, torch.Generator().manual_seed(config.seed))
    costs = _costs(generator, drawn, len(embedding))
    ranges = {name: (float(values.min()), float(values.max())) for name, values in costs.items()}
    return Judge(generator, embedding, config, ranges)


def _embedding(dataset: str) -> Tensor:
    if dataset.startswith(("heldout-", "train-")):
        return embed_task(task(dataset))
    if dataset not in shipped_embeddings():
        raise unknown_name("data set with a shipped embedding, or task", dataset, shipped_embeddings())
    return load_embedding(dataset)
