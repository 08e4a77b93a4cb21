"""Embeddings kept in the user's cache folder, so that a data set is embedded once."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pomonag.data.image_datasets import as_image_dataset, content_hash
from pomonag.data.sampling import SAMPLES_PER_CLASS
from pomonag.errors import UserError
from pomonag.records.files import atomic_write

if TYPE_CHECKING:
    from torch import Tensor

    from pomonag.predictors.dataset_encoder import DatasetEncoder


def cache_folder() -> Path:
    """`POMONAG_CACHE_DIR`, else the platform's folder for caches (on Linux ~/.cache/pomonag)."""
    import platformdirs

    chosen = os.environ.get("POMONAG_CACHE_DIR")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("pomonag"))


class CachedEncoder:
    """An encoder that looks first whether the same images were embedded before.

    The key covers the encoder's identity, the sample count, the seed, and the pixels and labels that are used. Any
    number of processes may share the folder; a damaged file or a folder that cannot be written costs only time.
    """

    def __init__(self, encoder: DatasetEncoder, folder: Path | None = None) -> None:
        self.encoder, self.folder = encoder, folder or cache_folder() / "embeddings"
        self.name, self.features, self.resolution = encoder.name, encoder.features, encoder.resolution
        self.identity = encoder.identity

    def embed(self, images: Any, labels: Any, samples_per_class: int = SAMPLES_PER_CLASS, seed: int = 0) -> Tensor:
        data = as_image_dataset(images, labels, samples_per_class=samples_per_class, seed=seed)
        content = content_hash(data.images, data.labels)
        key = hashlib.sha256(f"{self.identity} {samples_per_class} {seed} {content}".encode()).hexdigest()
        file = self.folder / f"{key}.safetensors"
        kept = self._read(file, (len(data.classes), samples_per_class, self.features))
        if kept is not None:
            return kept
        embedding = self.encoder.embed(data.images, data.labels, samples_per_class, seed)
        self._write(file, embedding)
        return embedding

    @staticmethod
    def _read(file: Path, shape: tuple[int, ...]) -> Tensor | None:
        from safetensors import SafetensorError
        from safetensors.torch import load

        try:
            embedding = load(file.read_bytes())["embedding"]
        except (OSError, SafetensorError, KeyError):
            return None
        return embedding if tuple(embedding.shape) == shape else None

    @staticmethod
    def _write(file: Path, embedding: Tensor) -> None:
        from safetensors.torch import save

        with contextlib.suppress(OSError, UserError):
            file.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(file) as opened:
                opened.write(save({"embedding": embedding.contiguous()}))
