"""The many-objective guide: all objectives from one network, one forward and one backward pass (POMONAG Sec. 3.1)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from scipy.stats import qmc
from torch import Tensor

from pomonag.guidance.guide import Guide, Objective, ScalingFactors
from pomonag.guidance.repulsion import expected_duplicates
from pomonag.predictors.performance_predictor import NoisyPredictor

# How strongly a budget pushes, in units of label per unit of label above it.
_BUDGET_FACTOR = 20.0


def sample_factors(factors: ScalingFactors, objectives: Sequence[Objective], n: int, seed: int) -> Tensor:
    """Signed factors [n, objectives], spread over the samples as `ScalingFactors.spread` says.

    The points are a low-discrepancy sequence: costs and multiples come in equal shares in any first part of the batch.
    """
    k = torch.tensor([o.direction * factors.of(o.name) for o in objectives]).repeat(n, 1)
    costs = [i for i, o in enumerate(objectives) if not o.maximise and factors.of(o.name)]
    if factors.spread > 1 and costs:
        points = torch.from_numpy(qmc.Sobol(2, seed=seed).random(_next_power_of_two(n))[:n]).float()
        turn = (points[:, 0] * len(costs)).long().clamp_max(len(costs) - 1)
        multiple = torch.exp((2 * points[:, 1] - 1) * math.log(factors.spread))
        k[:, costs] *= torch.nn.functional.one_hot(turn, len(costs)) * multiple.unsqueeze(-1)
    return k


def many_objective_guide(
    predictor: NoisyPredictor,
    condition: Tensor,
    columns: Tensor,
    factors: Tensor,
    limits: Mapping[int, float] | None = None,
    repulsion: float = 0.0,
    earlier: Tensor | None = None,
) -> Guide:
    """The gradient of sum_o k_o f_o(x, sigma), summed over the batch, each sample with its own factors.

    `columns` [heads, objectives] combines the predictor's heads into the objectives (expectations are linear, so a
    combination of heads predicts the combination of labels); `factors` [b, objectives] are signed; `limits` maps an
    objective's position to a bound on its label, above which a further push sets in; `repulsion` weighs the duplicates
    that a batch is expected to hold, of its own and of `earlier` batches' rows (`repulsion.py`). The reference takes
    the gradient of the raw standardised prediction, not of a logarithm; so do we.
    """

    def guide(x: Tensor, sigma: Tensor) -> Tensor:
        with torch.enable_grad():
            noisy = x.detach().requires_grad_(True)
            predicted = predictor(noisy, sigma, condition) @ columns
            total = (factors * predicted).sum()
            for position, bound in (limits or {}).items():
                excess = torch.nn.functional.softplus(predicted[:, position] - bound, beta=4.0)
                total = total - _BUDGET_FACTOR * excess.sum()
            if repulsion:
                rows = predictor.row_posterior(noisy, sigma).softmax(-1)
                total = total - repulsion * expected_duplicates(rows, earlier).sum()
            return torch.autograd.grad(total, noisy)[0]

    return guide


def _next_power_of_two(n: int) -> int:
    return 1 << max(n - 1, 0).bit_length()
