"""Images as a training pipeline takes them: checked, square, of one size, split, with their normalisation."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from pomonag.errors import UserError
from pomonag.records.seeds import seed_of
from pomonag.training.epoch_checkpoint import fingerprint
from pomonag.training.pipeline import TrainingPipeline


@dataclass(frozen=True)
class LabelledImages:
    """uint8 images [n, 1 or 3, height, width] and int64 labels [n] from 0."""

    images: Tensor
    labels: Tensor

    def __post_init__(self) -> None:
        images, labels = self.images, self.labels
        if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1] not in (1, 3) or not images.numel():
            raise UserError(
                f"got images {images.dtype} {list(images.shape)}; expected torch.uint8 [n, 1 or 3, height, width], "
                "none of them 0"
            )
        if labels.dtype != torch.int64 or labels.shape != images.shape[:1] or int(labels.min()) < 0:
            raise UserError(
                f"got labels {labels.dtype} {list(labels.shape)} for {len(images)} images; expected torch.int64, "
                "one from 0 on for each image"
            )

    def __len__(self) -> int:
        return len(self.labels)

    def fingerprint(self) -> str:
        """A hash of shapes, pixels and labels."""
        return fingerprint({"images": self.images, "labels": self.labels})


def resized(images: Tensor, resolution: int) -> Tensor:
    """uint8 [b, 1 or 3, h, w] -> uint8 [b, 3, resolution, resolution]: height and width scaled each for itself.

    Bicubic with antialiasing; grey is repeated.
    """
    if images.shape[-2:] != (resolution, resolution):
        size = (resolution, resolution)
        images = F.interpolate(images.float(), size=size, mode="bicubic", antialias=True).round().clamp(0, 255).byte()
    return images.expand(-1, 3, -1, -1).contiguous()


@dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation of the three channels, of pixels in [0, 1]."""

    mean: tuple[float, ...]
    sd: tuple[float, ...]

    def __call__(self, images: Tensor) -> Tensor:
        """uint8 [b, 3, h, w] -> float32."""
        mean, sd = (torch.tensor(values, device=images.device)[:, None, None] for values in (self.mean, self.sd))
        return (images.float() / 255 - mean) / sd


IMAGENET = Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def normalisation_for(pipeline: TrainingPipeline, images: Tensor) -> Normalisation:
    """ImageNet's, or that of the training images at the pipeline's resolution.

    No channel's deviation counts as less than 0.001.
    """
    if pipeline.normalisation == "imagenet":
        return IMAGENET
    # A channel has 256 values, so counting them is exact, in parts that fit into memory at any resolution.
    counts = torch.zeros(3, 256, dtype=torch.int64)
    for part in images.split(256):
        for channel, pixels in enumerate(resized(part, pipeline.resolution).unbind(1)):
            counts[channel] += torch.bincount(pixels.flatten(), minlength=256)
    values, shares = torch.arange(256).double() / 255, counts / counts.sum(1, keepdim=True).double()
    mean = shares @ values
    sd = (shares * (values - mean[:, None]) ** 2).sum(1).sqrt().clamp_min(1e-3)
    return Normalisation(tuple(mean.tolist()), tuple(sd.tolist()))


def split_off(data: LabelledImages, share: float, seed: int) -> tuple[LabelledImages, LabelledImages]:
    """Training and validation images: of each class `share`, rounded, at least one and never all.

    Raises UserError for a class with a single image.
    """
    generator = torch.Generator().manual_seed(seed_of("validation", seed))
    held = torch.zeros(len(data), dtype=torch.bool)
    for label in data.labels.unique():
        rows = (data.labels == label).nonzero()[:, 0]
        if len(rows) < 2:
            raise UserError(f"class {int(label)} has one image; expected two, one to train on and one to validate with")
        count = min(max(1, round(share * len(rows))), len(rows) - 1)
        held[rows[torch.randperm(len(rows), generator=generator)[:count]]] = True
    return (
        LabelledImages(data.images[~held], data.labels[~held]),
        LabelledImages(data.images[held], data.labels[held]),
    )
