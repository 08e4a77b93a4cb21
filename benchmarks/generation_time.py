"""How long a generation takes: fast mode, reference mode from 20 timed steps, and all costs of the space at once."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from benchmarks import generation, inputs, timing
from benchmarks.runs import Outcome, Quantity, Run
from reports.measurements import RunKey

TIMED_STEPS = 20
ROUNDS = 2
_TIME = "timed alternately in one process, one thread; medians"
_STEP = f"one predictor-corrector step at batch {timing.BATCH}, from {TIMED_STEPS} steps, CPU seconds; {_TIME}"
QUANTITIES = (
    Quantity("fast_generation_seconds", "s", f"256 architectures, four guides, two phases, wall seconds; {_TIME}"),
    Quantity("fast_total_seconds", "s", f"embedding of ten classes, generation, ranking, wall seconds; {_TIME}"),
    Quantity("reference_step_cpu_seconds_one_guide", "s", _STEP),
    Quantity("reference_step_cpu_seconds_four_guides", "s", _STEP),
    Quantity(
        "reference_generation_seconds", "s",
        f"{generation.REFERENCE_STEPS} steps with four guides, scaled from {TIMED_STEPS}, wall seconds; {_TIME}",
    ),
    Quantity("speedup", "x", f"reference generation / fast generation, wall seconds; {_TIME}"),
    Quantity(
        "reference_over_original", "x",
        f"CPU seconds of a step with one guide / the {timing.ORIGINAL_STEP_CPU_SECONDS} of the original code, which "
        "were measured on another day",
    ),
)  # fmt: skip


def runs() -> list[Run]:
    """One run a seed for the generation, one for the costs."""
    return [
        Run(
            key=RunKey("times", "pomonag", "fast-and-reference", "nb201", "cifar10"),
            quantities=tuple(Quantity(q.metric, q.unit, q.protocol, evaluation="measured") for q in QUANTITIES),
            compute=_generation,
            settings={"timed_steps": TIMED_STEPS, "rounds": ROUNDS, "batch": timing.BATCH},
            needs=(*inputs.images_need("cifar10"), *generation.needs("pomonag", "fast", "cifar10")),
            estimated_seconds=120.0,
        ),
        Run(
            key=RunKey("times", "costs", "vectorised", "nb201", "all-15625"),
            quantities=(
                Quantity(
                    "enumeration_ms", "ms", "exact params and MACs of all 15,625, wall, median of 20 calls", "mean",
                    "measured",
                ),
            ),
            compute=_costs,
            settings={"calls": 20},
            smoke=True,
        ),
    ]  # fmt: skip


def _generation(seed: int) -> Outcome:
    from pomonag.predictors.dataset_encoder import dataset_encoder

    data = inputs.images("cifar10", seed)
    encoder = dataset_encoder(cached=False)
    fast_seconds: list[Mapping[str, float]] = []
    embedded: list[timing.Seconds] = []

    def fast() -> None:
        given = generation.embedding("cifar10", seed)
        embedded.append(timing.timed(lambda: encoder.embed(data.images, data.labels, seed=seed)))
        fast_seconds.append(generation.fresh_fast(given, seed).seconds)

    before = timing.load()
    one, four = (timing.reference_generation(TIMED_STEPS, guides) for guides in (1, 4))
    _, one_seconds, four_seconds = timing.interleaved([fast, one, four], ROUNDS)
    counted = fast_seconds[1:]
    generation_seconds = statistics.median(s["generation"] for s in counted)
    reference = timing.median_of(four_seconds, "wall") / TIMED_STEPS * generation.REFERENCE_STEPS
    one_step = timing.median_of(one_seconds) / TIMED_STEPS
    return Outcome(
        {
            "fast_generation_seconds": generation_seconds,
            "fast_total_seconds": statistics.median(e.wall + s["total"] for e, s in zip(embedded[1:], counted)),
            "reference_step_cpu_seconds_one_guide": one_step,
            "reference_step_cpu_seconds_four_guides": timing.median_of(four_seconds) / TIMED_STEPS,
            "reference_generation_seconds": reference,
            "speedup": reference / generation_seconds,
            "reference_over_original": one_step / timing.ORIGINAL_STEP_CPU_SECONDS,
        },
        {"load": [before, timing.load()], "fast": counted, "embedding": [e.wall for e in embedded[1:]]},
        inputs.digests("shipped", "denoiser"),
    )


def _costs(seed: int) -> Outcome:
    architectures = inputs.space().enumerate()
    (seconds,) = timing.interleaved([lambda: inputs.space().cost(architectures, classes=10)], 20)
    return Outcome({"enumeration_ms": 1000 * timing.median_of(seconds, "wall")})
