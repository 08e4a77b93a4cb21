"""Generated sets of every method, in one form; what two tables share is generated once a process."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import inputs
from benchmarks.device import computing_device
from benchmarks.runs import Need
from pomonag.guidance.factor_files import fast_factors
from pomonag.guidance.guide import ScalingFactors
from pomonag.guidance.stretching import DIFFUSIONNAG_FACTORS, PAPER_FACTORS

if TYPE_CHECKING:
    from torch import Tensor

COUNT = 256
FAST_STEPS = 20
# 256 guided over 20 steps and ranked once: the calls that the peers of fast mode get.
FAST_PREDICTOR_CALLS = COUNT * FAST_STEPS + COUNT
REFERENCE_STEPS = 1000


def checkpoint_sets(dataset: str) -> dict[str, str]:
    """The sets that the report judges by a data set's table, by configuration: none of them saw that table."""
    return {
        "leave-one-out": f"without_{dataset}",
        "lite-rows": "lite_rows",
        "training-free": "training_free",
        "own-measurements": "own_measurements",
        "params-only": "params_only",
    }


_SINGLE_GUIDE = {"single guide": DIFFUSIONNAG_FACTORS}


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
    def of_draws(cls, architectures: Sequence[Any], count: int | None = None) -> Generated:
        """A set of valid architectures, of `count` that were drawn or generated (by default all of them)."""
        distinct = list(dict.fromkeys(map(str, architectures)))
        return cls(count or len(architectures), len(architectures), distinct, np.full(len(distinct), np.nan))

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


def pomonag_fast(
    dataset: str, seed: int, predictors: str = "shipped", device: str | None = None, space: str = "nb201"
) -> Generated:
    """Fast mode, four guides, two phases; `device` is the one whose latency guides."""
    return _searched(dataset, seed, predictors, device, "fast", "default", space)


def pomonag_reference(dataset: str, seed: int, predictors: str = "shipped", space: str = "nb201") -> Generated:
    """Reference mode with the paper's factors, two phases."""
    return _searched(dataset, seed, predictors, None, "reference", "default", space)


def pomonag_with(denoiser: Any, dataset: str, seed: int, predictors: str) -> Generated:
    """Fast mode on nb201 with another denoiser than the one that ships."""
    given = embedding(dataset, seed)
    result = _result(given, seed, predictors, None, "fast", "default", "nb201", denoiser)
    return Generated.of_result(result, COUNT, inputs.digests(predictors))


def diffusionnag(dataset: str, seed: int, predictors: str = "shipped", space: str = "nb201") -> Generated:
    """Reference mode with DiffusionNAG's single accuracy guide and the paper's constant factor."""
    return _searched(dataset, seed, predictors, None, "reference", "single guide", space)


def unguided_fast(dataset: str, seed: int, space: str = "nb201") -> Generated:
    """Fast mode without guides."""
    return _searched(dataset, seed, "shipped", None, "fast", "unguided", space)


def unguided_reference(dataset: str, seed: int, space: str = "nb201") -> Generated:
    """Reference mode without guides."""
    return _searched(dataset, seed, "shipped", None, "reference", "unguided", space)


def fresh_fast(embedding: Tensor, seed: int, space: str = "nb201") -> Generated:
    """Fast mode, computed anew each time: for timing."""
    return _search(embedding, seed, "shipped", None, "fast", "default", space)


@functools.cache
def _searched(
    dataset: str, seed: int, predictors: str, device: str | None, mode: str, guides: str, space: str
) -> Generated:
    return _search(embedding(dataset, seed), seed, predictors, device, mode, guides, space)


def _search(
    given: Tensor, seed: int, predictors: str, device: str | None, mode: str, guides: str, space: str
) -> Generated:
    result = _result(given, seed, predictors, device, mode, guides, space)
    networks = (
        ["denoiser"] if mode == "fast" else _reference_names(space, _encoding(space, guides), "score", "accuracy")
    )
    return Generated.of_result(result, COUNT, inputs.digests(predictors, *networks, space_name=space))


def _result(
    given: Tensor,
    seed: int,
    predictors: str,
    device: str | None,
    mode: str,
    guides: str,
    space: str,
    denoiser: Any = None,
) -> Mapping[str, Any]:
    from pomonag.search import search

    factors = {"default": "default", "single guide": _SINGLE_GUIDE, "unguided": None}[guides]
    return search(
        inputs.space(space), given, count=COUNT, seed=seed, mode=mode, device_latency=device, factors=factors,
        predictors=predictors, measure=False, denoiser=denoiser, device=computing_device(),
        encoding=_encoding(space, guides),
    ).to_json()  # fmt: skip


