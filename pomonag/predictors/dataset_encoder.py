"""A data set as one feature vector an image: the condition of every predictor.

DiffusionNAG describes a data set by 20 images a class through a frozen ImageNet network; POMONAG (Sec. 3.2) replaces
its ResNet18 by ViT-B/16. Our default is EfficientNet-Lite0, whose weights come with a package, so that nothing has
to be downloaded. `tiny` is our own, trained from nothing. docs/encoders.md compares them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from PIL import Image

from pomonag.data.image_datasets import as_image_dataset
from pomonag.data.sampling import SAMPLES_PER_CLASS, sample_classes
from pomonag.errors import UserError, unknown_name

if TYPE_CHECKING:
    from torch import Tensor, nn

ENCODERS = ("efficientnet_lite0", "tiny", "resnet18", "vit_b_16", "precomputed")
_BATCH = 8  # larger batches fall out of the processor's cache and are up to twice as slow


class DatasetEncoder(Protocol):
    """Turns a labelled image collection into features of a few images of each class.

    `identity` names everything that the features depend on besides images, labels, sample count and seed.
    """

    name: str
    features: int
    resolution: int
    identity: str

    def embed(self, images: Any, labels: Any, samples_per_class: int = SAMPLES_PER_CLASS, seed: int = 0) -> Tensor:
        """Float32 features [classes, samples, features]; images and labels as `as_image_dataset` takes them."""
        ...


def dataset_encoder(name: str = "efficientnet_lite0", *, cached: bool = True) -> DatasetEncoder:
    """The encoder of that name: efficientnet_lite0, tiny, resnet18, vit_b_16, tiny:FILE, or precomputed:FILE.

    tiny:FILE has the weights that `pomonag train encoder` wrote. `cached` keeps embeddings in the user's cache folder,
    keyed by content. Raises UserError for an unknown name and for weights that are missing and cannot be fetched.
    """
    kind, _, file = name.partition(":")
    if kind not in ENCODERS:
        raise unknown_name("image encoder", kind, ENCODERS)
    if kind == "precomputed":
        from pomonag.predictors.embeddings import PrecomputedEncoder

        if not file:
            raise UserError(
                "encoder 'precomputed' needs a file: precomputed:features.npz or precomputed:x.safetensors."
            )
        return PrecomputedEncoder(Path(file))
    from pomonag.predictors import image_networks
    from pomonag.predictors.embedding_cache import CachedEncoder

    if file and kind != "tiny":
        raise UserError(f"encoder {kind!r} takes no file, got {file!r}: only tiny:FILE and precomputed:FILE do.")
    weights = Path(file) if file else None
    encoder = NetworkEncoder(kind, **image_networks.settings(kind, weights), file=weights)
    return CachedEncoder(encoder) if cached else encoder


class NetworkEncoder:
    """Features of a frozen image network; the network is loaded at the first use."""

    def __init__(
        self,
        name: str,
        *,
        features: int,
        resolution: int,
        mean: tuple[float, ...],
        deviation: tuple[float, ...],
        weights: str,
        file: Path | None = None,
    ) -> None:
        """`mean` and `deviation` are those of pixels in 0..255; `weights` identifies the weights, `file` holds them."""
        self.name, self.features, self.resolution = name, features, resolution
        self.identity = f"{name} {weights} {resolution} {mean} {deviation}"
        self._mean, self._deviation = mean, deviation
        self._file = file
        self._network: nn.Module | None = None

    def embed(self, images: Any, labels: Any, samples_per_class: int = SAMPLES_PER_CLASS, seed: int = 0) -> Tensor:
        import torch

        data = as_image_dataset(images, labels, samples_per_class=samples_per_class, seed=seed)
        pixels = torch.from_numpy(self._resized(data.images))
        mean, deviation = torch.tensor(self._mean), torch.tensor(self._deviation)
        network = self._load()

        def features_of(batch: Tensor) -> Tensor:
            with torch.inference_mode():
                normalised = (batch.float() - mean) / deviation
                # A view with the channels last in memory, which is also the quicker layout for the convolutions.
                return network(normalised.permute(0, 3, 1, 2)).float()

        features = torch.cat(_side_by_side(features_of, pixels.split(_BATCH)))
        chosen = torch.from_numpy(sample_classes(data.labels, samples_per_class, seed))
        return features[chosen].clone()

    def _resized(self, images: np.ndarray | list[np.ndarray]) -> np.ndarray:
        """Bicubic to the network's resolution, uint8 [n, resolution, resolution, 3]."""
        size = (self.resolution, self.resolution)
        result = np.empty((len(images), *size, 3), dtype=np.uint8)
        for row, image in zip(result, images):
            row[:] = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))
        return result

    def _load(self) -> nn.Module:
        if self._network is None:
            from pomonag.predictors import image_networks

            self._network = image_networks.load(self.name, self._file)
        return self._network


def _side_by_side(function: Callable[[Tensor], Tensor], batches: Sequence[Tensor]) -> list[Tensor]:
    """The batches' results in order: as many at once as torch has threads, one thread each.

    Threads that share each operation wait for one another hundreds of times a batch; on a busy machine that took
    minutes instead of seconds.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(function, batches))
    finally:
        torch.set_num_threads(threads)
