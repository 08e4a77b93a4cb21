"""Accuracy of an architecture on a task that is known by its classes alone: an exact Gaussian process.

Rows are few (thousands), tasks many (most with one or two rows) and labels coarse, which is where kernels are at home.
The covariance of two rows is a sum of what they can share:

- the task: their classes (linear), pairs of classes (its square), and the task itself, beyond its classes;
- within a protocol block: what a class means there, and the architecture (rows of the encoding, the space's features);
- architecture times classes: which architectures suit which classes.

The weights of the terms maximise the marginal likelihood of a part of the training rows; nothing else is tuned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pomonag.errors import UserError
from pomonag.predictors.real_rows import RealRows
from pomonag.spaces.row_posterior import RowPosterior
from pomonag.spaces.search_space import SearchSpace

# Where the search for the terms' variances starts, in units of a block's variance. `length` is that of the features'
# kernel, in standard deviations of a feature; its last two are the noise of the blocks.
_START = {
    "classes": 1.0, "class_pairs": 0.5, "task": 0.2, "block_classes": 0.1,
    "rows": 0.1, "rows_cubed": 0.05, "features": 0.1, "classes_rows": 0.25, "classes_features": 0.25,
    "length": 1.0, "noise_0": 0.5, "noise_1": 0.5,
}  # fmt: skip
_PRIOR_SD = 3.0  # of the logarithm of each, around its start
_MOST_ROWS = 12_000


@dataclass(frozen=True)
class RealRowTraining:
    """How the kernel's weights are found: rows (whole tasks) and steps of Adam; candidates drawn for the noisy form."""

    rows: int = 1000
    steps: int = 30
    learning_rate: float = 0.15
    unseen_candidates: int = 4000


@dataclass(frozen=True, eq=False)
class _Inputs:
    """What the kernels see of b rows: class bags [b, c] of length one, tasks [b], blocks [b]."""

    bags: Tensor
    task: Tensor
    block: Tensor

    @classmethod
    def of(cls, rows: RealRows) -> _Inputs:
        bags = torch.from_numpy(rows.classes).double()
        bags = bags / bags.sum(1, keepdim=True).sqrt()
        return cls(bags, torch.from_numpy(rows.task), torch.from_numpy(rows.block))

    def take(self, picked: Tensor) -> _Inputs:
        return _Inputs(self.bags[picked], self.task[picked], self.block[picked])


@dataclass(frozen=True, eq=False)
class _Cells:
    """What the kernels see of b architectures: the encoding's matrix [b, n * v] and standardised features [b, f]."""

    matrix: Tensor
    features: Tensor

    def take(self, picked: Tensor) -> _Cells:
        return _Cells(self.matrix[picked], self.features[picked])


