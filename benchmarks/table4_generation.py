"""Table 4: validity, uniqueness, novelty of 256 generated architectures, three runs, both spaces."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks import generation, inputs
from benchmarks.generation import Generated
from benchmarks.runs import Need, Outcome, Quantity, Run
from pomonag.records.seeds import seed_of
from pomonag.spaces.encoding import generator_of
from reports.measurements import RunKey

COUNT = 256
_PROTOCOL = "256 samples a run; last denoised mean thresholded at 0.5, no repair"
QUANTITIES = (
    Quantity("validity", "%", f"valid / generated; {_PROTOCOL}"),
    Quantity("uniqueness", "%", f"distinct valid / valid, by architecture string; {_PROTOCOL}"),
    Quantity("uniqueness_by_class", "%", f"isomorphism classes / valid; {_PROTOCOL}"),
    Quantity(
        "novelty", "%",
        "distinct valid outside the distinct architectures of the shipped lite meta-dataset's training tasks / "
        f"distinct valid; {_PROTOCOL}",
    ),
    Quantity(
        "novelty_released", "%",
        "distinct valid outside the distinct architectures of the 4,230 rows behind DiffusionNAG's released predictor "
        f"/ distinct valid; {_PROTOCOL}",
    ),
)  # fmt: skip
VALIDITY_ONLY = QUANTITIES[:1]
# The novelty against the released rows needs their file; without it the other columns can be measured.
WITHOUT_RELEASED = QUANTITIES[:4]
# A MobileNetV3 network is alone in its class, and there are no released rows.
DISTINCT_NETWORKS = (*QUANTITIES[:2], QUANTITIES[3])


def runs() -> list[Run]:
    """The rows of the table."""
    return [
        _run("pomonag", "fast", generation.pomonag_fast, 4.0, smoke=True),
        _run("pomonag", "fast", generation.pomonag_fast, 4.0, smoke=True, dataset="digits"),
        _run("pomonag", "reference", generation.pomonag_reference, 900.0),
        _run("diffusionnag", "reference", generation.diffusionnag, 600.0),
        _run("unguided", "fast", generation.unguided_fast, 3.0, smoke=True),
        _run("unguided", "reference", generation.unguided_reference, 300.0),
        _drawn("uniform", uniform),
        _drawn("top250", top_250, inputs.TABLE),
        _run("untrained-decoder", "fast", generation.untrained_fast, 3.0, smoke=True, quantities=VALIDITY_ONLY),
        _run("untrained-decoder", "reference", generation.untrained_reference, 300.0, quantities=VALIDITY_ONLY),
        _run("pomonag", "fast", generation.pomonag_fast, 4.0, smoke=True, space="mbv3"),
        _run("pomonag", "fast", generation.pomonag_fast, 4.0, smoke=True, dataset="digits", space="mbv3"),
        _run("pomonag", "reference", generation.pomonag_reference, 4000.0, space="mbv3"),
        _run("diffusionnag", "reference", generation.diffusionnag, 2500.0, space="mbv3"),
        _run("unguided", "fast", generation.unguided_fast, 3.0, smoke=True, space="mbv3"),
        _run("unguided", "reference", generation.unguided_reference, 1000.0, space="mbv3"),
        _run(
            "untrained-decoder", "fast", generation.untrained_fast, 3.0,
            smoke=True, quantities=VALIDITY_ONLY, space="mbv3",
        ),
    ]  # fmt: skip


def _run(
    method: str,
    configuration: str,
    generate: Callable[..., Generated],
    seconds: float,
    *,
    smoke: bool = False,
    dataset: str = "mean-over-runs",
    quantities: tuple[Quantity, ...] = QUANTITIES,
    space: str = "nb201",
) -> Run:
    # The paper does not name the data set behind its three runs.
    images = "cifar10" if dataset == "mean-over-runs" else dataset
    guided = method in ("pomonag", "diffusionnag")
    if quantities is QUANTITIES and space != "nb201":
        quantities = DISTINCT_NETWORKS
    elif dataset == "digits":
        quantities = WITHOUT_RELEASED
    released = (inputs.RELEASED_ROWS,) if QUANTITIES[4] in quantities else ()
    return Run(
        key=RunKey("4", method, configuration, space, dataset),
        quantities=quantities,
        compute=functools.partial(_generation_metrics, generate, images, quantities, space),
        settings={
            "count": COUNT,
            "images": images if guided else None,
            **generation.settings_of(method, configuration, space),
        },
        needs=(
            # Unguided sets are ranked, too, for which the images are embedded.
            *(() if method == "untrained-decoder" else inputs.images_need(images)),
            *released,
            *generation.needs(method, configuration, images, space=space),
        ),
        estimated_seconds=seconds,
        smoke=smoke,
        seed_name=f"generation-{images}",
    )


def _drawn(method: str, draw: Callable[[int], Sequence[Any]], *needs: Need) -> Run:
    return Run(
        key=RunKey("4", method, "draws", "nb201", "mean-over-runs"),
        quantities=QUANTITIES,
        compute=lambda seed: _outcome(Generated.of_draws(draw(seed)), QUANTITIES),
        settings={"count": COUNT, "draws": "uniform with replacement"},
        needs=(inputs.RELEASED_ROWS, *needs),
        estimated_seconds=1.0,
        smoke=True,
    )


def _generation_metrics(
    generate: Callable[..., Generated], images: str, quantities: Sequence[Quantity], space: str, seed: int
) -> Outcome:
    return _outcome(generate(images, seed, space=space), quantities, space)


def _outcome(generated: Generated, quantities: Sequence[Quantity], space: str = "nb201") -> Outcome:
    values = metrics(generated, [q.metric for q in quantities], space)
    read = ["rows", "meta_dataset_nb201/train.csv.gz"] if "novelty_released" in values else ["rows"]
    details = {"seconds": generated.seconds, "predictor_calls": generated.predictor_calls, "invalid": generated.invalid}
    return Outcome(values, details, {**inputs.digests(*read, space_name=space), **generated.inputs})


def metrics(generated: Generated, wanted: Sequence[str], space: str = "nb201") -> Mapping[str, float]:
    """The table's metrics in percent; nan where a denominator is zero."""
    distinct = set(generated.architectures)
    compute = {
        "validity": lambda: share(generated.valid, generated.count),
        "uniqueness": lambda: share(len(distinct), generated.valid),
        "uniqueness_by_class": lambda: share(len(classes(distinct)), generated.valid),
        "novelty": lambda: share(len(distinct - inputs.lite_architectures(space)), len(distinct)),
        "novelty_released": lambda: share(len(distinct - inputs.released_architectures()), len(distinct)),
    }
    return {name: compute[name]() for name in wanted}


def classes(architectures: set[str]) -> set[str]:
    """Their isomorphism classes."""
    space = inputs.space()
    return {space.equivalence_key(space.parse(text)) for text in architectures}


def share(part: int, whole: int) -> float:
    """Percent; nan of nothing."""
    return 100.0 * part / whole if whole else float("nan")


def uniform(seed: int) -> list[Any]:
    """256 uniform draws."""
    return inputs.space().sample(COUNT, generator_of(seed))


def top_250(seed: int, count: int = COUNT) -> list[Any]:
    """Draws from the 250 best by the mean of the table's 200-epoch columns: two of the paper's three data sets."""
    from baselines.searcher import Problem
    from baselines.top250 import Top250

    problem = Problem(inputs.space(), known_accuracy=inputs.accuracies().mean_over_datasets())
    return list(Top250(problem, seed=seed_of("top250", seed)).generate("all", count).architectures)
