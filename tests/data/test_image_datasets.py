import functools
import hashlib
import io
import os
import zipfile
import zlib

import numpy as np
import pytest
import torch
from PIL import Image, ImageFile

from pomonag.data import image_archives, image_datasets, image_files
from pomonag.data.image_datasets import as_image_dataset, load_images
from pomonag.errors import UserError


def pictures(n: int, shape: tuple[int, ...] = (9, 9, 3), seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Two classes of 25 pictures."""
    for label, name in enumerate(("cat", "dog")):
        (tmp_path / name).mkdir()
        for number, pixels in enumerate(pictures(25, seed=label)):
            Image.fromarray(pixels).save(tmp_path / name / f"{number:02}.png")
    return tmp_path


def npz(path, **arrays):
    np.savez_compressed(path, **arrays)
    return path


# Sources


def test_a_folder_is_read_class_by_class(folder):
    data = load_images(folder)
    assert data.classes == ("cat", "dog")
    assert data.images.shape == (40, 9, 9, 3)
    assert data.images.dtype == np.uint8
    assert data.labels.tolist() == [0] * 20 + [1] * 20
    assert data.notices == ()
    original = {pixels.tobytes() for pixels in pictures(25, seed=1)}
    assert {image.tobytes() for image in data.images[data.labels == 1]} <= original


def test_the_seed_chooses_the_files_and_the_hash_covers_those_read(folder):
    first, again, other = load_images(folder), load_images(folder), load_images(folder, seed=1)
    assert first.sha256 == again.sha256 != other.sha256
    whole = load_images(folder, samples_per_class=None)
    assert len(whole.images) == 50
    (folder / "cat" / "03.png").write_bytes((folder / "cat" / "04.png").read_bytes())
    assert load_images(folder, samples_per_class=None).sha256 != whole.sha256


def test_the_hash_of_a_folder_is_that_of_names_and_bytes(tmp_path):
    digest = hashlib.sha256()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(5):
            file = tmp_path / name / f"{number}.png"
            Image.fromarray(pictures(1, seed=number)[0]).save(file)
            content = file.read_bytes()
            digest.update(f"{name}/{number}.png\0{len(content)}\0".encode() + content)
    assert load_images(tmp_path).sha256 == digest.hexdigest()


def test_sampling_a_folder_first_draws_the_images_that_sampling_arrays_draws(folder):
    whole = load_images(folder, samples_per_class=None, seed=3)
    drawn = as_image_dataset(whole.images, whole.labels, seed=3)
    assert np.array_equal(drawn.images, load_images(folder, seed=3).images)


@pytest.mark.parametrize("keys", [("images", "labels"), ("x", "y"), ("x_train", "y_train")])
def test_npz_files(tmp_path, keys):
    labels = np.repeat([0, 1], 20)
    file = npz(tmp_path / "data.npz", **{keys[0]: pictures(40), keys[1]: labels, "classes": np.array(["cat", "dog"])})
    data = load_images(file)
    assert data.classes == ("cat", "dog")
    assert np.array_equal(data.images, pictures(40))
    assert data.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_digits_need_no_file():
    data = load_images("digits")
    assert len(data.classes) == 10
    assert data.images.shape == (200, 8, 8, 3)
    assert data.images.max() == 255
    assert any("grey" in notice for notice in data.notices)


def test_tensors_with_channels_first():
    data = as_image_dataset(torch.rand(40, 3, 9, 9), torch.arange(40) % 2)
    assert data.images.shape == (40, 9, 9, 3)
    assert {"channel-first images transposed to height, width, channel", "pixels in [0, 1] scaled to 0..255"} <= set(
        data.notices
    )


def test_label_gaps_are_closed_and_labels_stay_the_names():
    data = as_image_dataset(pictures(40), np.repeat([7, 3], 20))
    assert data.classes == ("3", "7")
    assert data.labels.tolist() == [1] * 20 + [0] * 20
    assert as_image_dataset(pictures(40), ["b"] * 20 + ["a"] * 20).classes == ("a", "b")


# Conversions


@pytest.mark.parametrize(
    ("images", "expected", "notice"),
    [
        (np.full((40, 4, 4), 7, np.uint8), 7, "grey"),
        (np.full((40, 4, 4, 1), 7, np.uint8), 7, "grey"),
        (np.full((40, 4, 4, 3), 257 * 9, np.uint16), 9, "16-bit"),
        (np.full((40, 4, 4, 3), 0.2), 51, "[0, 1]"),
        (np.full((40, 4, 4, 3), 99.6, np.float32), 100, "rounded"),
        (np.full((40, 4, 4, 3), True), 255, "two-valued"),
        (np.full((40, 3, 4, 4), 5, np.uint8), 5, "channel-first"),
        (np.full((40, 4, 6, 3), 5, np.uint8), 5, "square"),
    ],
)
def test_arrays_are_converted_with_a_notice(images, expected, notice):
    data = as_image_dataset(images, np.arange(40) % 2)
    assert data.images.shape == (40, 4, 4, 3)
    assert (data.images == expected).all()
    assert any(notice in line for line in data.notices)


def test_transparency_is_laid_over_white():
    images = np.zeros((40, 2, 2, 4), np.uint8)
    images[..., 3] = [[0, 255], [128, 0]]
    assert as_image_dataset(images, np.arange(40) % 2).images[0, ..., 0].tolist() == [[255, 0], [127, 255]]


def test_pictures_of_every_kind_are_converted_with_a_notice(tmp_path):
    rgb = Image.fromarray(pictures(1, (20, 30, 3))[0])
    kinds = {
        "grey.png": rgb.convert("L"),
        "deep.png": Image.fromarray(pictures(1, (20, 20))[0].astype(np.uint16) * 257),
        "palette.png": rgb.convert("P"),
        "alpha.png": rgb.convert("RGBA"),
        "two.png": rgb.convert("1"),
        "photo.jpg": rgb,
        "print.jpg": rgb.convert("CMYK"),
        "animated.gif": rgb,
    }
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for file, picture in kinds.items():
            picture.save(tmp_path / name / file)
    data = load_images(tmp_path)
    assert all(image.shape == (20, 20, 3) for image in data.images)
    text = "; ".join(data.notices)
    for word in ("grey", "16-bit", "P images", "white", "CMYK", "square", "replacement"):
        assert word in text
    deep = data.images[sorted(kinds).index("deep.png")]
    assert np.array_equal(deep[..., 0], pictures(1, (20, 20))[0])


def test_large_pictures_are_shrunk(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(5):
            Image.fromarray(pictures(1, (300 + number, 400, 3))[0]).save(tmp_path / name / f"{number}.png")
    assert load_images(tmp_path, edge=64).images.shape == (10, 64, 64, 3)


def test_pictures_of_different_size_stay_so(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(5):
            Image.fromarray(pictures(1, (30 + number, 30 + number, 3))[0]).save(tmp_path / name / f"{number}.png")
    assert [image.shape[0] for image in load_images(tmp_path).images] == [30, 31, 32, 33, 34] * 2


def test_names_that_are_not_text(tmp_path):
    for name in (b"caf\xe9", b"tea"):
        folder = os.fsencode(tmp_path) + b"/" + name
        os.mkdir(folder)  # noqa: PTH102 - a name of bytes
        for number in range(5):
            Image.fromarray(pictures(1)[0]).save(os.fsdecode(folder + b"/\xff%d.png" % number))
    data = load_images(tmp_path)
    assert data.classes == ("caf\ufffd", "tea")
    assert len(data.images) == 10


# Bad input


def refused(*words, source=None, images=None, labels=None, **options):
    read = (
        functools.partial(as_image_dataset, images, labels)
        if source is None
        else functools.partial(load_images, source)
    )
    with pytest.raises(UserError) as caught:
        read(**options)
    for word in words:
        assert word in str(caught.value)


def test_five_to_nineteen_images_are_drawn_with_replacement_fewer_are_refused(folder):
    for file in sorted((folder / "dog").iterdir())[5:]:
        file.unlink()
    data = load_images(folder)
    assert data.labels.tolist() == [0] * 20 + [1] * 5
    assert data.notices == ("drawn with replacement, because fewer than 20 images: class 'dog' (5)",)
    (folder / "dog" / "00.png").unlink()
    refused("'dog' has 4", "at least 5", source=folder)


def test_one_class(folder, tmp_path_factory):
    refused("only one class", images=pictures(40), labels=np.zeros(40, int))
    alone = tmp_path_factory.mktemp("alone")
    (folder / "cat").rename(alone / "cat")
    refused("only one class ('cat')", source=alone)


def test_folders_without_classes_or_images(folder, tmp_path_factory):
    refused("no sub-folders", source=folder / "cat")
    refused("no sub-folders", source=tmp_path_factory.mktemp("empty"))
    (folder / "bird").mkdir()
    refused("bird", "empty", source=folder)
    (folder / "bird" / "notes.txt").write_text("tweet")
    refused("bird", "none of its 1 files is an image", source=folder)


def test_a_split_folder_asks_for_the_split(folder, tmp_path_factory):
    split = tmp_path_factory.mktemp("split")
    (split / "train").mkdir()
    for name in ("cat", "dog"):
        (folder / name).rename(split / "train" / name)
    refused(f"Did you mean {split / 'train'}?", source=split)


def test_stray_files_are_ignored(folder):
    (folder / "README.txt").write_text("x")
    (folder / "cat" / ".hidden.png").write_text("x")
    (folder / "cat" / "Thumbs.db").write_text("x")
    assert len(load_images(folder).images) == 40


@pytest.mark.parametrize("content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n garbage"])
def test_not_an_image(folder, content):
    for file in (folder / "cat").iterdir():
        file.write_bytes(content)
    refused("cat", ".png", source=folder)


def test_a_cut_off_image(folder):
    for file in (folder / "cat").iterdir():
        file.write_bytes(file.read_bytes()[:-60])
    refused("damaged image", source=folder)


def bomb(width: int, height: int) -> bytes:
    """A PNG whose header promises this many pixels, and which holds none."""
    file = io.BytesIO()
    Image.new("L", (1, 1)).save(file, "PNG")
    content = bytearray(file.getvalue())
    content[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    return bytes(content)


@pytest.mark.parametrize("side", [10_500, 12_000, 22_500, 60_000])
def test_a_picture_of_too_many_pixels_is_not_decoded(folder, side, monkeypatch):
    for file in (folder / "cat").iterdir():
        file.write_bytes(bomb(side, side))
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: pytest.fail("decoded"))
    refused("cat", "pixels", source=folder)


def test_files_that_may_not_be_read(folder, monkeypatch):
    def forbidden(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(image_files.Path, "read_bytes", forbidden)
    refused("Permission denied", "permissions", source=folder)


def test_names_that_do_not_exist(folder, monkeypatch):
    refused("unknown", "digits", "Did you mean 'digits'?", source="digit")
    monkeypatch.chdir(folder)
    refused("Did you mean the folder 'cat'?", source="cats")
    refused("does not exist", f"Did you mean {folder / 'cat'}?", source=folder / "cats")
    refused("does not exist", source=folder / "no" / "such" / "place.npz")


def test_files_of_another_kind(folder):
    refused(".png", "expected a folder", source=folder / "cat" / "00.png")


@pytest.mark.parametrize(
    ("labels", "word"),
    [
        (np.full(40, np.nan), "NaN"),
        (np.r_[np.zeros(20), np.full(20, 0.5)], "fractions"),
        (np.zeros(39, int), "(39,)"),
        (np.eye(2)[np.arange(40) % 2], "argmax"),
        (np.array([None] * 40), "type object"),
        (np.arange(40) % 3, "0..1"),
        (np.arange(40) % 2 - 1, "-1"),
    ],
)
def test_labels_that_cannot_be_used(labels, word):
    refused(word, images=pictures(40), labels=labels, classes=["a", "b"])


@pytest.mark.parametrize("kind", [int, float, np.int8])
def test_negative_labels_are_no_class_of_their_own(kind):
    labels = (np.arange(40) % 3 - 1).astype(kind)
    refused("label 0 is -1, expected whole numbers from 0", images=pictures(40), labels=labels)


def test_a_named_class_without_images():
    refused("'c' has 0", images=pictures(40), labels=np.arange(40) % 2, classes=["a", "b", "c"])


@pytest.mark.parametrize(
    ("images", "word"),
    [
        (np.where(np.arange(40)[:, None, None, None] == 1, np.nan, np.zeros((40, 2, 2, 3))), "NaN"),
        (np.full((40, 2, 2, 3), -1.5), "-1.5"),
        (np.full((40, 2, 2, 3), 1e6), "1e+06"),
        (np.zeros((40, 5, 5, 7), np.uint8), "7 channels"),
        (np.zeros((40, 5), np.uint8), "(40, 5)"),
        (np.zeros((40, 0, 5, 3), np.uint8), "without pixels"),
        (np.full((40, 2, 2, 3), "x"), "type <U1"),
    ],
)
def test_pixels_that_cannot_be_used(images, word):
    refused(word, images=images, labels=np.arange(40) % 2)


def test_npz_files_that_cannot_be_used(tmp_path):
    good = npz(tmp_path / "good.npz", x=pictures(40), y=np.arange(40) % 2)
    cut = tmp_path / "cut.npz"
    for length in (0, 10, 200, len(good.read_bytes()) - 30):
        cut.write_bytes(good.read_bytes()[:length])
        refused("cut.npz", source=cut)
    refused("holds pixels", "`images` and `labels`", source=npz(tmp_path / "a.npz", pixels=pictures(40)))
    refused("pickle", source=npz(tmp_path / "b.npz", x=pictures(40), y=np.array([{}] * 40)))
    refused("(39,)", source=npz(tmp_path / "c.npz", x=pictures(40), y=np.zeros(39)))
    single = tmp_path / "d.npz"
    with single.open("wb") as file:
        np.save(file, pictures(2))
    refused("no table of contents", source=single)


def test_damaged_bytes_inside_an_npz(tmp_path):
    file = npz(tmp_path / "a.npz", x=pictures(40), y=np.arange(40) % 2)
    content = bytearray(file.read_bytes())
    content[400:600] = bytes(200)
    file.write_bytes(content)
    refused("damaged", source=file)


def test_an_npz_larger_than_the_memory_is_refused_before_it_is_read(tmp_path, monkeypatch):
    file = tmp_path / "bomb.npz"
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": (10**9, 1000, 1000, 3)}
    )
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x.npy", header.getvalue())
        archive.writestr("y.npy", b"")
    refused("GB", source=file)
    assert image_archives.psutil.virtual_memory().available < 1e15


def test_every_named_data_set_loads():
    for name in image_datasets.NAMED_DATASETS:
        assert len(load_images(name).classes) > 1
