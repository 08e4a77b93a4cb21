"""A labelled image collection from where people keep one: a folder, an .npz file, arrays, or a name."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pomonag.data.image_archives import read_npz
from pomonag.data.image_files import read_folder
from pomonag.data.pixels import class_labels, rgb_images
from pomonag.data.sampling import SAMPLES_PER_CLASS, check_class_counts, sample_classes
from pomonag.errors import UserError, unknown_name


@dataclass(frozen=True)
class ImageDataset:
    """Square RGB images with labels, converted and checked.

    images: uint8 [n, h, h, 3], or a list of [h, h, 3] when sizes differ; labels: int64 [n], 0..classes-1.
    sha256 identifies the content: of an .npz the file's own, of a folder that of the names and bytes of the files
    read, of arrays that of pixels and labels. notices say what was converted or drawn with replacement.
    """

    images: np.ndarray | list[np.ndarray]
    labels: np.ndarray
    classes: tuple[str, ...]
    source: str
    sha256: str
    notices: tuple[str, ...] = ()


def load_images(
    source: str | Path, *, samples_per_class: int | None = SAMPLES_PER_CLASS, seed: int = 0, edge: int = 224
) -> ImageDataset:
    """Labelled images of a folder with a sub-folder a class, an .npz file, or a named data set (`digits`).

    Keeps `samples_per_class` images of each class, chosen by `seed` (None: all of them); pictures in files are
    shrunk until their short side has at most `edge` pixels. Raises UserError for anything that cannot be used.
    """
    if not str(source):
        raise UserError("got no path of images, expected a folder with a sub-folder for each class, or an .npz file.")
    path = Path(source)
    if str(source) in NAMED_DATASETS:
        images, labels, classes = NAMED_DATASETS[str(source)]()
        return as_image_dataset(
            images, labels, classes=classes, source=str(source), samples_per_class=samples_per_class, seed=seed
        )
    try:
        is_folder, is_file = path.is_dir(), path.exists()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}. Check its permissions.") from None
    if is_folder:
        pictures, labels, classes, sha256, notices = read_folder(path, samples_per_class, seed, edge)
        same_size = len({picture.shape for picture in pictures}) == 1
        return ImageDataset(
            images=np.stack(pictures) if same_size else pictures,
            labels=labels,
            classes=classes,
            source=str(source),
            sha256=sha256,
            notices=tuple(notices),
        )
    if not is_file:
        raise _missing(source)
    if path.suffix.lower() != ".npz":
        raise UserError(
            f"{path} is a {path.suffix or 'nameless'} file, expected a folder with a sub-folder of images for each "
            f"class, an .npz file, or one of: {', '.join(NAMED_DATASETS)}."
        )
    images, labels, names, sha256 = read_npz(path)
    return as_image_dataset(
        images,
        labels,
        classes=names,
        source=str(source),
        sha256=sha256,
        samples_per_class=samples_per_class,
        seed=seed,
    )


def as_image_dataset(
    images: Any,
    labels: Any,
    *,
    classes: Sequence[str] | None = None,
    source: str = "arrays",
    sha256: str | None = None,
    samples_per_class: int | None = SAMPLES_PER_CLASS,
    seed: int = 0,
) -> ImageDataset:
    """Check and convert arrays, tensors or a sequence of images with their labels; see `rgb_images` for the forms.

    Keeps `samples_per_class` images of each class (None: all). Raises UserError for anything that cannot be used.
    """
    if hasattr(images, "detach"):
        images = images.detach().cpu().numpy()
    if hasattr(labels, "detach"):
        labels = labels.detach().cpu().numpy()
    numbers, names = class_labels(labels, len(images), classes)
    counts = np.bincount(numbers, minlength=len(names))
    notices = check_class_counts(
        {name: int(count) for name, count in zip(names, counts)}, samples_per_class or SAMPLES_PER_CLASS
    )
    chosen = np.arange(len(numbers))
    if samples_per_class is not None:
        chosen = np.unique(sample_classes(numbers, samples_per_class, seed))
    pixels, converted = rgb_images(images, chosen)
    return ImageDataset(
        images=pixels,
        labels=numbers[chosen],
        classes=names,
        source=source,
        sha256=sha256 or content_hash(pixels, numbers[chosen]),
        notices=tuple(notices + converted),
    )


def content_hash(images: np.ndarray | list[np.ndarray], labels: np.ndarray) -> str:
    """SHA-256 over the shape and pixels of each image and its label, in their order."""
    digest = hashlib.sha256()
    for image, label in zip(images, labels):
        digest.update(f"{image.shape} {int(label)}\n".encode())
        digest.update(np.ascontiguousarray(image).data)
    return digest.hexdigest()


def _digits() -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """scikit-learn's 1,797 handwritten digits, 8 by 8 pixels with 17 grey levels."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    grey = np.round(digits.images * (255 / 16)).astype(np.uint8)
    return grey, digits.target, tuple(str(name) for name in digits.target_names)


NAMED_DATASETS: dict[str, Callable[[], tuple[np.ndarray, np.ndarray, tuple[str, ...]]]] = {"digits": _digits}


def _missing(source: str | Path) -> UserError:
    path = Path(source)
    if len(path.parts) == 1 and not path.suffix:
        here = [entry.name for entry in Path.cwd().iterdir() if entry.is_dir() and not entry.name.startswith(".")]
        near = difflib.get_close_matches(path.name, [*NAMED_DATASETS, *here], n=1, cutoff=0.6)
        if not near or near[0] in NAMED_DATASETS:
            return unknown_name("image data set or folder", str(source), NAMED_DATASETS)
        return UserError(f"there is no {path.name!r} here. Did you mean the folder {near[0]!r}?")
    folder = path.parent
    while not folder.exists() and folder != folder.parent:
        folder, path = folder.parent, path.parent
    near = difflib.get_close_matches(path.name, [entry.name for entry in folder.iterdir()], n=1, cutoff=0.4)
    hint = f" Did you mean {folder / near[0]}?" if near else ""
    return UserError(
        f"{source} does not exist, expected a folder with a sub-folder of images for each class, or an .npz file.{hint}"
    )
