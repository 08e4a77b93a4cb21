"""Generated sets of every method, in one form; what two tables share is generated once a process."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks import inputs
from benchmarks.runs import Need

COUNT = 256
# 256 guided over 20 steps and ranked once: the calls that the peers of fast mode get.
FAST_PREDICTOR_CALLS = 5376
REFERENCE_STEPS = 1000
DIFFUSIONNAG_FACTOR = 10000.0


@dataclass(frozen=True, eq=False)
class Generated:
    """A generated set: `architectures` are the distinct valid strings, best predicted first where they are ranked.

    `count` was asked for and `valid` of them are architectures, repetitions included; `predicted` follows
    `architectures` (percent); `invalid` says why the others are none; `inputs` are digests of the networks used.
    """

    count: int
    valid: int
    architectures: list[str]
    predicted: np.ndarray
    predictor_calls: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)
    invalid: Sequence[Mapping[str, Any]] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_draws(cls, architectures: Sequence[Any]) -> Generated:
        """A set of architectures that were drawn, all valid."""
        distinct = list(dict.fromkeys(map(str, architectures)))
        return cls(len(architectures), len(architectures), distinct, np.full(len(distinct), np.nan))

    @classmethod
    def of_result(cls, result: Mapping[str, Any], count: int, read: Mapping[str, str]) -> Generated:
        """The set of a `result.json`."""
        return cls(
            count=count,
            valid=count - sum(int(item["count"]) for item in result["invalid"]),
            architectures=[item["architecture"] for item in result["architectures"]],
            predicted=np.array([item["predicted_accuracy"] for item in result["architectures"]], dtype=float),
            predictor_calls=int(result["predictor_calls"]),
            seconds=result["seconds"],
            invalid=result["invalid"],
            inputs=read,
        )


def pomonag_fast(dataset: str, seed: int, predictors: str = "shipped", device: str | None = None) -> Generated:
    """Fast mode, four guides, two phases; `device` is the one whose latency guides."""
    return _searched(dataset, seed, predictors, device, "fast")


def pomonag_reference(dataset: str, seed: int, predictors: str = "shipped") -> Generated:
    """Reference mode with the paper's factors, two phases."""
    return _searched(dataset, seed, predictors, None, "reference")


@functools.cache
def _searched(dataset: str, seed: int, predictors: str, device: str | None, mode: str) -> Generated:
    import pomonag

    data = inputs.images(dataset)
    result = pomonag.generate(
        inputs.space(), data.images, data.labels, count=COUNT, seed=seed, mode=mode,
        device_latency=device, predictors=predictors,
    )  # fmt: skip
    return Generated.of_result(result.to_json(), COUNT, inputs.digests(predictors))


def untrained_fast(dataset: str, seed: int) -> Generated:
    """Fast mode's denoiser with random weights, unguided: what its decoding makes of noise."""
    import torch

    from pomonag.diffusion.denoiser import Denoiser
    from pomonag.diffusion.samplers import log_linear_sigmas, sample_ancestral
    from pomonag.spaces.encoding import from_network_scale

    encoding = inputs.space().encoding
    with torch.random.fork_rng(devices=[]), torch.inference_mode():
        torch.manual_seed(seed)
        x = sample_ancestral(
            Denoiser(encoding).eval(),
            log_linear_sigmas(10.0, 0.1, 20),
            (encoding.num_nodes, encoding.num_operations),
            seeds=range(COUNT),
        )
    return _decoded(from_network_scale(x))


def untrained_reference(dataset: str, seed: int) -> Generated:
    """Reference mode's network with random weights, unguided."""
    import torch

    from pomonag.reference.generator import generate
    from pomonag.reference.score_network import ScoreNetwork
    from pomonag.reference.spaces import reference_space

    reference = reference_space("nb201")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = ScoreNetwork(reference)
    return _decoded(generate(network, (), reference, count=COUNT, seed=seed, steps=REFERENCE_STEPS))


def _decoded(x: Any) -> Generated:
    from pomonag.spaces.encoding import Invalid

    decoded = inputs.space().encoding.decode(x)
    valid = [item for item in decoded if not isinstance(item, Invalid)]
    distinct = list(dict.fromkeys(map(str, valid)))
    return Generated(len(decoded), len(valid), distinct, np.full(len(distinct), np.nan))


def fresh_fast(dataset: str, seed: int) -> Generated:
    """Fast mode, computed anew each time: for timing."""
    _searched.cache_clear()
    return pomonag_fast(dataset, seed)


def needs(method: str, mode: str, dataset: str, predictors: str = "shipped") -> tuple[Need, ...]:
    """The trained networks that a method reads."""
    if method in ("untrained-decoder", "uniform", "top250"):
        return ()
    return (inputs.checkpoint_need(predictors),)


def settings_of(method: str, mode: str) -> dict[str, Any]:
    """The settings that make a method's configuration."""
    settings: dict[str, Any] = {"mode": mode}
    if method == "diffusionnag":
        settings |= {"guides": ["accuracy"], "factor": DIFFUSIONNAG_FACTOR}
    if mode == "reference":
        settings |= {"steps": REFERENCE_STEPS}
    return settings


def diffusionnag(dataset: str, seed: int, predictors: str = "shipped") -> Generated:
    """Reference mode with DiffusionNAG's single accuracy guide and the paper's constant factor."""
    return _searched(dataset, seed, predictors, None, "reference")


def unguided_fast(dataset: str, seed: int) -> Generated:
    """Fast mode without guides."""
    return _searched(dataset, seed, "shipped", None, "fast")


def unguided_reference(dataset: str, seed: int) -> Generated:
    """Reference mode without guides."""
    return _searched(dataset, seed, "shipped", None, "reference")


def ranking(dataset: str, seed: int, predictors: str) -> tuple[Callable[[Sequence[Any]], np.ndarray], dict[str, str]]:
    """The predictor that ranks denoised architectures on a data set, and the digests of its networks."""
    raise NotImplementedError
