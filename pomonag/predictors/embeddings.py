"""Embeddings in files: those that ship with the package, and those that a person has computed elsewhere."""

from __future__ import annotations

import hashlib
import io
import json
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pomonag.data.image_datasets import ImageDataset, as_image_dataset
from pomonag.data.sampling import SAMPLES_PER_CLASS, sample_class
from pomonag.errors import UserError, unknown_name
from pomonag.records.files import atomic_write
from pomonag.records.provenance import provenance

if TYPE_CHECKING:
    from torch import Tensor

    from pomonag.data.tasks import Task
    from pomonag.predictors.dataset_encoder import DatasetEncoder

# What the predictors were trained on unless they say otherwise.
SHIPPED_ENCODER = "efficientnet_lite0"
# Whose features of the same data sets ship.
SHIPPED_ENCODERS = (SHIPPED_ENCODER, "tiny")


def shipped_embeddings() -> list[str]:
    """Names that `load_embedding` knows."""
    ending = f"_{SHIPPED_ENCODER}.safetensors"
    return sorted(file.name.removesuffix(ending) for file in _shipped_folder().iterdir() if file.name.endswith(ending))


def load_embedding(name: str, encoder: str = SHIPPED_ENCODER) -> Tensor:
    """Float32 features [classes, 20, features] by that encoder of a data set that ships with the package.

    Classes stand in the order of their labels. 1280 features of EfficientNet-Lite0, 176 of `tiny`.
    """
    known = shipped_embeddings()
    if name not in known:
        raise unknown_name("shipped embedding", name, known)
    if encoder not in SHIPPED_ENCODERS:
        raise unknown_name("encoder with shipped embeddings", encoder, SHIPPED_ENCODERS)
    from safetensors import SafetensorError
    from safetensors.torch import load

    file = _shipped_folder() / f"{name}_{encoder}.safetensors"
    try:
        return load(file.read_bytes())["embedding"].float()
    except (OSError, SafetensorError, KeyError) as error:
        raise UserError(f"{file} is damaged ({error}): reinstall the package, or restore the file") from error


def embed_task(task: Task, encoder: str = SHIPPED_ENCODER) -> Tensor:
    """Float32 features [20, 20, features] of a task made of mini-ImageNet32's classes, without its images.

    Every such task that can be named has one: the images of all 100 classes are embedded.
    """
    if task.pool != "miniimagenet32":
        raise UserError(
            f"no embedding ships for the pool {task.pool} of task {task.name}: load its images and embed them."
        )
    return _miniimagenet32(encoder)[list(task.classes)]  # a list of indices copies


@cache
def _miniimagenet32(encoder: str) -> Tensor:
    """Read once, since hundreds of tasks are made of it; not to be changed."""
    return load_embedding("miniimagenet32", encoder)


def embedding_sha256(embedding: Tensor) -> str:
    """SHA-256 over the shape and the float32 values of an embedding [classes, samples, features]."""
    values = embedding.detach().cpu().float().contiguous().numpy()
    return hashlib.sha256(f"{values.shape}\n".encode() + values.tobytes()).hexdigest()


def write_embedding(data: ImageDataset, encoder: DatasetEncoder, file: Path, seed: int = 0) -> Tensor:
    """Embed `data` and write it in half precision as safetensors, with where it came from as JSON beside it."""
    import torch
    from safetensors.torch import save

    embedding = encoder.embed(data.images, data.labels, seed=seed).to(torch.float16).contiguous()
    origin = {
        "encoder": encoder.identity,
        "shape": list(embedding.shape),
        "seed": seed,
        "images": {"source": Path(data.source).name, "sha256": data.sha256, "classes": list(data.classes)},
        "provenance": provenance(),
    }
    with atomic_write(file) as opened:
        opened.write(save({"embedding": embedding}, metadata={"encoder": encoder.identity}))
    with atomic_write(file.with_suffix(".json"), "w") as opened:
        opened.write(json.dumps(origin, indent=1, ensure_ascii=False) + "\n")
    return embedding


class PrecomputedEncoder:
    """Features that were computed elsewhere, in an .npz or .safetensors file with an array `embedding`.

    The array has the shape [classes, samples, features], with classes in the order of the labels.
    """

    name = "precomputed"
    resolution = 32  # the images are not looked at, so they may stay small

    def __init__(self, file: Path) -> None:
        self._embedding = _read_embedding(file)
        self._file = file
        self.features = self._embedding.shape[2]
        self.identity = f"precomputed {file.name}"

    def embed(self, images: Any, labels: Any, samples_per_class: int = SAMPLES_PER_CLASS, seed: int = 0) -> Tensor:
        import torch

        classes = len(as_image_dataset(images, labels, samples_per_class=samples_per_class, seed=seed).classes)
        found, samples, _ = self._embedding.shape
        if found != classes:
            raise UserError(f"{self._file} has the embedding of {found} classes, but the images have {classes}.")
        rows = [self._embedding[c, sample_class(samples, samples_per_class, c, seed)] for c in range(classes)]
        return torch.from_numpy(np.stack(rows))


def _read_embedding(file: Path) -> np.ndarray:
    """Float32 [classes, samples, features] from an .npz or .safetensors file."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    if file.suffix.lower() not in (".npz", ".safetensors"):
        raise UserError(f"{file} is no .npz or .safetensors file, expected one with an array `embedding`.")
    try:
        content = file.read_bytes()
        arrays: dict[str, np.ndarray]
        if file.suffix.lower() == ".npz":
            with np.load(io.BytesIO(content), allow_pickle=False) as archive:
                arrays = {key: archive[key] for key in archive.files}
        else:
            arrays = load(content)
    except OSError as error:
        raise UserError(f"cannot read {file}: {error.strerror or error}. Give the path of an embedding.") from None
    except (SafetensorError, ValueError, EOFError, KeyError) as error:
        raise UserError(f"{file} is damaged or no embedding: {error}. Write it again.") from None
    if "embedding" not in arrays:
        raise UserError(f"{file} holds {', '.join(sorted(arrays)) or 'nothing'}, expected an array `embedding`.")
    embedding = arrays["embedding"].astype(np.float32)
    if embedding.ndim != 3 or 0 in embedding.shape or not np.isfinite(embedding).all():
        raise UserError(
            f"`embedding` of {file} has the shape {embedding.shape}, "
            "expected finite numbers of shape [classes, samples, features]."
        )
    return embedding


def _shipped_folder() -> Any:
    return resources.files("pomonag") / "assets" / "embeddings"
