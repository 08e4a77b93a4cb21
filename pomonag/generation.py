"""Batches of raw matrices in either mode: what guides them, what bounds them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pomonag.candidates import BatchGenerator
from pomonag.diffusion.denoiser import Denoiser, DenoiserConfig
from pomonag.errors import UserError, unknown_name
from pomonag.guidance.factor_files import fast_factors
from pomonag.guidance.fast import FastGenerator
from pomonag.guidance.guide import METRICS, Objective, ScalingFactors, objectives_of
from pomonag.guidance.latency_source import LatencySource, latency_source
from pomonag.guidance.stretching import PAPER_FACTORS, factors_of
from pomonag.pareto.budget import Budget
from pomonag.predictors.predictor_set import CHECKPOINTS, PredictorSet
from pomonag.records.checkpoints import load_checkpoint
from pomonag.records.tensor_cache import TensorCache, cache_folder
from pomonag.spaces.encoding import Encoding
from pomonag.spaces.search_space import SearchSpace

MODES = ("fast", "reference")
REFERENCE_STEPS = 1000


def batch_generator(
    mode: str,
    space: SearchSpace,
    predictors: PredictorSet,
    embedding: Tensor,
    accuracy: str,
    objectives: Sequence[str],
    device_latency: str | None,
    budget: Budget | None,
    seed: int,
    reference_steps: int = REFERENCE_STEPS,
    denoiser: Denoiser | None = None,
    device: str = "cpu",
    encoding: str | None = None,
) -> BatchGenerator:
    """The generator of a mode for one data set's embedding [classes, samples, features].

    `denoiser` takes the place of the one that ships (fast mode), `encoding` that of the space's own: in fast mode
    another reading of the same matrices, in reference mode any that it has networks of. Networks and samples are
    computed on `device`, what goes in and comes out lies on the CPU; the noise is the same on every device.
    """
    place, matrices = _device(device), _encoding(space, encoding, mode)
    chosen = objectives_of(tuple(objectives))
    latency = latency_source(space, predictors, device_latency)
    condition = predictors.condition(embedding, accuracy)
    if mode == "reference":
        if device_latency is not None:
            # The reference has one latency predictor, of our measurements; the device's latencies draw the fronts.
            latency = replace(latency, name=f"{latency.name}; guided by this project's measurements on one CPU thread")
        return ReferenceBatches(space, matrices, predictors, embedding, chosen, latency, seed, reference_steps, place)
    limits = _limits(space, predictors, chosen, latency, budget, len(embedding))
    columns = torch.stack([_column(predictors, o, latency) for o in chosen], dim=1)
    fast = FastGenerator(
        space,
        _on(place, denoiser or load_denoiser(space)),  # type: ignore[arg-type]
        _on(place, predictors.noisy),
        condition.to(place),
        chosen,
        columns.to(place),
        limits,
    )
    return FastBatches(fast, matrices, predictors, latency, seed)


@dataclass(frozen=True, eq=False)
class FastBatches:
    """Fast mode."""

    fast: FastGenerator
    encoding: Encoding
    predictors: PredictorSet
    latency: LatencySource
    seed: int
    mode: str = "fast"

    @property
    def space(self) -> SearchSpace:
        return self.fast.space

    @property
    def objectives(self) -> tuple[Objective, ...]:
        return self.fast.objectives

    @property
    def default_factors(self) -> Mapping[str, ScalingFactors]:
        return fast_factors(self.space.name)

    @property
    def steps(self) -> int:
        return self.fast.sampling.calls

    def batch(self, phase: str, factors: ScalingFactors | None, n: int, earlier: Tensor | None = None) -> Tensor:
        return self.fast.batch(factors, n, ("generate", self.space.name, phase, self.seed), earlier)


@dataclass(frozen=True, eq=False)
class ReferenceBatches:
    """Reference mode: DiffusionNAG's network and sampler under up to four guides."""

    space: SearchSpace
    encoding: Encoding
    predictors: PredictorSet
    embedding: Tensor
    objectives: tuple[Objective, ...]
    latency: LatencySource
    seed: int
    steps: int = REFERENCE_STEPS
    device: torch.device = torch.device("cpu")  # noqa: RUF009 (immutable)
    mode: str = "reference"

    @property
    def default_factors(self) -> Mapping[str, ScalingFactors]:
        return factors_of(self.space.name, PAPER_FACTORS)

    def batch(self, phase: str, factors: ScalingFactors | None, n: int, earlier: Tensor | None = None) -> Tensor:
        """Minutes of computing: kept in the cache folder, and found there by whoever asks for the same again."""
        from pomonag.records.seeds import seed_of
        from pomonag.reference.checkpoints import load_predictor, load_score_network
        from pomonag.reference.generator import ReferenceGuide, generate
        from pomonag.reference.spaces import reference_space

        reference = reference_space(self.space.name, self.encoding.name)
        score = load_score_network(reference).to(self.device)
        seed = seed_of("generate", self.space.name, phase, self.seed)
        guides = []
        for objective in self.objectives if factors is not None else ():
            factor = 0.0 if factors is None else factors.of(objective.name)
            if factor:
                network = load_predictor(reference, METRICS.get(objective.name, objective.name)).network
                network = network.to(self.device)
                with torch.no_grad():
                    code = network.encode(self.embedding.flatten(0, 1).unsqueeze(0).to(self.device))
                guides.append(ReferenceGuide(network, code, factor, objective.maximise))
        parts: list[torch.nn.Module | Tensor | float] = [score]
        for guide in guides:
            parts += [guide.predictor, guide.code, guide.scaling_factor, guide.maximise]
        # Sums on another device come out a little differently.
        place = [] if self.device.type == "cpu" else [str(self.device)]
        made_from = " ".join([*place, reference.title, str(n), str(seed), str(self.steps), *map(_fingerprint, parts)])
        batches = TensorCache(cache_folder() / "reference_batches")
        kept = batches.read(made_from, (n, reference.nodes, reference.operations))
        if kept is not None:
            return kept
        x = generate(score, guides, reference, count=n, seed=seed, steps=self.steps).cpu()
        batches.write(made_from, x)
        return x


