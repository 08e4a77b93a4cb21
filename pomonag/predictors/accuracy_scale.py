"""From scores to percent: what accuracy a rank stands for on a data set of a given difficulty.

Within one data set the accuracies of a space follow much the same curve once the median is set to 0 and the best to 1.
The curve is averaged over the data sets with labels; median and best follow the logit of the embedding's separability.
Ranks come from the predictor, levels from this extrapolation; with one or two labelled data sets it is no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm


def normal_scores(labels: np.ndarray) -> np.ndarray:
    """Ranks of labels [n] as standard normal quantiles, ties averaged; what the predictors are trained on."""
    from scipy.stats import rankdata

    return norm.ppf((rankdata(labels) - 0.5) / len(labels))


_SCORES = np.linspace(-3.5, 4.0, 61)


@dataclass(frozen=True)
class AccuracyScale:
    """`curve` [61]: relative accuracy at evenly spaced scores; `median`, `best`: (intercept, slope) of their logits."""

    curve: tuple[float, ...]
    median: tuple[float, float]
    best: tuple[float, float]
    datasets: int

    def __call__(self, scores: np.ndarray, separability: float) -> np.ndarray:
        """Accuracies in percent, [n]."""
        difficulty = _logit(separability)
        median, best = (100 * _sigmoid(a + b * difficulty) for a, b in (self.median, self.best))
        # Far from the labelled data sets the two lines may cross, which would turn the order of scores around.
        best = max(best, median + 1.0)
        relative = np.interp(scores, _SCORES, self.curve)
        # Beyond the last knot the curve goes on straight, so that the order of scores is never lost.
        slope = max((self.curve[-1] - self.curve[-4]) / (_SCORES[-1] - _SCORES[-4]), 1e-3)
        relative = relative + slope * np.maximum(scores - _SCORES[-1], 0) + 1e-3 * np.minimum(scores - _SCORES[0], 0)
        return bounded(median + (best - median) * relative)


def bounded(percent: np.ndarray) -> np.ndarray:
    """Any numbers as percent: those in 1..99 as they are, those beyond bent into (0, 1) and (99, 100).

    Bent, not clipped: clipped values tie, and then fronts and rankings no longer follow the predictor.
    """
    low, high = np.minimum(percent, 1), np.maximum(percent, 99)
    return np.where(percent < 1, 1 / (2 - low), np.where(percent > 99, 100 - 1 / (high - 98), percent))


def fit_accuracy_scale(labels: Sequence[np.ndarray], separabilities: Sequence[float]) -> AccuracyScale:
    """The scale from the accuracies (percent) of each labelled data set and its separability."""
    curves, medians, bests = [], [], []
    for accuracy in labels:
        ordered = np.sort(accuracy)
        quantiles = norm.ppf((np.arange(len(ordered)) + 0.5) / len(ordered))
        median, best = np.median(ordered), np.quantile(ordered, 0.999)
        curves.append(_extended(quantiles, (ordered - median) / max(best - median, 1e-6)))
        medians.append(_logit(median / 100))
        bests.append(_logit(best / 100))
    # Averages of few rows may be flat in places; a tiny slope keeps the curve strictly increasing.
    curve = np.maximum.accumulate(np.mean(curves, axis=0)) + 1e-4 * (_SCORES - _SCORES[0])
    difficulty = np.array([_logit(s) for s in separabilities])
    return AccuracyScale(
        tuple(curve.tolist()), _line(difficulty, np.array(medians)), _line(difficulty, np.array(bests)), len(labels)
    )


def _extended(quantiles: np.ndarray, relative: np.ndarray) -> np.ndarray:
    """A task's curve at `_SCORES`, beyond its rows as steep as among its outer sixth.

    Predictions reach beyond the best of thirty rows; held there, they would hardly differ any more.
    """
    found = np.interp(_SCORES, quantiles, relative)
    for beyond, end, inner in (
        (quantiles[-1] < _SCORES, -1, int(np.searchsorted(quantiles, min(1.0, quantiles[-1] / 2)))),
        (quantiles[0] > _SCORES, 0, int(np.searchsorted(quantiles, max(-1.0, quantiles[0] / 2)))),
    ):
        steps = quantiles[end] - quantiles[inner]
        slope = (relative[end] - relative[inner]) / steps if steps else 0.0
        found[beyond] = relative[end] + slope * (_SCORES[beyond] - quantiles[end])
    return found


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    # One data set fixes no slope: then a logit of separability counts as a logit of accuracy.
    slope = float(np.polyfit(x, y, 1)[0]) if len(x) > 1 else 1.0
    return float(y.mean() - slope * x.mean()), slope


def _logit(p: float) -> float:
    p = float(np.clip(p, 0.005, 0.995))
    return float(np.log(p / (1 - p)))


def _sigmoid(z: float) -> float:
    return float(1 / (1 + np.exp(-z)))