class RealRowModel:
    """Predicts percent. Train with `train_real_row_model`."""

    def __init__(self, space: SearchSpace, rows: RealRows, seed: int):
        if not 20 <= len(rows) <= _MOST_ROWS:
            raise UserError(f"{rows.source} has {len(rows)} rows to learn from; expected 20 to {_MOST_ROWS:,}")
        self._space, self._seed, self._rows = space, seed, rows
        features = torch.from_numpy(space.features(rows.architectures)).double()
        constant = features.amax(0) == features.amin(0)
        self._centre = features.mean(0)
        self._scale = torch.where(constant, 1.0, features.std(0))
        self._inputs, self._cells = _Inputs.of(rows), self._see(rows.architectures)
        accuracy = torch.tensor(rows.accuracy)
        self._level, self._spread = torch.zeros(2).double(), torch.ones(2).double()
        self.blocks = sorted(set(rows.block.tolist()))
        for block in self.blocks:
            there = accuracy[self._inputs.block == block]
            self._level[block] = there.mean()
            self._spread[block] = there.std(correction=0) if there.min() < there.max() else 1.0
        self._target = (accuracy - self._level[self._inputs.block]) / self._spread[self._inputs.block]
        self.variances = dict(_START)
        self._weights = torch.zeros(len(rows)).double()

    def find_variances(self, training: RealRowTraining, progress: Callable[[int, float], None]) -> None:
        """Maximises the marginal likelihood (with a wide prior) of `training.rows` rows, whole tasks drawn by seed."""
        generator = torch.Generator().manual_seed(self._seed)
        tasks, place = torch.unique(self._inputs.task, return_inverse=True)
        order = torch.randperm(len(tasks), generator=generator)[place].argsort(stable=True)
        picked = order[: training.rows]
        inputs, cells, target = self._inputs.take(picked), self._cells.take(picked), self._target[picked]
        start = torch.tensor(list(_START.values())).double().log()
        logs = start.clone().requires_grad_(True)
        optimiser = torch.optim.Adam([logs], lr=training.learning_rate)
        for step in range(training.steps):
            optimiser.zero_grad()
            variances = dict(zip(_START, logs.exp()))
            loss = -_log_likelihood(variances, inputs, cells, target)
            loss = loss + ((logs - start) / _PRIOR_SD).square().sum() / 2
            loss.backward()
            optimiser.step()
            progress(step + 1, float(loss.detach()) / len(picked))
        self.variances = {name: float(value) for name, value in zip(_START, logs.detach().exp())}

    @torch.no_grad()
    def solve(self) -> None:
        """Conditions on all training rows."""
        factor = _factor(self.variances, self._inputs, self._cells)
        self._weights = torch.cholesky_solve(self._target[:, None], factor)[:, 0]

    @torch.no_grad()
    def denoised(self, rows: RealRows) -> np.ndarray:
        """Predictions for rows' clean architectures, percent, float64 [n]. Their accuracies are not looked at."""
        inputs = self._checked(rows)
        covariance = _covariance(self.variances, inputs, self._see(rows.architectures), self._inputs, self._cells)
        return self._percent(covariance @ self._weights, inputs.block)

    @torch.no_grad()
    def noisy(self, rows: RealRows, x: Tensor, sigma: Tensor, training: RealRowTraining) -> np.ndarray:
        """Predictions from noisy matrices x [d, n, nodes, operations] in network scale, sigma [d, n] -> [d, n] percent.

        E[prediction | x, sigma] by Bayes' rule, given task and block: of what is predicted for clean architectures,
        the mean under their posterior. Prior: how often each occurs in the block's training rows; the share of those
        seen once goes to uniform draws from the space (Good and Turing's estimate of what has not been seen).
        """
        inputs = self._checked(rows)
        candidates, priors = self._prior(training.unseen_candidates)
        posterior = RowPosterior(self._space.encoding)
        clean = self._space.encoding.encode(candidates)
        one_hot = posterior.one_hot(clean).flatten(1).double()
        means = torch.cat([self._grid(inputs, list(c)) for c in _chunks(candidates)], dim=1)
        found = []
        for noisy, level in zip(x, sigma):
            likelihood = posterior(noisy, level).flatten(1).double() @ one_hot.T
            share = (likelihood + priors[inputs.block]).softmax(-1)
            found.append(self._percent((share * means).sum(1), inputs.block))
        return np.stack(found)

    def _prior(self, unseen: int) -> tuple[list[Any], Tensor]:
        """Candidates, and the logarithm of their prior in each block [2, candidates]."""
        seen = list(dict.fromkeys(self._rows.architectures))
        generator = torch.Generator().manual_seed(self._seed)
        drawn = self._space.sample(unseen, generator)
        prior = torch.zeros(2, len(seen) + len(drawn)).double()
        for block in self.blocks:
            counts = Counter(a for a, b in zip(self._rows.architectures, self._rows.block) if b == block)
            total = sum(counts.values())
            once = max(sum(n == 1 for n in counts.values()), 1) / (total + 1)
            of_seen = torch.tensor([counts.get(a, 0) for a in seen]).double() / total
            prior[block] = torch.cat([(1 - once) * of_seen, torch.full((len(drawn),), once / max(len(drawn), 1))])
        return seen + drawn, prior.log()

    def _grid(self, inputs: _Inputs, candidates: list[Any]) -> Tensor:
        """Predictions for every row with every candidate, [n, candidates], without a covariance for each."""
        v, cells = self.variances, self._see(candidates)
        shared, block, classes = _task_terms(v, inputs, self._inputs)
        plain, crossed = _architecture_terms(v, self._cells, cells)
        return (shared @ self._weights)[:, None] + (block * self._weights) @ plain + (classes * self._weights) @ crossed

    def _percent(self, standardised: Tensor, block: Tensor) -> np.ndarray:
        return (self._level[block] + self._spread[block] * standardised).numpy()

    def _see(self, architectures: Sequence[Any]) -> _Cells:
        encoding = self._space.encoding
        matrix = encoding.encode(architectures).flatten(1).double() / encoding.num_nodes**0.5
        features = torch.from_numpy(self._space.features(architectures)).double()
        return _Cells(matrix, (features - self._centre) / (self._scale * features.shape[1] ** 0.5))

    def _checked(self, rows: RealRows) -> _Inputs:
        unknown = sorted(set(rows.block.tolist()) - set(self.blocks))
        if unknown:
            raise UserError(
                f"{rows.source} has rows of block {unknown[0]}, of which {self._rows.source} has none to learn from"
            )
        return _Inputs.of(rows)


