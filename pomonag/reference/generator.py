"""Guided generation with the reference networks: DiffusionNAG's sampler under POMONAG's many-objective guidance.

POMONAG Sec. 3.1 adds the gradients of several noisy predictors, each with its own scaling factor, to the score. Printed
with a plus for all of them, that would raise params, MACs and latency; here each guide knows its direction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pomonag.errors import UserError
from pomonag.reference.predictors import NoisyPredictor
from pomonag.reference.sampler import ScoreFunction, sample
from pomonag.reference.score_network import ScoreNetwork
from pomonag.reference.spaces import ReferenceSpace


@dataclass(frozen=True)
class ReferenceGuide:
    """One objective: its predictor in evaluation mode, the data set's code [1, 56], the factor and the direction.

    `code` is `predictor.encode(supports)`, computed once for a whole generation.
    """

    predictor: NoisyPredictor
    code: Tensor
    scaling_factor: float
    maximise: bool


def many_objective_gradient(guides: Sequence[ReferenceGuide], mask: Tensor) -> ScoreFunction:
    """The guides' summed gradients `(x, sigma) -> [b, n, v]`, by one backward pass for all of them.

    Of the raw normalised predictions, each times its factor, negated for what is to be minimised; summed over the
    batch, so that each sample gets its own gradient.
    """

    def gradient(x: Tensor, sigma: Tensor) -> Tensor:
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            total = torch.zeros((), device=x.device)
            for guide in guides:
                factor = guide.scaling_factor if guide.maximise else -guide.scaling_factor
                total = total + factor * guide.predictor.predict(x, sigma, mask, guide.code).sum()
            return torch.autograd.grad(total, x)[0]

    return gradient


def generate(
    network: ScoreNetwork,
    guides: Sequence[ReferenceGuide],
    space: ReferenceSpace,
    *,
    count: int,
    seed: int,
    steps: int = 1000,
    mask: Tensor | None = None,
    corrector: str | None = "langevin",
    sigma_max: float | None = None,
    callback: Callable[[int], None] | None = None,
) -> Tensor:
    """`count` generated matrices [count, nodes, operations] in [0, 1] scale, before thresholding.

    Without `guides` the generation is unguided. `mask` [nodes, nodes] goes to all networks and is the space's
    adjacency, that of training, unless given (the release samples nb201 with its transitive closure); `sigma_max` is
    the space's. `callback` is told the number of finished steps. The corrector couples the batch: other counts
    give other architectures under the same seed. It is computed on the network's device, with the same noise on each.
    """
    if count < 1:
        raise UserError(f"got a count of {count} architectures; expected at least 1.")
    device = next(network.parameters()).device
    mask = space.adjacency if mask is None else mask  # stays on the CPU: the networks read the graph off it
    generator = torch.Generator().manual_seed(seed)

    def noises() -> Iterator[Tensor]:
        while True:
            yield torch.randn(count, space.nodes, space.operations, generator=generator).to(device)

    network.eval()
    for guide in guides:
        guide.predictor.eval()
    with torch.no_grad():
        return sample(
            lambda x, sigma: network(x, sigma, mask),
            sigma_min=space.sigma_min,
            sigma_max=space.sigma_max if sigma_max is None else sigma_max,
            steps=steps,
            noises=noises(),
            corrector=corrector,
            gradient=many_objective_gradient(guides, mask) if guides else None,
            scale=1.0,
            callback=callback,
        )
