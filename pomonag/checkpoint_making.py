"""Makes the checkpoints that ship: trains, measures what was trained, writes it with where it came from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from pomonag.diffusion.denoiser import DenoiserConfig
from pomonag.diffusion.denoiser_training import DenoiserTraining, train_denoiser, unguided_validity
from pomonag.errors import unknown_name
from pomonag.predictors.predictor_set import save_predictor_set
from pomonag.predictors.set_training import train_predictor_set
from pomonag.records.checkpoints import save_checkpoint
from pomonag.records.provenance import provenance
from pomonag.reference.lite_training import DIRECTIONS, train_lite_predictors, train_lite_score, unfinished
from pomonag.reference.predictor_training import LITE_PREDICTOR
from pomonag.reference.spaces import ReferenceSpace
from pomonag.reference.training import LITE_SCORE
from pomonag.reference.training_loop import terminal_progress
from pomonag.spaces.search_space import SearchSpace

VALIDITY_SAMPLES = 1000
Tell = Callable[[str, int, int, float], None]
"""Called now and then with what is trained, its steps, the steps done, and the loss."""


@dataclass(frozen=True)
class Made:
    """A checkpoint that was written, and its header."""

    path: Path
    header: dict[str, Any]


def make_denoiser(
    space: SearchSpace,
    out: Path,
    tell: Tell,
    config: DenoiserConfig | None = None,
    training: DenoiserTraining | None = None,
) -> Made:
    """Train the fast mode's denoiser of a space into `out`/<space>/denoiser.safetensors."""
    config, training = config or DenoiserConfig(), training or DenoiserTraining()
    denoiser, took = train_denoiser(
        space, config, training, lambda step, steps, loss: tell("denoiser", steps, step, loss)
    )
    header = {
        "config": asdict(config),
        "training": asdict(training),
        "took": took,
        "validity": unguided_validity(denoiser, space, VALIDITY_SAMPLES, seed=1),
        "provenance": provenance(),
    }
    path = out / space.name / "denoiser.safetensors"
    save_checkpoint(path, denoiser.state_dict(), header)
    return Made(path, header)


def make_predictors(space: SearchSpace, set_name: str, out: Path, tell: Tell) -> Made:
    """Train a checkpoint set of the fast mode's predictors into `out`/<space>/<set>; DataMissing without its labels."""
    trained = train_predictor_set(
        space, set_name, progress=lambda step, steps, loss: tell(f"predictors {set_name}", steps, step, loss)
    )
    folder = out / space.name / set_name
    save_predictor_set(trained, folder)
    return Made(folder, trained.header)


def make_reference(settings: ReferenceSpace, parts: Sequence[str], out: Path) -> list[Path]:
    """Train the reference mode's score network and predictors, or only `parts`, resuming what was stopped."""
    known = ("score", *DIRECTIONS)
    for part in parts:
        if part not in known:
            raise unknown_name("part of the reference mode", part, known)
    wanted = tuple(parts) or known
    stopped = out / "unfinished"
    stopped.mkdir(parents=True, exist_ok=True)
    made = []
    if "score" in wanted:
        schedule = replace(LITE_SCORE, steps=settings.lite_steps)
        with terminal_progress("score", schedule.steps) as report:
            made.append(
                train_lite_score(
                    settings, out, schedule=schedule, checkpoint=unfinished(settings, "score", stopped), report=report
                )
            )
    for objective in wanted:
        if objective == "score":
            continue
        with terminal_progress(objective, LITE_PREDICTOR.steps) as report:
            made += train_lite_predictors(
                settings, out, objectives=(objective,), checkpoint_folder=stopped, report=partial(_same, report)
            )
    return made


def _same(report: Callable[[int, float], None], objective: str) -> Callable[[int, float], None]:
    return report
