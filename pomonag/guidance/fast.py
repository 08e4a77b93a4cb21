"""Fast mode's batch: denoiser, one noisy predictor for all guides, few ancestral steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pomonag.diffusion.denoiser import Denoiser
from pomonag.diffusion.samplers import SAMPLERS, log_linear_sigmas
from pomonag.errors import unknown_name
from pomonag.guidance.guide import Objective, ScalingFactors
from pomonag.guidance.many_objective import many_objective_guide, sample_factors
from pomonag.predictors.performance_predictor import NoisyPredictor
from pomonag.records.seeds import seed_of
from pomonag.spaces.encoding import from_network_scale
from pomonag.spaces.search_space import SearchSpace


@dataclass(frozen=True)
class FastSampling:
    """Sampler, steps and noise range; as measured to be enough on nb201."""

    sampler: str = "ancestral"
    steps: int = 20
    sigma_min: float = 0.1
    sigma_max: float = 10.0

    def __post_init__(self) -> None:
        if self.sampler not in SAMPLERS:
            raise unknown_name("sampler", self.sampler, SAMPLERS)

    @property
    def calls(self) -> int:
        """Denoiser and guide calls for each sample."""
        return 2 * self.steps - 1 if self.sampler == "heun" else self.steps


@dataclass(frozen=True, eq=False)
class FastGenerator:
    """Batches of raw matrices for one data set.

    `condition` is the question to the noisy predictor; `columns` [heads, objectives] its objectives; `limits` bounds on
    their labels, by position. Networks, condition and columns lie on one device; matrices come and go on the CPU.
    """

    space: SearchSpace
    denoiser: Denoiser
    predictor: NoisyPredictor
    condition: Tensor
    objectives: tuple[Objective, ...]
    columns: Tensor
    limits: Mapping[int, float]
    sampling: FastSampling = FastSampling()

    def batch(
        self, factors: ScalingFactors | None, n: int, names: Sequence[str | int], earlier: Tensor | None = None
    ) -> Tensor:
        """n raw matrices [n, nodes, operations] in [0, 1] scale; unguided without factors.

        Sample i's noise has the seed of `names` and i. It is the same alone and in any batch, or, where samples repel
        each other, in any batch that begins with the same samples; they also keep away from those of `earlier` batches
        [m, nodes, operations].
        """
        return from_network_scale(self.sample(factors, n, names, earlier).cpu())

    def sample(
        self, factors: ScalingFactors | None, n: int, names: Sequence[str | int], earlier: Tensor | None = None
    ) -> Tensor:
        """The same in network scale, on the device of the networks."""
        device, guide = self.columns.device, None
        if factors is not None:
            signed = sample_factors(factors, self.objectives, n, seed_of(*names, "factors") % 2**31)
            guide = many_objective_guide(
                self.predictor,
                self.condition,
                self.columns,
                signed.to(device),
                self.limits,
                factors.repulsion,
                None if earlier is None else self.predictor.row_posterior.one_hot(earlier.to(device)),
            )
        encoding, s = self.space.encoding, self.sampling
        with torch.inference_mode(False), torch.no_grad():
            return SAMPLERS[s.sampler](
                self.denoiser,
                log_linear_sigmas(s.sigma_max, s.sigma_min, s.steps).to(device),
                (encoding.num_nodes, encoding.num_operations),
                guide=guide,
                seeds=[seed_of(*names, i) for i in range(n)],
            )
