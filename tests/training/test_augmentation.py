"""Each change of the images does what it says, at its rate, and the same for the same seed."""

from dataclasses import replace

import pytest
import torch

from pomonag.training.augmentation import Augmentation, Cutout, EpochBatches
from pomonag.training.pipeline import NAMES, TrainingPipeline
from pomonag.training.pipeline_images import LabelledImages, Normalisation

PLAIN = TrainingPipeline(epochs=1, resolution=16)
OPTIONS = {
    "padding": {"padding": 2},
    "flip": {"horizontal_flip": 0.5},
    **{str(name): {"augmentation": name} for name in NAMES["augmentation"] if name},
    **{f"auto_augment {p}": {"augmentation": "auto_augment", "auto_augment_policy": p} for p in ("cifar10", "svhn")},
    "erasing": {"random_erasing": 0.5},
    "cutout": {"cutout": 6},
    "mixup": {"mixup": 0.2},
    "cutmix": {"cutmix": 1.0},
    "both": {"mixup": 0.2, "cutmix": 1.0},
}
IDENTITY = Normalisation((0.0,) * 3, (1.0,) * 3)


@pytest.fixture(scope="module")
def data():
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (24, 3, 16, 16), generator=generator).byte()
    return LabelledImages(images, torch.arange(24) % 5)


def batch(data, seed=0, normalisation=IDENTITY, **settings):
    return Augmentation(replace(PLAIN, **settings), normalisation, 5)(data.images, data.labels, seed)


def test_without_options_images_are_only_normalised(data):
    images, labels = batch(data, normalisation=Normalisation((0.5, 0.4, 0.3), (0.1, 0.2, 0.3)))
    mean, sd = torch.tensor([0.5, 0.4, 0.3])[:, None, None], torch.tensor([0.1, 0.2, 0.3])[:, None, None]
    torch.testing.assert_close(images, (data.images.float() / 255 - mean) / sd)
    assert torch.equal(labels, data.labels)


@pytest.mark.parametrize("name", OPTIONS)
def test_a_seed_settles_the_batch_and_the_global_generator_is_left_alone(data, name):
    state = torch.random.get_rng_state()
    (one, first), (two, second), (other, _) = (batch(data, seed, **OPTIONS[name]) for seed in (3, 3, 4))
    assert torch.equal(state, torch.random.get_rng_state())
    assert torch.equal(one, two)
    assert torch.equal(first, second)
    assert one.shape == other.shape == data.images.shape
    assert one.dtype == torch.float32
    assert not torch.equal(one, other)
    assert not torch.equal(one, batch(data)[0])


def test_heavy_augmentations_differ_from_each_other(data):
    heavy = [name for name, settings in OPTIONS.items() if "augmentation" in settings]
    found = [batch(data, **OPTIONS[name])[0] for name in heavy]
    assert len(found) == 6
    assert all(not torch.equal(a, b) for i, a in enumerate(found) for b in found[:i])


def test_the_input_is_not_changed(data):
    before = data.images.clone()
    for settings in OPTIONS.values():
        batch(data, **settings)
    assert torch.equal(before, data.images)


def test_crops_and_flips_are_slices_of_the_padded_image(data):
    images, _ = batch(data, padding=1, horizontal_flip=0.5)
    padded = torch.nn.functional.pad(data.images.float() / 255, (1,) * 4)
    places = set()
    for image, source in zip(images, padded):
        crops = {
            (y, x, f): source[:, y : y + 16, x : x + 16] for y in range(3) for x in range(3) for f in (False, True)
        }
        same = [key for key, crop in crops.items() if torch.equal(image, crop.flip(2) if key[2] else crop)]
        assert len(same) == 1
        places.add(same[0])
    assert {flip for *_, flip in places} == {False, True}
    assert len({place[:2] for place in places}) > 4


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_erasing_is_at_its_rate_a_rectangle_of_noise(share):
    many = LabelledImages(torch.full((400, 3, 16, 16), 128, dtype=torch.uint8), torch.zeros(400, dtype=torch.int64))
    images, _ = batch(many, random_erasing=share)
    changed = images != 128 / 255
    assert torch.equal(changed[:, 0], changed[:, 1])
    erased = changed.any(1)
    rate = erased.flatten(1).any(1).double().mean().item()
    assert rate == pytest.approx(share, abs=4 * (share * (1 - share) / 400) ** 0.5)
    for mask in erased[erased.flatten(1).any(1)]:
        rows, columns = mask.any(1), mask.any(0)
        assert mask.sum() == rows.sum() * columns.sum()
        assert mask.sum() <= 0.4 * mask.numel()
    if share:
        noise = images[changed]
        assert noise.mean().item() == pytest.approx(0, abs=0.05)
        assert noise.std().item() == pytest.approx(1, abs=0.05)


