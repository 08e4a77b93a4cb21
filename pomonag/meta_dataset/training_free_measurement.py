"""Measures training-free scores of many architectures: in other processes, resumable, one record each."""

from __future__ import annotations

import dataclasses
import functools
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from rich.console import Console
from torch import Tensor
from torch.nn import functional as F

from pomonag.data.image_datasets import load_images
from pomonag.data.sources import data_path
from pomonag.errors import UserError
from pomonag.execution.executor import Executor
from pomonag.meta_dataset.progress import RowProgress
from pomonag.meta_dataset.training_free import SCORES, training_free_scores
from pomonag.records.hashes import json_hash
from pomonag.records.record_store import RecordStore
from pomonag.records.seeds import seed_of
from pomonag.spaces import EnumerableSpace, SearchSpace, Skeleton, search_space


@dataclass(frozen=True)
class TrainingFreeProtocol:
    """What the scores depend on.

    `reduced` are settings of the space's skeleton, its resolution among them; `images` a file of the data folder and
    its SHA-256; `seed` settles the batch and the initial weights. docs/training_free.md has the figures behind the
    defaults.
    """

    space: str = "nb201"
    reduced: tuple[tuple[str, int], ...] = (("cells", 2), ("resolution", 8))
    images: str = "images/cifar10_subset.npz"
    batch_size: int = 64
    seed: int = 0
    images_sha256: str = ""
    version: int = 2

    @property
    def hash(self) -> str:
        """Twelve hexadecimal digits that change with any setting."""
        return json_hash(dataclasses.asdict(self))

    def skeleton(self) -> Skeleton:
        """The macro-architecture of the untrained networks. Raises UserError for a setting that the space lacks."""
        kind = search_space(self.space).skeleton_type
        known = _settings(kind)
        if unknown := [name for name, _ in self.reduced if name not in known]:
            raise UserError(f"{self.space} has no skeleton setting {', '.join(unknown)}; it has {', '.join(known)}")
        return kind(**dict(self.reduced))


def _settings(skeleton: type[Skeleton]) -> list[str]:
    return [field.name for field in dataclasses.fields(skeleton)]


def default_reduction(space: SearchSpace) -> tuple[tuple[str, int], ...]:
    """The protocol's default for `reduced`, as far as the space's skeleton has such settings."""
    known = _settings(space.skeleton_type)
    return tuple((name, value) for name, value in TrainingFreeProtocol().reduced if name in known)


def listed_architectures(space: SearchSpace, rows: int | None) -> list[Any]:
    """The first `rows` distinct uniform draws in which a path leads from input to output; None: the whole space.

    More draws continue the list. Raises UserError where there are not that many, or the space cannot be listed whole.
    """
    if rows is None:
        if not isinstance(space, EnumerableSpace):
            raise UserError(f"{space.name} cannot be listed whole; give a number of rows")
        return list(space.enumerate())
    if rows > space.size // 2:
        raise UserError(f"got {rows} random rows of the {space.size} of {space.name}; expected at most half, or all")
    generator = torch.Generator().manual_seed(seed_of("training-free", "architectures", space.name))
    found: dict[Any, None] = {}
    while len(found) < rows:
        (architecture,) = space.sample(1, generator)
        if getattr(architecture, "is_connected", True):
            found[architecture] = None
    return list(found)


def image_batch(protocol: TrainingFreeProtocol) -> tuple[Tensor, Tensor, str]:
    """Random images of the protocol's file, float [b, 3, resolution, resolution]; their labels [b]; its SHA-256 now.

    Normalised by the file's mean and standard deviation of each channel, then averaged down to the resolution.
    """
    path = data_path(protocol.images)
    dataset = load_images(path, samples_per_class=None)
    size, skeleton = protocol.batch_size, protocol.skeleton()
    if not isinstance(dataset.images, np.ndarray) or len(dataset.images) < size:
        raise UserError(f"{path}: expected at least {size} images of one size")
    if len(dataset.classes) > skeleton.classes:
        raise UserError(f"{path} has {len(dataset.classes)} classes, the networks have {skeleton.classes} outputs")
    images = torch.from_numpy(dataset.images).permute(0, 3, 1, 2).float()
    mean, sd = images.mean((0, 2, 3), keepdim=True), images.std((0, 2, 3), keepdim=True)
    generator = torch.Generator().manual_seed(seed_of("training-free", "images", path.name, protocol.seed))
    chosen = torch.randperm(len(images), generator=generator)[:size]
    batch = F.interpolate((images[chosen] - mean) / sd, size=(skeleton.resolution,) * 2, mode="area")
    return batch, torch.from_numpy(dataset.labels)[chosen].long(), dataset.sha256


@dataclass(frozen=True)
class Measure:
    """The record of an architecture's string, in whichever process it runs; None stands for minus infinity."""

    protocol: TrainingFreeProtocol

    @functools.cached_property
    def _batch(self) -> tuple[Tensor, Tensor]:
        images, labels, digest = image_batch(self.protocol)
        if digest != self.protocol.images_sha256:
            raise UserError(f"{self.protocol.images} is another file than at the start; run the command again")
        return images, labels

    def __getstate__(self) -> dict[str, Any]:
        return {"protocol": self.protocol}  # every process loads its images itself

    def __call__(self, architecture: str) -> dict[str, Any]:
        space, (images, labels) = search_space(self.protocol.space), self._batch
        skeleton, seed = self.protocol.skeleton(), self.protocol.seed
        scores = training_free_scores(space, space.parse(architecture), images, labels, skeleton, seed)
        values = {name: value if math.isfinite(value) else None for name, value in vars(scores).items()}
        return {"architecture": architecture, **values, "protocol": self.protocol.hash}


def measure(
    architectures: Sequence[Any],
    protocol: TrainingFreeProtocol,
    store: RecordStore,
    executor: Executor,
    console: Console | None = None,
) -> list[dict[str, Any]]:
    """A record an architecture, in their order; those that `store` holds already are not measured again.

    Each is on disk as soon as it is measured. Raises UserError at the end if any could not be measured.
    """
    log = logging.getLogger(__name__)
    store.prepare()
    records, problems = store.read()
    for problem in problems:
        log.warning("set aside: %s", problem)
    known = {record["architecture"]: record for record in records if record["protocol"] == protocol.hash}
    keys = [str(architecture) for architecture in architectures]
    missing = [key for key in keys if key not in known]
    failures = []
    with RowProgress(len(keys), len(keys) - len(missing), log, console) as progress:
        for result in executor.map(Measure(protocol), missing):
            if result.ok and result.value is not None:
                known[result.item] = result.value
                store.append(result.value)
            else:
                failures.append(f"{result.item}: {result.error}")
            progress.advance(result.ok)
    if failures:
        raise UserError(
            f"{len(failures)} of {len(keys)} architectures could not be measured, the first is {failures[0]}. "
            "The others are kept; the same command tries these again."
        )
    return [known[key] for key in keys]


def as_columns(records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Columns of the records: `architecture`, the scores in single precision, `params`, `cpu_seconds`."""
    columns: dict[str, Any] = {"architecture": [record["architecture"] for record in records]}
    for name in SCORES:
        values = [-math.inf if record[name] is None else record[name] for record in records]
        columns[name] = np.array(values, dtype=np.float32)
    columns["params"] = np.array([record["params"] for record in records], dtype=np.int64)
    columns["cpu_seconds"] = np.array([record["cpu_seconds"] for record in records], dtype=np.float32)
    return columns
