"""Pictures in a folder with a sub-folder a class, read by Pillow, no more of them than are needed."""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from pomonag.data.pixels import central_square, over_white
from pomonag.data.sampling import check_class_counts, sample_class
from pomonag.errors import UserError

# A picture is decoded whole before it is shrunk: this many pixels are 0.3 GB.
MAX_PIXELS = 100_000_000


def read_folder(
    folder: Path, samples_per_class: int | None, seed: int, edge: int
) -> tuple[list[np.ndarray], np.ndarray, tuple[str, ...], str, list[str]]:
    """Images (uint8 [h, h, 3], short side at most `edge`), labels, class names, SHA-256 and notices of a folder.

    Reads `samples_per_class` files of each class (None: all). The hash covers, in the order of their names, the
    name relative to `folder` and the bytes of the files that were read.
    """
    files = class_files(folder)
    wanted = samples_per_class or 1
    notices = check_class_counts({name: len(paths) for name, paths in files.items()}, wanted)
    images: list[np.ndarray] = []
    labels: list[int] = []
    conversions: dict[str, int] = {}
    digest = hashlib.sha256()
    for label, (_, paths) in enumerate(files.items()):
        used = range(len(paths))
        if samples_per_class is not None and len(paths) > samples_per_class:
            used = sample_class(len(paths), samples_per_class, label, seed).tolist()
        for path in (paths[index] for index in used):
            content = read_bytes(path)
            # File names need not be text.
            digest.update(os.fsencode(path.relative_to(folder).as_posix()) + f"\0{len(content)}\0".encode())
            digest.update(content)
            image, converted = decode_picture(content, path, edge)
            images.append(image)
            labels.append(label)
            for what in converted:
                conversions[what] = conversions.get(what, 0) + 1
    notices += [f"{what} ({count} of {len(images)} images)" for what, count in conversions.items()]
    classes = tuple(os.fsencode(name).decode(errors="replace") for name in files)
    return images, np.array(labels, dtype=np.int64), classes, digest.hexdigest(), notices


def decode_picture(
    content: bytes, path: Path, edge: int, resampling: Image.Resampling = Image.Resampling.BICUBIC
) -> tuple[np.ndarray, list[str]]:
    """One picture file as square uint8 RGB [h, h, 3] with h at most `edge`, and what was converted."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large pictures; the limit below decides
            picture: Image.Image = Image.open(io.BytesIO(content))
            _check_size(picture, path)
            picture.draft("RGB", (edge, edge))
            picture.load()
    except UnidentifiedImageError:
        raise UserError(f"{path} is not an image that can be read. Replace or remove the file.") from None
    except Image.DecompressionBombError as error:
        raise UserError(f"{path} is too large to read: {error} Shrink or remove it.") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise UserError(f"{path} is a damaged image: {error}. Replace or remove the file.") from None
    turned = ImageOps.exif_transpose(picture)
    pixels, converted = _as_rgb(turned)
    if pixels.shape[0] != pixels.shape[1]:
        pixels = central_square(pixels)
        converted.append("images that are not square cropped to their central square")
    if pixels.shape[0] > edge:
        square = Image.fromarray(np.ascontiguousarray(pixels))
        pixels = np.asarray(square.resize((edge, edge), resampling))
    return np.ascontiguousarray(pixels), converted


def _check_size(picture: Image.Image, path: Path) -> None:
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise UserError(
            f"{path} has {width} x {height} = {width * height / 1e6:.0f} million pixels, "
            f"expected at most {MAX_PIXELS / 1e6:.0f} million. Shrink or remove it."
        )


def _as_rgb(picture: Image.Image) -> tuple[np.ndarray, list[str]]:
    mode = picture.mode
    if mode == "RGB" and "transparency" not in picture.info:
        return np.asarray(picture), []
    if mode.startswith("I") or mode == "F":
        return _deep_grey(np.asarray(picture).astype(np.float64))
    if "A" in mode or mode == "a" or "transparency" in picture.info:
        return over_white(np.asarray(picture.convert("RGBA"))), ["transparent pixels laid over white"]
    notice = "grey images repeated over the three colours" if mode in ("L", "1") else f"{mode} images converted to RGB"
    return np.asarray(picture.convert("RGB")), [notice]


def _deep_grey(values: np.ndarray) -> tuple[np.ndarray, list[str]]:
    # Pillow's own conversion clips such pictures to white.
    high = float(values.max())
    divisor = 257.0 if high > 255 else 1.0 if high > 1 else 1 / 255
    grey = np.round(np.nan_to_num(values) / divisor).clip(0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2), [
        "16-bit grey images reduced to 8 bit and repeated over three colours"
    ]


def class_files(folder: Path) -> dict[str, list[Path]]:
    """The picture files of each class, both sorted by name."""
    Image.init()
    known = Image.registered_extensions()
    classes = [entry for entry in _visible(folder) if entry.is_dir()]
    if not classes:
        raise UserError(
            f"{folder} has no sub-folders, expected one for each class with its images: "
            f"{folder.name}/cat/1.png, {folder.name}/dog/1.png."
        )
    files: dict[str, list[Path]] = {}
    for entry in classes:
        content = _visible(entry)
        files[entry.name] = [path for path in content if path.suffix.lower() in known and path.is_file()]
        if files[entry.name]:
            continue
        if any(path.is_dir() for path in content):
            raise UserError(f"class folder {entry} holds folders and no images. Did you mean {entry}?")
        found = f"none of its {len(content)} files is an image" if content else "it is empty"
        raise UserError(f"class folder {entry} has no images ({found}). Add images or remove the folder.")
    return files


def _visible(folder: Path) -> list[Path]:
    try:
        entries: Iterable[Path] = list(folder.iterdir())
    except OSError as error:
        raise UserError(f"cannot read {folder}: {error.strerror}. Check its permissions.") from None
    return sorted(entry for entry in entries if not entry.name.startswith((".", "__")))


def read_bytes(path: Path) -> bytes:
    """The content of a file; UserError for one that cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}. Check the file and its permissions.") from None
