"""The choices behind fast mode, measured: what the denoiser predicts, and which sampler takes how many steps."""

from __future__ import annotations

import functools
import time
from dataclasses import asdict, replace

from benchmarks import generation, inputs
from benchmarks.runs import Outcome, Quantity, Run
from reports.measurements import RunKey

PARAMETRISATIONS = ("categorical", "score")
# Sampler and steps; Heun calls the networks twice a step.
SAMPLERS = (
    ("ancestral", 20),
    ("euler", 20),
    ("heun", 10),
    ("dpm_solver_pp_2m", 20),
    ("ancestral", 10),
    ("ancestral", 40),
)
COUNT = 256
_VALIDITY_SAMPLES = 4096


def runs() -> list[Run]:
    """Both parametrisations, and the samplers under the shipped guides."""
    return [*map(_denoiser, PARAMETRISATIONS), *(_sampler(*pair) for pair in SAMPLERS)]


def sampler_configuration(sampler: str, steps: int) -> str:
    """`dpm-solver-pp-2m-20-steps`."""
    return f"{sampler.replace('_', '-')}-{steps}-steps"


def _denoiser(parametrisation: str) -> Run:
    from pomonag.diffusion.denoiser_training import DenoiserTraining

    training = asdict(DenoiserTraining())
    return Run(
        key=RunKey("parts", "denoiser", parametrisation, "nb201", "unguided"),
        quantities=(
            Quantity(
                "validity", "%", f"valid / {_VALIDITY_SAMPLES} unguided samples of 20 ancestral steps, thresholded"
            ),
            Quantity("training_cpu_seconds", "s", f"CPU seconds of {training['steps']} training steps from nothing"),
        ),
        compute=functools.partial(_trained, parametrisation),
        settings={k: v for k, v in training.items() if k != "seed"},
        estimated_seconds=30.0,
    )


def _trained(parametrisation: str, seed: int) -> Outcome:
    from pomonag.diffusion.denoiser import DenoiserConfig
    from pomonag.diffusion.denoiser_training import DenoiserTraining, train_denoiser, unguided_validity

    cpu = time.process_time()
    config, training = DenoiserConfig(parametrisation=parametrisation), DenoiserTraining(seed=seed % 2**31)
    denoiser, _ = train_denoiser(inputs.space(), config, training)
    seconds = time.process_time() - cpu
    validity = unguided_validity(denoiser, inputs.space(), _VALIDITY_SAMPLES, seed=1)
    return Outcome({"validity": 100 * validity, "training_cpu_seconds": seconds})


def _sampler(sampler: str, steps: int) -> Run:
    return Run(
        key=RunKey("parts", "sampler", sampler_configuration(sampler, steps), "nb201", "cifar10"),
        quantities=(
            Quantity("validity", "%", "valid / 256, four guides, two phases, thresholded"),
            Quantity("uniqueness", "%", "distinct valid / valid"),
            Quantity(
                "predicted_hypervolume", "fraction",
                "mean over params, MACs and predicted latency of the predicted front's normalised hypervolume",
            ),
            Quantity("generation_cpu_seconds", "s", "CPU seconds of both phases"),
        ),
        compute=functools.partial(_sampled, sampler, steps),
        settings={"sampler": sampler, "steps": steps, **generation.settings_of("pomonag", "fast")},
        needs=generation.needs("pomonag", "fast", "cifar10"),
        estimated_seconds=2.0,
        version=2,  # predicted latencies below the fastest measured one
        smoke=True,
    )  # fmt: skip


def _sampled(sampler: str, steps: int, seed: int) -> Outcome:
    import torch

    from pomonag.candidates import generate_phases
    from pomonag.generation import FastBatches
    from pomonag.guidance.factor_files import fast_factors
    from pomonag.guidance.fast import FastSampling
    from pomonag.spaces.encoding import generation_metrics
    from pomonag.tuning import FactorTuning, judge_of

    tuning = FactorTuning(count=COUNT // 2, seed=seed, duplicate_cost=0.0)
    judge = judge_of(inputs.space(), "cifar10", "shipped", tuning)
    batches = judge.generator
    if not isinstance(batches, FastBatches):
        raise TypeError(f"got {type(batches).__name__}; expected the fast mode's batches")
    fast = replace(batches.fast, sampling=FastSampling(sampler, steps))
    judge = replace(judge, generator=replace(batches, fast=fast))
    cpu = time.process_time()
    phases = fast_factors("nb201")
    x = torch.cat([x for _, x in generate_phases(judge.generator, phases, dict.fromkeys(phases, COUNT // 2))])
    seconds = time.process_time() - cpu
    measured = generation_metrics(inputs.space().encoding.decode(x))
    values = {
        "validity": 100 * measured.validity,
        "uniqueness": 100 * measured.uniqueness,
        "predicted_hypervolume": judge(x),
        "generation_cpu_seconds": seconds,
    }
    return Outcome(values, inputs=inputs.digests("shipped", "denoiser"))
