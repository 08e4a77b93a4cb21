"""The predictors of Tables 3 and 6, each trained from the shipped rows alone within a minute or two on one core.

A trained method is a function of clean rows and one of noisy ones (`predictor_rows`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from benchmarks.predictor_rows import LABELS, Denoised, PredictorRows
from pomonag.meta_dataset.splits import Division
from pomonag.predictors.latency_model import LatencyModel, fit_latency_model
from pomonag.predictors.pair_ridge import PairRidge
from pomonag.predictors.performance_predictor import AccuracyEnsemble, NoisyPredictor, condition
from pomonag.predictors.predictor_training import LITE_ENSEMBLE, GuideTraining, train_ensemble, train_noisy_predictor
from pomonag.predictors.rank_correlation import within_task_spearman
from pomonag.predictors.supervision import LabelledTask
from pomonag.predictors.task_level import TaskLevel, fit_task_level, task_scores
from pomonag.reference.label_scaling import LabelScaling
from pomonag.reference.predictor_training import PredictorRows as ReferenceRows
from pomonag.reference.predictor_training import draw_support, predict_clean
from pomonag.reference.predictor_training import train_noisy_predictor as train_reference
from pomonag.reference.predictors import NoisyPredictor as ReferencePredictor
from pomonag.reference.spaces import reference_space
from pomonag.reference.training_loop import Schedule
from pomonag.spaces.encoding import Encoding, generator_of

# Many passes over a thousand rows are learned by heart: how many steps is chosen by validation.
ENSEMBLE_STEPS = (75, 150, 300)
GUIDE = GuideTraining(steps=1200, batch=256, sigma_max=5.0)
ENSEMBLE = replace(LITE_ENSEMBLE, code_dropout=0.8)

# A twentieth of the release's 10,000 steps, with batches of rows of four tasks. On validation rows a fiftieth with two
# tasks learned denoised accuracy to 0.50 within tasks and noisy accuracy not at all, 800 steps with four to 0.65.
REFERENCE_STEPS = 500
_REFERENCE = Schedule(steps=REFERENCE_STEPS, batch=128, learning_rate=1e-3, warmup=50)
STRATEGIES = {
    # The release's: Adam at a constant rate, the last weights count.
    "an": _REFERENCE,
    # POMONAG App. C: AdamW, decay 5e-3, cosine annealing; the weights of the best validation Spearman count.
    "ours": replace(_REFERENCE, anneal=True, weight_decay=5e-3),
}
TASKS_PER_BATCH = 4


@dataclass(frozen=True, eq=False)
class FastPredictors:
    """The ensemble of denoised accuracy, the network of all noisy labels, and what they were trained with."""

    data: PredictorRows
    ensemble: AccuracyEnsemble
    noisy_network: NoisyPredictor
    latency: LatencyModel
    level: TaskLevel
    steps: int

    def conditions(self, frame: pd.DataFrame) -> Tensor:
        """Each row's question [n, c]."""
        return torch.stack([_question(self.data, name) for name in frame["task"]])

    def denoised(self, frame: pd.DataFrame) -> np.ndarray:
        """Percent [n]."""
        return self.level(_ensemble_scores(self.data, self.ensemble, frame), self.data.code_of(frame))

    def noisy(self, frame: pd.DataFrame, x: Tensor, sigma: Tensor) -> dict[str, np.ndarray]:
        """Percent of accuracy, standard scores of the rest."""
        found = self.noisy_network(x, sigma, self.conditions(frame)).double().numpy()
        predicted = dict(zip(self.noisy_network.heads, found.T))
        return predicted | {"accuracy": self.level(predicted["accuracy"], self.data.code_of(frame))}


def train_fast(data: PredictorRows, seed: int, share: float = 1.0, noisy: bool = True) -> FastPredictors:
    """Fast mode's predictors from a share of the rows to learn from; all of them by default.

    Without `noisy` that network is left as it was initialised, for whoever asks only for denoised accuracy.
    """
    learned = data.limited(share)
    inner = learned[learned.index.isin(data.split.inner.learned.index)]
    validation = data.split.inner.unseen

    def validated(steps: int) -> float:
        scores = _ensemble_scores(data, _ensemble(data, inner, steps, seed), validation)
        return within_task_spearman(scores, validation["accuracy"].to_numpy(), validation["task"].tolist())

    steps = max(ENSEMBLE_STEPS, key=validated)
    ensemble = _ensemble(data, learned, steps, seed)
    timed = learned[learned["latency_ms"].notna()]
    latency = fit_latency_model(data.space, data.architectures(timed), timed["latency_ms"].to_numpy())
    questions = [_question(data, str(name)) for name in learned["task"].unique()]
    unknown = condition(None, "lite")
    network, _ = train_noisy_predictor(
        data.space,
        ensemble,
        torch.stack([*questions, *[(a + b) / 2 for a, b in pairwise(questions)], unknown]),
        {"latency_ms": lambda architectures: predicted_latency(data.space, latency, architectures)},
        training=replace(GUIDE, seed=seed % 2**31, steps=GUIDE.steps if noisy else 1),
    )
    level = fit_task_level(learned, {str(name): data.codes[str(name)].tolist() for name in learned["task"].unique()})
    return FastPredictors(data, ensemble, network, latency, level, steps)


@torch.inference_mode()
def predicted_latency(space: Any, model: LatencyModel, architectures: Sequence[Any]) -> np.ndarray:
    """Milliseconds [n]."""
    return model(torch.from_numpy(space.features(architectures))).numpy()


def _question(data: PredictorRows, task: str) -> Tensor:
    return condition(data.code(data.embeddings[task]), "lite")


