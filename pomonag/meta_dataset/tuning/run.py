"""Tunes the training pipeline of a space: Optuna's TPE and Hyperband, a study for each of some pairs (App. D)."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pomonag.data.miniimagenet import MiniImageNet32
from pomonag.data.splits import LITE
from pomonag.errors import UserError
from pomonag.execution.executor import ProcessExecutor
from pomonag.execution.study_journal import waiting_for
from pomonag.meta_dataset.tuning.objective import Objective, TrainingObjective
from pomonag.meta_dataset.tuning.outcome import Outcome, write_outcome
from pomonag.meta_dataset.tuning.plots import write_plots
from pomonag.meta_dataset.tuning.profile import TASKS, Pair, TuningProfile, drawn_pairs, tuning_profile
from pomonag.meta_dataset.tuning.recipes import TrainOnce, accuracies, missing
from pomonag.meta_dataset.tuning.summary import summary
from pomonag.meta_dataset.tuning.trials import OneTrial, finished, recipe_studies, studies
from pomonag.records.claims import Claims
from pomonag.records.files import atomic_write
from pomonag.records.provenance import provenance
from pomonag.spaces import search_space

SETTINGS = "settings.json"
OUTCOME = "outcome.json"
_OTHERS_PAUSE = 0.5  # seconds

Progress = Callable[[int, int], None]
"""Told how many trials of how many are finished."""


@dataclass(frozen=True)
class PipelineTuning:
    """`steps` trials for each of `pairs` pairs of architecture and task, drawn by `seed`."""

    space: str = "nb201"
    profile: str = "lite"
    steps: int = 50
    pairs: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps < 1 or not 1 <= self.pairs <= TASKS:
            raise UserError(f"got {self.steps} steps and {self.pairs} pairs; expected at least 1, and 1 to {TASKS}")
        tuning_profile(search_space(self.space), self.profile)


def tune_pipelines(
    config: PipelineTuning,
    out: str | os.PathLike[str],
    *,
    workers: int | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    objective: Objective | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Runs what is missing of the trials and writes `outcome.json` and two plots into `out`.

    Every finished trial is in the folder's journal, so the same call goes on where the last one ended, whatever ended
    it; more `steps` go on from fewer. Several may work in one folder. `objective` replaces the real training. Raises
    UserError for a folder of another tuning, images that are not there, and trials that fail.
    """
    started = time.perf_counter()
    space = search_space(config.space)
    profile = tuning_profile(space, config.profile)
    pairs = tuple(drawn_pairs(space, config.pairs, config.seed))
    if objective is None:
        # Found by each trial instead, damage would make every one a failed trial.
        MiniImageNet32(data_dir).prepare((), LITE)
        objective = TrainingObjective(profile, os.fspath(data_dir) if data_dir is not None else None)
    folder = Path(out).resolve()
    _settle(folder, config, profile, pairs)
    executor = ProcessExecutor(workers)
    _finish_trials(OneTrial(folder, profile, pairs, config.steps, config.seed, objective), executor, progress)
    found = [finished(study) for study in studies(folder, profile, config.pairs)]
    outcome = summary(profile, pairs, found)
    recipes = {"combined": outcome["combined"], "table_8": outcome["table_8"]}
    once = TrainOnce(folder, profile, pairs, config.seed, objective)
    kept = recipe_studies(folder, profile, config.pairs)
    for result in executor.map(once, missing(kept, list(recipes.values()))):
        _check(result.error, folder)
    spent = [trial.user_attrs for trials in found for trial in trials]
    outcome |= {
        "tuning": dataclasses.asdict(config),
        "recipes": {name: accuracies(kept, chosen) for name, chosen in recipes.items()},
        "trial_seconds": round(sum(attrs["seconds"] for attrs in spent), 1),
        "trial_cpu_seconds": round(sum(attrs["cpu_seconds"] for attrs in spent), 1),
        "seconds": round(time.perf_counter() - started, 1),
        "provenance": provenance(),
    }
    write_outcome(outcome, folder / OUTCOME)
    write_plots(outcome, folder)
    return outcome


def _finish_trials(work: OneTrial, executor: ProcessExecutor, progress: Progress | None) -> None:
    total = work.steps * len(work.pairs)
    while True:
        counts = [len(finished(study)) for study in studies(work.folder, work.profile, len(work.pairs))]
        done = sum(min(count, work.steps) for count in counts)
        if progress is not None:
            progress(done, total)
        if done == total:
            return
        ran = 0
        for result in executor.map(work, range(total - done)):
            _check(result.error, work.folder)
            ran += bool(result.value)
            if progress is not None:
                progress(min(done + ran, total), total)
        if not ran:
            time.sleep(_OTHERS_PAUSE)


def _check(error: str | None, folder: Path) -> None:
    if error is not None:
        raise UserError(
            f"a trial failed: {error}. What is finished is kept in {folder}: mend the cause and give the same command."
        )


def _settle(folder: Path, config: PipelineTuning, profile: TuningProfile, pairs: tuple[Pair, ...]) -> None:
    """Writes what the folder's tuning is of, or compares it. More steps than before are the same tuning."""
    asked: dict[str, Any] = {
        **{name: value for name, value in dataclasses.asdict(config).items() if name != "steps"},
        "trained": profile.settings,
        "drawn": [dataclasses.asdict(pair) for pair in pairs],
    }
    asked = json.loads(json.dumps(asked))
    path = folder / SETTINGS
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write to {folder}: {error.strerror}; give a writable folder with --out") from error
    with waiting_for(Claims(folder), "settings"):
        if not path.exists():
            with atomic_write(path, "w") as file:
                file.write(json.dumps(asked, indent=1) + "\n")
            return
        try:
            there = json.loads(path.read_text(encoding="utf-8"))
            differing = [name for name in asked if there.get(name) != asked[name]]
        except (OSError, ValueError, AttributeError) as error:
            raise UserError(f"{path} is damaged ({error}): give another folder with --out") from error
    if differing:
        name = differing[0]
        was, now = (f" ({there.get(name)})", f" ({asked[name]})") if name not in ("trained", "drawn") else ("", "")
        raise UserError(
            f"{folder} is of a tuning with another {name}{was}, not what was asked for{now}: give another folder with "
            "--out, or the settings of before"
        )