def test_cutout_zeros_a_square_cut_off_at_the_border():
    cutout, sizes = Cutout(6), set()
    torch.manual_seed(0)
    for _ in range(200):
        mask = cutout(torch.ones(3, 8, 8)) == 0
        assert torch.equal(mask[0], mask[2])
        rows, columns = int(mask[0].any(1).sum()), int(mask[0].any(0).sum())
        assert mask[0].sum() == rows * columns
        sizes.add((rows, columns))
    assert max(sizes) == (6, 6)
    assert min(map(min, sizes)) == 3


@pytest.mark.parametrize("settings", [{"mixup": 0.2}, {"cutmix": 1.0}, {"mixup": 0.2, "cutmix": 1.0}])
def test_mixed_targets_sum_to_one_and_name_two_classes(data, settings):
    for seed in range(10):
        images, targets = batch(data, seed, **settings)
        assert targets.shape == (24, 5)
        torch.testing.assert_close(targets.sum(1), torch.ones(24))
        assert ((targets > 0).sum(1) <= 2).all()
        assert images.shape == data.images.shape


def test_mixup_mixes_images_as_targets(data):
    images, targets = batch(data, 1, mixup=1.0)
    plain = data.images.float() / 255
    # Neighbours differ in class, so the target of the own class is the share of the own image.
    share = targets.gather(1, data.labels[:, None])[:, :, None, None]
    torch.testing.assert_close(images[1:], (share * plain + (1 - share) * plain.roll(1, 0))[1:])


def test_cutmix_takes_a_box_of_the_size_its_targets_say(data):
    images, targets = batch(data, 1, cutmix=1.0)
    plain = data.images.float() / 255
    foreign = (images != plain).any(1)
    assert torch.equal(images[:, :, foreign[0]], plain.roll(1, 0)[:, :, foreign[0]])
    share = 1 - foreign.flatten(1).double().mean(1)
    own = targets.gather(1, data.labels[:, None])[:, 0].double()
    torch.testing.assert_close(own[1:], share[1:], atol=1e-2, rtol=0)


def test_with_both_each_batch_gets_one(data):
    plain = data.images.float() / 255
    is_cutmix = [
        bool(((images == plain) | (images == plain.roll(1, 0))).all())
        for images, _ in (batch(data, seed, mixup=1.0, cutmix=1.0) for seed in range(40))
    ]
    assert 8 < sum(is_cutmix) < 32


def test_an_epoch_holds_each_image_once_in_an_order_of_its_own(data):
    augmentation = Augmentation(PLAIN, IDENTITY, 5)
    epochs = [EpochBatches(data, augmentation, 10, seed, epoch) for seed, epoch in ((0, 0), (0, 0), (0, 1), (1, 0))]
    rows = [torch.cat(epoch.rows) for epoch in epochs]
    assert [len(part) for part in epochs[0].rows] == [10, 10, 4]
    assert len(epochs[0]) == 3
    for order in rows:
        assert torch.equal(order.sort().values, torch.arange(24))
    assert torch.equal(rows[0], rows[1])
    assert not torch.equal(rows[0], rows[2])
    assert not torch.equal(rows[0], rows[3])