def _encoding(space: SearchSpace, name: str | None, mode: str) -> Encoding:
    """The encoding of that name, the space's own by default. Raises UserError where the mode has no such matrices."""
    own = space.encoding
    if name is None:
        return own
    if name not in space.encodings:
        raise unknown_name(f"encoding of {space.name}", name, space.encodings)
    found = space.encodings[name]
    if mode == "fast" and (found.num_nodes, found.num_operations) != (own.num_nodes, own.num_operations):
        raise UserError(
            f"got the encoding {name}, {found.num_nodes} x {found.num_operations}, in fast mode, which makes "
            f"matrices of {own.num_nodes} x {own.num_operations}; expected {own.name}, or the mode reference"
        )
    return found


def _device(name: str) -> torch.device:
    """The device of that name. Raises UserError for one that PyTorch does not know or does not find here."""
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, TypeError) as error:
        found = [f"cuda ({torch.cuda.get_device_name()})"] if torch.cuda.is_available() else []
        raise UserError(
            f"got the device {name!r}, which PyTorch {torch.__version__} cannot compute on here; found: "
            f"{', '.join(['cpu', *found])}. Leave it out to compute on the CPU."
        ) from error
    return device


def _on(device: torch.device, network: Any) -> Any:
    """The network on the device; what others hold stays where it is."""
    return network if device.type == "cpu" else deepcopy(network).to(device)


def _fingerprint(part: torch.nn.Module | Tensor | float) -> str:
    """Equal for networks with equal weights, equal tensors and equal numbers."""
    if isinstance(part, float | int):
        return repr(part)
    tensors = part.state_dict().values() if isinstance(part, torch.nn.Module) else [part]
    content = hashlib.sha256()
    for tensor in tensors:
        content.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return content.hexdigest()


@cache
def load_denoiser(space: SearchSpace) -> Denoiser:
    """The denoiser that ships for a space, in evaluation mode."""
    path = CHECKPOINTS / space.name / "denoiser.safetensors"
    tensors, header = load_checkpoint(path)
    try:
        denoiser = Denoiser(space.encoding, DenoiserConfig(**header["config"]))
        denoiser.load_state_dict(tensors)
    except (KeyError, TypeError, RuntimeError) as error:
        raise UserError(f"{path} does not fit this version ({error}): train it again with `pomonag train`") from error
    return denoiser.eval().requires_grad_(False)


def _column(predictors: PredictorSet, objective: Objective, latency: LatencySource) -> Tensor:
    if objective.name == "latency":
        return latency.column
    column = torch.zeros(len(predictors.noisy.heads))
    column[predictors.noisy.column(objective.name)] = 1.0
    return column


def _limits(
    space: SearchSpace,
    predictors: PredictorSet,
    objectives: Sequence[Objective],
    latency: LatencySource,
    budget: Budget | None,
    classes: int,
) -> dict[int, float]:
    """Upper bounds of a budget as bounds on the noisy predictor's labels, by the objective's position."""
    limits = {}
    upper = {limit.name: limit.value for limit in (budget.limits if budget else ()) if "<" in limit.sign}
    for position, objective in enumerate(objectives):
        bound = upper.get(METRICS.get(objective.name, ""))
        if bound is None:
            continue
        if objective.name == "latency":
            mean, scale = latency.mean_ms, latency.scale_ms
        else:
            head = predictors.noisy.column(objective.name)
            mean, scale = float(predictors.noisy.label_mean[head]), float(predictors.noisy.label_scale[head])
            bound -= _head_difference(space, objective.name, classes)
        limits[position] = (bound - mean) / scale
    return limits


def _head_difference(space: SearchSpace, metric: str, classes: int) -> float:
    """What the classifier for `classes` costs more than the default skeleton's; the same for all architectures."""
    one = space.sample(1, torch.Generator().manual_seed(0))
    ours, default = (getattr(space.cost(one, **s), metric) for s in ({"classes": classes}, {}))
    return float(np.asarray(ours - default)[0])
