"""Embeddings kept in the user's cache folder, so that a data set is embedded once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pomonag.data.image_datasets import as_image_dataset, content_hash
from pomonag.data.sampling import SAMPLES_PER_CLASS
from pomonag.records.tensor_cache import TensorCache, cache_folder

if TYPE_CHECKING:
    from torch import Tensor

    from pomonag.predictors.dataset_encoder import DatasetEncoder


class CachedEncoder:
    """An encoder that looks first whether the same images were embedded before.

    The key covers the encoder's identity, the sample count, the seed, and the pixels and labels that are used.
    """

    def __init__(self, encoder: DatasetEncoder, folder: Path | None = None) -> None:
        self.encoder, self.cache = encoder, TensorCache(folder or cache_folder() / "embeddings")
        self.name, self.features, self.resolution = encoder.name, encoder.features, encoder.resolution
        self.identity = encoder.identity

    def embed(self, images: Any, labels: Any, samples_per_class: int = SAMPLES_PER_CLASS, seed: int = 0) -> Tensor:
        data = as_image_dataset(images, labels, samples_per_class=samples_per_class, seed=seed)
        made_from = f"{self.identity} {samples_per_class} {seed} {content_hash(data.images, data.labels)}"
        kept = self.cache.read(made_from, (len(data.classes), samples_per_class, self.features))
        if kept is not None:
            return kept
        embedding = self.encoder.embed(data.images, data.labels, samples_per_class, seed)
        self.cache.write(made_from, embedding)
        return embedding
