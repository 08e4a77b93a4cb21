"""What the suites read: the tables of the data folder, images, meta-dataset rows, each with its digest."""

from __future__ import annotations

import functools
import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.runs import Need
from pomonag.data.image_datasets import ImageDataset, load_images
from pomonag.data.sources import VARIABLE, DataMissing, data_path
from pomonag.evaluation.device_latency import DeviceLatencies, DeviceLatency
from pomonag.evaluation.tabular import AccuracyTable
from pomonag.meta_dataset.schema import SHIPPED as SHIPPED_ROWS
from pomonag.meta_dataset.schema import meta_dataset, shard_paths
from pomonag.predictors.predictor_set import CHECKPOINTS
from pomonag.spaces import search_space
from reports.paper_figures.datasets import PAPER_DATASETS

DATASETS = ("cifar10", "cifar100")
DEVICES = ("pixel3", "raspi4", "1080ti_1")
CLASSES = {"cifar10": 10, "cifar100": 100, "digits": 10}

_TABLE, _LATENCIES = "nasbench201/accuracies.csv.gz", "nasbench201/latency_help.csv.gz"
_RELEASED_ROWS = "meta_dataset_nb201/train.csv.gz"


def file_need(name: str) -> Need:
    """A file of the data folder."""

    def missing() -> str | None:
        try:
            data_path(name)
        except DataMissing as error:
            return str(error)
        return None

    return Need(name, missing)


TABLE, LATENCIES, RELEASED_ROWS = file_need(_TABLE), file_need(_LATENCIES), file_need(_RELEASED_ROWS)


def images_need(dataset: str) -> tuple[Need, ...]:
    """The images of a data set; digits come with scikit-learn."""
    if dataset == "digits":
        return ()
    return (file_need(f"images/{dataset}_subset.npz") if dataset in DATASETS else _own_images_need(dataset),)


def _own_images_need(dataset: str) -> Need:
    def missing() -> str | None:
        try:
            own_images_path(dataset)
        except DataMissing as error:
            return str(error)
        return None

    return Need(f"images/{dataset}", missing)


def own_images_path(dataset: str) -> Path:
    """The images of one of the paper's other data sets, a file or a folder. DataMissing says where to put them."""
    folder = os.environ.get(VARIABLE)
    for name in (f"{dataset}.npz", dataset):
        if folder and (path := Path(folder).expanduser() / "images" / name).exists():
            return path
    found = next(d for d in PAPER_DATASETS if d.id == dataset)
    raise DataMissing(f"There are no images of {found.label} here. {found.remedy}")


def checkpoint_need(name: str, space_name: str = "nb201") -> Need:
    """Trained networks that ship with the package: a file of the space's checkpoints, without its ending."""

    def missing() -> str | None:
        if _checkpoint(name, space_name).is_file():
            return None
        return f"The trained networks {name} of {space_name} are not there: `pomonag train` makes them."

    return Need(name, missing)


def _checkpoint(name: str, space_name: str) -> Path:
    return CHECKPOINTS / space_name / f"{name}.safetensors"


def space(name: str = "nb201") -> Any:
    """A search space; NAS-Bench-201, the default, can also be listed whole."""
    return search_space(name)


@functools.cache
def accuracies() -> AccuracyTable:
    """The benchmark's accuracies."""
    return AccuracyTable(space=space())


@functools.cache
def _latencies() -> DeviceLatencies:
    return DeviceLatencies(space=space())


@functools.cache
def latency(device: str) -> DeviceLatency:
    """One device's latencies."""
    return _latencies()[device]


def images(dataset: str, seed: int) -> ImageDataset:
    """Training images of a data set: all of them where they are few, so that each run draws its own; else the draw."""
    if dataset in (*DATASETS, "digits"):
        return _all_images(dataset)
    return load_images(own_images_path(dataset), seed=seed)


@functools.cache
def _all_images(dataset: str) -> ImageDataset:
    return load_images(
        dataset if dataset == "digits" else data_path(f"images/{dataset}_subset.npz"), samples_per_class=None
    )


@functools.cache
def lite_architectures(space_name: str = "nb201") -> frozenset[str]:
    """Distinct architectures of the shipped meta-dataset's training tasks: what novelty is counted against."""
    rows = meta_dataset(space_name)
    return frozenset(rows.loc[rows["task"].str.startswith("train"), "architecture"])


@functools.cache
def released_architectures() -> frozenset[str]:
    """Distinct architectures of the training rows behind DiffusionNAG's released predictor."""
    return frozenset(pd.read_csv(data_path(_RELEASED_ROWS))["arch_str"])


@functools.cache
def costs(dataset: str) -> tuple[np.ndarray, np.ndarray]:
    """Exact params and MACs of the whole space, in the order of `enumerate()`."""
    found = space().cost(space().enumerate(), classes=CLASSES[dataset])
    return found.params, found.macs


def digests(*names: str, space_name: str = "nb201") -> dict[str, str]:
    """Short SHA-256 digests of what a run read: `rows` of the meta-dataset, checkpoints, files of the data folder."""
    return {name: digest_of(tuple(files)) for name in names if (files := _files(name, space_name))}


def _files(name: str, space_name: str) -> list[Path]:
    if name == "rows":
        return shard_paths(SHIPPED_ROWS / space_name)
    for checkpoint in (_checkpoint(f"{name}/predictors", space_name), _checkpoint(name, space_name)):
        if checkpoint.is_file():
            return [checkpoint]
    return [data_path(name)]


@functools.cache
def digest_of(files: tuple[Path, ...]) -> str:
    """A short SHA-256 of the content of all these files, in their order."""
    content = hashlib.sha256()
    for file in files:
        content.update(file.read_bytes())
    return content.hexdigest()[:12]


def positions(architectures: list[Any]) -> np.ndarray:
    """Places of architectures, objects or strings, in the order of `enumerate()`."""
    parsed = [space().parse(a) if isinstance(a, str) else a for a in architectures]
    return space().positions(parsed)