def train_real_row_model(
    space: SearchSpace,
    rows: RealRows,
    seed: int = 0,
    training: RealRowTraining = RealRowTraining(),
    progress: Callable[[int, float], None] = lambda step, loss: None,
) -> RealRowModel:
    """A trained model; about 20 s of one core for 4,000 rows. `progress(step, loss a row)` is told of each step."""
    model = RealRowModel(space, rows, seed)
    model.find_variances(training, progress)
    model.solve()
    return model


Variances = dict[str, Any]  # floats, or scalar tensors while they are searched


def _task_terms(v: Variances, a: _Inputs, b: _Inputs) -> tuple[Tensor, Tensor, Tensor]:
    """The covariance of the tasks alone, and the factors of the plain and the crossed architecture terms."""
    linear = a.bags @ b.bags.T
    block = (a.block[:, None] == b.block).double()
    task = (a.task[:, None] == b.task).double()
    shared = v["classes"] * linear + v["class_pairs"] * linear.square() + v["task"] * task
    return shared + v["block_classes"] * linear * block, block, linear


def _architecture_terms(v: Variances, a: _Cells, b: _Cells) -> tuple[Tensor, Tensor]:
    rows = a.matrix @ b.matrix.T
    alike = (torch.cdist(a.features, b.features).square() / (-2 * v["length"] ** 2)).exp()
    plain = v["rows"] * rows + v["rows_cubed"] * rows**3 + v["features"] * alike
    return plain, v["classes_rows"] * rows + v["classes_features"] * alike


def _covariance(v: Variances, a: _Inputs, a_cells: _Cells, b: _Inputs, b_cells: _Cells) -> Tensor:
    shared, block, classes = _task_terms(v, a, b)
    plain, crossed = _architecture_terms(v, a_cells, b_cells)
    return shared + block * plain + classes * crossed


def _factor(v: Variances, inputs: _Inputs, cells: _Cells) -> Tensor:
    noise = torch.where(inputs.block == 0, v["noise_0"], v["noise_1"])
    return torch.linalg.cholesky(_covariance(v, inputs, cells, inputs, cells) + torch.diag(noise + 1e-6))


def _log_likelihood(v: Variances, inputs: _Inputs, cells: _Cells, target: Tensor) -> Tensor:
    """log p(target), up to a constant."""
    factor = _factor(v, inputs, cells)
    return -target @ torch.cholesky_solve(target[:, None], factor)[:, 0] / 2 - factor.diagonal().log().sum()


def _chunks(items: list[Any], size: int = 1000) -> list[list[Any]]:
    return [items[i : i + size] for i in range(0, len(items), size)]