@torch.inference_mode()
def _ensemble_scores(data: PredictorRows, ensemble: AccuracyEnsemble, frame: pd.DataFrame) -> np.ndarray:
    features = torch.from_numpy(data.space.features(data.architectures(frame)))
    return ensemble(features, torch.stack([_question(data, name) for name in frame["task"]])).double().numpy()


def _ensemble(data: PredictorRows, frame: pd.DataFrame, steps: int, seed: int) -> AccuracyEnsemble:
    scores = pd.Series(task_scores(frame), index=frame.index)
    tasks = []
    for name, group in frame.groupby("task"):
        architectures, embedding = data.architectures(group), data.embeddings[str(name)]
        labels = scores[group.index].to_numpy()
        tasks.append(LabelledTask(str(name), "lite", architectures, labels, embedding=embedding))
    training = replace(ENSEMBLE, steps=steps, seed=seed % 2**31)
    return train_ensemble(data.space, tasks, data.code, training=training)


def train_ridge(data: PredictorRows, share: float = 1.0) -> Denoised:
    """The ridge over operations, their pairs and the task: the same labels as fast mode's ensemble."""
    learned = data.limited(share)
    ridge = PairRidge(data.space).fit(data.architectures(learned), data.code_of(learned), task_scores(learned))
    level = fit_task_level(learned, {str(name): data.codes[str(name)].tolist() for name in learned["task"].unique()})
    return lambda frame: level(ridge.predict(data.architectures(frame), data.code_of(frame)), data.code_of(frame))


@dataclass(frozen=True, eq=False)
class ReferencePredictors:
    """DiffusionNAG's networks by label, and one of clean architectures for denoised accuracy."""

    data: PredictorRows
    by_label: dict[str, ReferencePredictor]
    clean: ReferencePredictor

    @property
    def encoding(self) -> Encoding:
        """The encoding that the networks take."""
        return reference_space(self.data.space.name).matrix

    def _code(self, network: ReferencePredictor, frame: pd.DataFrame) -> Tensor:
        names = list(dict.fromkeys(frame["task"]))
        with torch.inference_mode():
            codes = [network.eval().encode(draw_support(self.data.embeddings[n], generator_of(0))) for n in names]
        return torch.cat(codes)[[names.index(name) for name in frame["task"]]]

    def denoised(self, frame: pd.DataFrame) -> np.ndarray:
        """Standard scores [n] of accuracy over all tasks."""
        settings = reference_space(self.data.space.name)
        clean = self.encoding.encode(self.data.architectures(frame))
        code = self._code(self.clean, frame)
        return predict_clean(self.clean, clean, settings.adjacency, settings, code).double().numpy()

    def noisy(self, frame: pd.DataFrame, x: Tensor, sigma: Tensor) -> dict[str, np.ndarray]:
        """The same of noisy matrices, for each label that has a network."""
        mask = reference_space(self.data.space.name).adjacency
        return {
            label: network.predict(x, sigma, mask, self._code(network, frame)).squeeze(1).double().numpy()
            for label, network in self.by_label.items()
        }


def train_reference_predictors(
    data: PredictorRows,
    strategy: str,
    seed: int,
    labels: Sequence[str] = LABELS,
    *,
    share: float = 1.0,
    reliable_labels: bool = False,
) -> ReferencePredictors:
    """The reference networks by a strategy of `STRATEGIES`, noisy ones for `labels` and a clean one for accuracy.

    `reliable_labels`: accuracy is learned from the mean of accuracy and test loss of the same training.
    """
    schedule = replace(STRATEGIES[strategy], seed=seed % 2**31)
    learned = data.limited(share)
    division = data.split.inner if strategy == "ours" else None

    def train(label: str, noised: bool) -> ReferencePredictor:
        return _trained(data, label, learned, division, schedule, noised, reliable_labels)

    return ReferencePredictors(data, {label: train(label, True) for label in labels}, train("accuracy", False))


def _trained(
    data: PredictorRows,
    label: str,
    learned: pd.DataFrame,
    division: Division | None,
    schedule: Schedule,
    noised: bool,
    reliable_labels: bool,
) -> ReferencePredictor:
    settings = reference_space(data.space.name)
    if division is not None:
        learned = learned[learned.index.isin(division.learned.index)]
    learned = learned[learned[label].notna()]
    values = _labels(learned, label, reliable_labels)
    scaling = LabelScaling.of(torch.tensor(values))
    validation = None
    if division is not None:
        # Unseen tasks alone: every look encodes each task's images, which costs more than the steps between two looks.
        unseen = pd.concat([division.tests["tasks"], division.tests["both"]])
        unseen = unseen[unseen[label].notna()]
        validation = _reference_rows(data, unseen, scaling, unseen[label].to_numpy(float))
    network, _ = train_reference(
        label,
        _reference_rows(data, learned, scaling, values),
        settings.adjacency,
        settings,
        schedule,
        noised=noised,
        tasks_per_batch=TASKS_PER_BATCH,
        validation=validation,
    )
    return network.requires_grad_(False)


def _labels(frame: pd.DataFrame, label: str, reliable: bool) -> np.ndarray:
    if label != "accuracy" or not reliable:
        return frame[label].to_numpy(float)
    groups = frame.groupby("task")["accuracy"]
    return groups.transform("mean").to_numpy() + float(groups.std().mean()) * task_scores(frame)


def _reference_rows(
    data: PredictorRows, frame: pd.DataFrame, scaling: LabelScaling, values: np.ndarray
) -> ReferenceRows:
    settings = reference_space(data.space.name)
    names = sorted(frame["task"].unique())
    return ReferenceRows(
        matrices=settings.matrix.encode(data.architectures(frame)),
        labels=scaling.normalise(torch.tensor(values)),
        tasks=torch.tensor([names.index(name) for name in frame["task"]]),
        embeddings=[data.embeddings[name] for name in names],
    )
