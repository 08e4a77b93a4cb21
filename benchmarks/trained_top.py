"""Acc's best five and the best five of 200 random networks, each trained anew with seeds that neither was chosen by."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from benchmarks import generation, inputs, lite_trainings, trained_fronts
from benchmarks.runs import Outcome, Quantity, Run
from benchmarks.trained_fronts import SPACE, TASK
from pomonag.spaces.encoding import generator_of
from reports.measurements import RunKey

TOP, DRAWS = 5, 200
FRESH_SEEDS = (201, 202, 203, 204, 205)


def runs() -> list[Run]:
    """One run a way of choosing."""
    return [
        _run("pomonag-acc", "fast", _best_predicted, 350.0),
        _run("random-search", f"best-of-{DRAWS}", _best_of_draws, 3000.0),
    ]


def _run(method: str, configuration: str, choose: Callable[[int], Sequence[str]], seconds: float) -> Run:
    return Run(
        key=RunKey("trained-top", method, configuration, SPACE, TASK),
        quantities=(
            Quantity(
                "test_accuracy", "%",
                f"mean over {TOP} networks and {len(FRESH_SEEDS)} fresh seeds of the reduced training on an evaluation "
                "task that no predictor saw", "mean", "trained",
            ),
            Quantity("test_accuracy_best", "%", "the same of the best network, chosen by these trainings", "max",
                     "trained"),
        ),
        compute=functools.partial(_outcome, choose),
        settings={
            "top": TOP, "draws": DRAWS, "seeds": list(FRESH_SEEDS),
            **(generation.settings_of("pomonag", "fast", SPACE) if method == "pomonag-acc" else {}),
        },
        needs=(
            inputs.file_need("images/miniimagenet32.npz"),
            *(generation.needs("pomonag", "fast", TASK, space=SPACE) if method == "pomonag-acc" else ()),
        ),
        estimated_seconds=seconds,
        seed_name=f"trained-fronts-{SPACE}",
    )  # fmt: skip


def _outcome(choose: Callable[[int], Sequence[str]], seed: int) -> Outcome:
    chosen = choose(seed)
    accuracy = lite_trainings.accuracies(SPACE, TASK, chosen, FRESH_SEEDS)
    return Outcome(
        {"test_accuracy": float(accuracy.mean()), "test_accuracy_best": float(accuracy.mean(1).max())},
        {"networks": dict(zip(chosen, accuracy.round(4).tolist()))},
        inputs.digests("shipped", "denoiser", space_name=SPACE),
    )


def _best_predicted(seed: int) -> list[str]:
    return list(trained_fronts.offered(seed)[:TOP])


def _best_of_draws(seed: int) -> list[str]:
    """Uniform in values, each trained once."""
    drawn = dict.fromkeys(map(str, inputs.space(SPACE).sample(2 * DRAWS, generator_of(seed % 2**31))))
    names = list(drawn)[:DRAWS]
    accuracy = lite_trainings.accuracies(SPACE, TASK, names, (100,))[:, 0]
    return [names[i] for i in (-accuracy).argsort(kind="stable")[:TOP]]
