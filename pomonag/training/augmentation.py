"""Random changes of training images: torchvision's transforms in the paper's order, settled by one seed a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset
from torchvision.transforms import AutoAugmentPolicy, v2

from pomonag.records.seeds import seed_of
from pomonag.training.pipeline import TrainingPipeline
from pomonag.training.pipeline_images import LabelledImages, Normalisation, resized

_HEAVY: dict[str, Callable[[TrainingPipeline], v2.Transform]] = {
    "auto_augment": lambda pipeline: v2.AutoAugment(AutoAugmentPolicy(pipeline.auto_augment_policy)),
    "trivial_augment_wide": lambda pipeline: v2.TrivialAugmentWide(),
    "rand_augment": lambda pipeline: v2.RandAugment(),
    "augmix": lambda pipeline: v2.AugMix(),
}


class Cutout(v2.Transform):
    """Zeros a square of `side` pixels around a random pixel; what lies beyond the border is cut off.

    torchvision's RandomErasing keeps its rectangle within the image, which DiffusionNAG's recipe does not.
    """

    def __init__(self, side: int):
        super().__init__()
        self.side = side

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = flat_inputs[0].shape[-2:]
        return {"y": int(torch.randint(height, ())), "x": int(torch.randint(width, ()))}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        top, left = (params[axis] - self.side // 2 for axis in ("y", "x"))
        output = inpt.clone()
        output[..., max(top, 0) : max(top + self.side, 0), max(left, 0) : max(left + self.side, 0)] = 0
        return output


class Augmentation:
    """Makes a pipeline's batches: resizing, padding and crop, flip, heavy augmentation, normalisation, erasing, mixing.

    Each image is changed by itself until whole batches are mixed.
    """

    def __init__(self, pipeline: TrainingPipeline, normalisation: Normalisation, classes: int):
        self.resolution = pipeline.resolution
        self.normalisation = normalisation
        # Lists, since v2.Compose refuses to be empty.
        self.on_pixels = _on_pixels(pipeline)
        self.on_floats = _on_floats(pipeline)
        self.mixing = _mixing(pipeline, classes)

    def __call__(self, images: Tensor, labels: Tensor, seed: int) -> tuple[Tensor, Tensor]:
        """uint8 [b, 1 or 3, h, w], labels int64 [b] -> float32 [b, 3, side, side], labels or targets [b, classes].

        The same seed gives the same bits. torchvision draws from torch's global generator, which is left as it was.
        """
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            images = resized(images, self.resolution)
            if self.on_pixels:
                images = torch.stack([_through(self.on_pixels, image) for image in images])
            batch = self.normalisation(images)
            if self.on_floats:
                batch = torch.stack([_through(self.on_floats, image) for image in batch])
            if not self.mixing:
                return batch, labels
            choice = int(torch.randint(len(self.mixing), ())) if len(self.mixing) > 1 else 0
            return self.mixing[choice](batch, labels)


class EpochBatches(Dataset):
    """The batches of one epoch, each a function of seed, epoch and place alone; the last may be smaller."""

    def __init__(self, data: LabelledImages, augmentation: Augmentation, size: int, seed: int, epoch: int):
        generator = torch.Generator().manual_seed(seed_of("order", seed, epoch))
        self.rows = torch.randperm(len(data), generator=generator).split(size)
        self.data, self.augmentation, self.seed, self.epoch = data, augmentation, seed, epoch

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: int) -> tuple[Tensor, Tensor]:
        rows = self.rows[place]
        seed = seed_of("augmentation", self.seed, self.epoch, place)
        return self.augmentation(self.data.images[rows], self.data.labels[rows], seed)


def _through(transforms: list[v2.Transform], image: Tensor) -> Tensor:
    for transform in transforms:
        image = transform(image)
    return image


def _on_pixels(pipeline: TrainingPipeline) -> list[v2.Transform]:
    transforms: list[v2.Transform] = []
    if pipeline.padding:
        transforms.append(v2.RandomCrop(pipeline.resolution, padding=pipeline.padding, fill=0))
    if pipeline.horizontal_flip:
        transforms.append(v2.RandomHorizontalFlip(pipeline.horizontal_flip))
    if pipeline.augmentation is not None:
        transforms.append(_HEAVY[pipeline.augmentation](pipeline))
    return transforms


def _on_floats(pipeline: TrainingPipeline) -> list[v2.Transform]:
    transforms: list[v2.Transform] = []
    if pipeline.random_erasing:
        # "random" is N(0, 1) for every pixel, of the spread that normalised images have.
        transforms.append(v2.RandomErasing(pipeline.random_erasing, value="random"))
    if pipeline.cutout:
        transforms.append(Cutout(pipeline.cutout))
    return transforms


def _mixing(pipeline: TrainingPipeline, classes: int) -> list[v2.Transform]:
    transforms: list[v2.Transform] = []
    if pipeline.mixup:
        transforms.append(v2.MixUp(alpha=pipeline.mixup, num_classes=classes))
    if pipeline.cutmix:
        transforms.append(v2.CutMix(alpha=pipeline.cutmix, num_classes=classes))
    return transforms
