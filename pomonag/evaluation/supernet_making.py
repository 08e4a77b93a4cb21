"""Trains a space's super-network on mini-ImageNet32's training classes, for as long as one says, and goes on later."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from pomonag.data.miniimagenet import FILE, MiniImageNet32
from pomonag.data.sources import data_path
from pomonag.data.tasks import Task, load_task
from pomonag.errors import UserError, unknown_name
from pomonag.evaluation.protocols import lite_protocol
from pomonag.records.checkpoints import load_checkpoint
from pomonag.records.claims import Claims
from pomonag.records.files import atomic_write, file_sha256
from pomonag.records.provenance import provenance
from pomonag.spaces import elastic_space
from pomonag.training.supernet import Progress, SuperNetworkRun
from pomonag.training.supernet_files import save_super_network, weights_file
from pomonag.training.supernet_settings import SuperNetworkTraining
from pomonag.training.trainer import PreparedTask, prepare

# The first steps of a process are slower than those to come.
_TIMED_STEPS, _UNTIMED_STEPS = 8, 2


@dataclass(frozen=True)
class Length:
    """How long to train one super-network: CPU minutes of one thread, or exactly so many epochs."""

    minutes: float | None = None
    epochs: int | None = None

    def __post_init__(self) -> None:
        given = [value for value in (self.minutes, self.epochs) if value is not None]
        if len(given) != 1 or not given[0] > 0:
            raise UserError(f"got {self.minutes} minutes and {self.epochs} epochs; expected one of them, above 0")


def parts_of(space_name: str, part: str | None = None) -> tuple[str, ...]:
    """The super-networks of a space, or the one named. UserError for a name or a space that has none."""
    known: tuple[str, ...] = elastic_space(space_name).super_networks
    if part is None:
        return known
    if part not in known:
        raise unknown_name(f"super-network of {space_name}", part, known)
    return (part,)


def make_super_network(
    space_name: str,
    part: str,
    folder: Path,
    length: Length,
    seed: int = 0,
    data_dir: str | os.PathLike[str] | None = None,
    report: Callable[[Progress], None] = lambda progress: None,
) -> dict[str, Any]:
    """Train, or go on with, what the folder holds; returns the header of the weights that were written.

    With minutes the number of epochs is settled by timing the first steps, once, and kept in the folder: from there on
    the training is the same whatever interrupts it. What is trained already is left as it is. Raises UserError when
    the images are missing, when the folder is of other settings, and when another process trains there.
    """
    with Claims(folder).claim(part) as mine:
        if not mine:
            raise UserError(f"another process trains {part} in {folder}; wait for it, or give another folder")
        pool = MiniImageNet32(data_dir)
        classes = pool.training_classes
        recipe = lite_protocol(space_name).recipe
        images = prepare(load_task(Task("all training classes", classes, False, 0, pool.name), pool=pool), recipe)
        draft = SuperNetworkTraining(
            space_name, part, lite_protocol(space_name).reduced, recipe, pool.name, classes, seed=seed
        )
        settings = _settled(draft, images, folder, length)
        file = weights_file(folder, part)
        if file.exists():
            header = load_checkpoint(file)[1]
            if header.get("settings_hash") != settings.hash:
                raise UserError(f"{file} was trained with other settings; give another folder")
            return header
        run = SuperNetworkRun(settings, images, folder / f"{part}.training.pt")
        run.run(_logging(folder / f"{part}.log", report))
        source = {"source": FILE, "sha256": file_sha256(data_path(FILE, data_dir)), "trained_on": len(images.train)}
        save_super_network(file, run, {"images": source, "provenance": provenance()})
        run.checkpoint.unlink()
        return load_checkpoint(file)[1]


def _settled(draft: SuperNetworkTraining, images: PreparedTask, folder: Path, length: Length) -> SuperNetworkTraining:
    """The settings with the number of epochs that the folder's first start settled, or that this one does."""
    path = folder / f"{draft.part}.settings.json"
    if path.exists():
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            settled = replace(draft, recipe=replace(draft.recipe, epochs=kept["epochs"]))
            asked, hashed = (kept["minutes"], kept["asked_epochs"]), kept["hash"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(f"cannot read {path} ({error!r}); give another folder, or delete it to start") from error
        if asked != (length.minutes, length.epochs) or hashed != settled.hash:
            raise UserError(
                f"{folder} is of a training of {draft.part} with other settings ({path.name} has {kept}); "
                "give the same ones to go on, or another folder"
            )
        return settled
    epochs = length.epochs
    if epochs is None:
        assert length.minutes is not None
        epochs = max(1, round(60 * length.minutes / _seconds_an_epoch(draft, images)))
    settled = replace(draft, recipe=replace(draft.recipe, epochs=epochs))
    kept = {"minutes": length.minutes, "asked_epochs": length.epochs, "epochs": epochs, "hash": settled.hash}
    with atomic_write(path, "w") as file:
        file.write(json.dumps(kept) + "\n")
    return settled


def _seconds_an_epoch(draft: SuperNetworkTraining, images: PreparedTask) -> float:
    """CPU seconds, by the first steps of a training that is thrown away."""
    run = SuperNetworkRun(draft, images, Path(os.devnull) / "none")
    seconds = []
    for _ in range(_UNTIMED_STEPS + _TIMED_STEPS):
        started = time.thread_time()
        run.advance()
        seconds.append(time.thread_time() - started)
    return run.steps_an_epoch * median(seconds[_UNTIMED_STEPS:])


def _logging(path: Path, report: Callable[[Progress], None]) -> Callable[[Progress], None]:
    """Also writes each point of the curve into a text file, one line a point."""

    def tell(progress: Progress) -> None:
        if progress.point is not None:
            numbers = " ".join(f"{name} {value:.4g}" for name, value in progress.point.items())
            with path.open("a", encoding="utf-8") as file:
                file.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S')} of {progress.steps} steps: {numbers}\n")
        report(progress)

    return tell