def _encoding(space: str, guides: str) -> str | None:
    """DiffusionNAG's own matrices for its single guide, the space's for all else."""
    from pomonag.reference.spaces import reference_space

    return reference_space(space).encoding if guides == "single guide" else None


@functools.cache
def embedding(dataset: str, seed: int) -> Tensor:
    """The data set as the encoder sees it, 20 images a class drawn by `seed`: [classes, 20, features]."""
    from pomonag.predictors.dataset_encoder import dataset_encoder

    data = inputs.images(dataset, seed)
    return dataset_encoder().embed(data.images, data.labels, seed=seed)


def ranking(dataset: str, seed: int, predictors: str) -> tuple[Callable[[Sequence[Any]], np.ndarray], dict[str, str]]:
    """The predictor that ranks denoised architectures on a data set (percent), and the digest of its networks."""
    from pomonag.predictors.predictor_set import load_predictor_set

    known, given = load_predictor_set(inputs.space(), predictors), embedding(dataset, seed)
    protocol = known.protocols[0]
    return lambda architectures: known.accuracy(architectures, given, protocol), inputs.digests(predictors)


def untrained_fast(dataset: str, seed: int, space: str = "nb201") -> Generated:
    """Fast mode's denoiser with random weights, unguided: what its decoding makes of noise."""
    import torch

    from pomonag.diffusion.denoiser import Denoiser
    from pomonag.diffusion.samplers import log_linear_sigmas, sample_ancestral
    from pomonag.spaces.encoding import from_network_scale

    encoding = inputs.space(space).encoding
    with torch.random.fork_rng(devices=[]), torch.inference_mode():
        torch.manual_seed(seed)
        x = sample_ancestral(
            Denoiser(encoding).eval(),
            log_linear_sigmas(10.0, 0.1, FAST_STEPS),
            (encoding.num_nodes, encoding.num_operations),
            seeds=range(COUNT),
        )
    return _decoded(from_network_scale(x), space)


def untrained_reference(dataset: str, seed: int, space: str = "nb201") -> Generated:
    """Reference mode's network with random weights, unguided."""
    import torch

    from pomonag.reference.generator import generate
    from pomonag.reference.score_network import ScoreNetwork
    from pomonag.reference.spaces import reference_space

    reference = reference_space(space, inputs.space(space).encoding.name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = ScoreNetwork(reference)
    return _decoded(generate(network, (), reference, count=COUNT, seed=seed, steps=REFERENCE_STEPS), space)


def _decoded(x: Any, space: str) -> Generated:
    from pomonag.spaces.encoding import Invalid

    decoded = inputs.space(space).encoding.decode(x)
    return Generated.of_draws([item for item in decoded if not isinstance(item, Invalid)], len(decoded))


def needs(method: str, mode: str, dataset: str, predictors: str = "shipped", space: str = "nb201") -> tuple[Need, ...]:
    """The trained networks that a method reads."""
    if method in ("untrained-decoder", "uniform", "top250"):
        return ()
    names = [f"{predictors}/predictors"]
    if mode == "fast":
        names.append("denoiser")
    else:
        guides = {"pomonag": ("accuracy", "params", "macs", "latency_ms"), "diffusionnag": ("accuracy",)}
        encoding = _encoding(space, "single guide" if method == "diffusionnag" else "default")
        names += _reference_names(space, encoding, "score", *guides.get(method, ()))
    return tuple(inputs.checkpoint_need(name, space) for name in names)


def settings_of(method: str, mode: str, space: str = "nb201") -> dict[str, Any]:
    """The settings that make a method's configuration."""
    settings: dict[str, Any] = {"mode": mode, "steps": FAST_STEPS if mode == "fast" else REFERENCE_STEPS}
    factors: Mapping[str, ScalingFactors] = {}
    if method == "diffusionnag":
        factors = _SINGLE_GUIDE
    elif method.startswith("pomonag"):
        factors = fast_factors(space) if mode == "fast" else PAPER_FACTORS[space]
    if computing_device() != "cpu":
        # Its sums differ a little: another configuration, which shares no mean with what the CPU computed.
        settings["device"] = computing_device()
    settings["factors"] = {phase: asdict(k) for phase, k in factors.items()}
    return settings


def _reference_names(space: str, encoding: str | None, *parts: str) -> list[str]:
    """The checkpoints of reference networks, without their ending."""
    from pomonag.reference.spaces import reference_space

    settings = reference_space(space, encoding or inputs.space(space).encoding.name)
    return [settings.checkpoint(Path(), part).stem for part in parts]
