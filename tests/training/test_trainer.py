from dataclasses import replace

import pytest
import torch
from torch import nn

from pomonag.spaces import search_space
from pomonag.training.recipe import Recipe
from pomonag.training.trainer import augmented, learning_rate_factor, prepare, train

pytestmark = pytest.mark.usefixtures("one_thread")

QUICK = Recipe(epochs=2, batch_size=16, resolution=8, crop_padding=1)


@pytest.fixture(scope="module")
def images(coloured):
    return coloured


def cell(text="|nor_conv_3x3~0|+|avg_pool_3x3~0|skip_connect~1|+|nor_conv_1x1~0|none~1|nor_conv_3x3~2|"):
    space = search_space("nb201")
    return lambda: space.build(space.parse(text), classes=3, resolution=8, channels=4, cells=1)


@pytest.mark.parametrize("optimizer", ["sgd", "muon"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_learns_what_is_easy(images, optimizer, precision):
    recipe = replace(QUICK, optimizer=optimizer, precision=precision, epochs=8)
    result = train(cell(), prepare(images, recipe), recipe, seed=1)
    assert result.accuracy > 60
    assert result.loss < 1.0
    assert result.cpu_seconds > 0


def test_a_seed_fixes_the_result_to_the_bit(images):
    task = prepare(images, QUICK)
    one, two, other = (train(cell(), task, QUICK, seed) for seed in (5, 5, 6))
    assert (one.accuracy, one.loss, one.true_class_probability, one.train_loss) == (
        two.accuracy, two.loss, two.true_class_probability, two.train_loss,
    )  # fmt: skip
    assert one.loss != other.loss


def test_leaves_the_global_generator_alone(images):
    state = torch.random.get_rng_state()
    train(cell(), prepare(images, QUICK), QUICK, seed=1)
    assert torch.equal(state, torch.random.get_rng_state())


def test_metrics_are_those_of_the_test_images(images):
    class Oracle(nn.Module):
        """Knows the truth about the test images and is sure of it to a known degree."""

        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(1))

        def forward(self, x):
            if self.training:
                return torch.zeros(len(x), 3) * self.scale
            assert len(x) == len(images.test_labels)
            return torch.log(torch.full((len(x), 3), 0.1).scatter(1, images.test_labels[:, None], 0.8))

    recipe = replace(QUICK, optimizer="sgd", precision="fp32")
    result = train(Oracle, prepare(images, recipe), recipe, seed=0)
    assert result.accuracy == 100
    assert result.true_class_probability == pytest.approx(0.8)
    assert result.loss == pytest.approx(-torch.log(torch.tensor(0.8)).item())


def test_a_diverging_training_is_an_error(images):
    recipe = replace(QUICK, optimizer="sgd", learning_rate=1e30)
    with pytest.raises(FloatingPointError, match="learning rate"):
        train(cell(), prepare(images, recipe), recipe, seed=0)


def test_preparation_normalises_by_training_images_alone(images):
    task = prepare(images, QUICK)
    inner = task.train[:, 1:-1, 1:-1]
    assert inner.shape == (90, 8, 8, 3)
    torch.testing.assert_close(inner.mean((0, 1, 2)), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(inner.std((0, 1, 2)), torch.ones(3), atol=1e-3, rtol=0)
    assert (task.train[:, 0] == 0).all()
    assert task.test.is_contiguous(memory_format=torch.channels_last)


def test_augmentation_equals_crop_and_flip_by_slicing(images):
    task = prepare(images, QUICK)
    rows = torch.tensor([3, 50, 70, 8])
    batch = augmented(task, rows, QUICK, torch.Generator().manual_seed(3))
    assert batch.shape == (4, 3, 8, 8)
    assert batch.is_contiguous(memory_format=torch.channels_last)
    for image, row in zip(batch, rows):
        source = task.train[row].permute(2, 0, 1)
        options = [source[:, y : y + 8, x : x + 8] for y in range(3) for x in range(3)]
        assert any(torch.equal(image, o) or torch.equal(image, o.flip(2)) for o in options)
    plain = replace(QUICK, flip=0.0, crop_padding=0)
    task = prepare(images, plain)
    batch = augmented(task, rows, plain, torch.Generator().manual_seed(3))
    assert torch.equal(batch, task.train[rows].permute(0, 3, 1, 2))


def test_learning_rate_rises_then_falls_to_nothing():
    factors = [learning_rate_factor(step, 100, 0.1) for step in range(101)]
    assert factors[0] > 0
    assert factors[10] == max(factors) == 1
    assert factors[:11] == sorted(factors[:11])
    assert factors[10:] == sorted(factors[10:], reverse=True)
    assert factors[100] == pytest.approx(0)
    assert learning_rate_factor(0, 100, 0.0) == 1
