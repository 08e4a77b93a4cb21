"""Small things that several trainings are tried on."""

import pytest
import torch

from pomonag.data.tasks import TaskImages
from pomonag.training.recipe import Recipe
from pomonag.training.supernet_settings import SuperNetworkTraining
from tests.made_up_trainings import TINY_SKELETON


@pytest.fixture(scope="session")
def coloured():
    """Three classes that differ in colour: easy, but not without training."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(3).repeat_interleave(40)
    noise = torch.randint(0, 120, (120, 3, 32, 32), generator=generator)
    noise[torch.arange(120), labels] += 60
    test = torch.arange(120) % 4 == 0
    return TaskImages(noise[~test].byte(), labels[~test], noise[test].byte(), labels[test], classes=3)


@pytest.fixture(scope="session")
def small_training():
    """A super-network of few channels on images of 8 pixels."""
    return SuperNetworkTraining(
        space="mbv3",
        part="w1.0",
        reduced=TINY_SKELETON,
        recipe=Recipe(epochs=3, batch_size=30, resolution=8, crop_padding=1, precision="fp32"),
        pool="miniimagenet32",
        classes=(5, 1, 8),
        random=1,
    )
