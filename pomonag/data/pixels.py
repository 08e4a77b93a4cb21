"""Whatever arrays a person has, as 8-bit RGB images and integer labels: converted with a notice, or refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pomonag.errors import UserError

_CHANNELS = (1, 3, 4)


def rgb_images(
    images: np.ndarray | Sequence[Any], chosen: np.ndarray
) -> tuple[np.ndarray | list[np.ndarray], list[str]]:
    """The chosen images as square uint8 RGB, [n, h, h, 3] or a list when sizes differ, and the notices.

    Takes [n, h, w], [n, h, w, 1|3|4] or [n, 1|3|4, h, w], integers of 8 or 16 bit, booleans, or finite floats in
    [0, 1] or [0, 255]; or a sequence of such images. Every image is checked, only the chosen ones are converted.
    """
    if isinstance(images, np.ndarray) and images.dtype != object:
        scale, notices = _scale_rule([images])
        converted, more = _convert(images, chosen, scale)
        return converted, notices + more
    listed = [np.asarray(image) for image in images]
    scale, notices = _scale_rule(listed)
    result: list[np.ndarray] = []
    for index in chosen:
        converted, more = _convert(listed[index][None], np.array([0]), scale)
        result.append(converted[0])
        notices += [notice for notice in more if notice not in notices]
    if len({image.shape for image in result}) == 1:
        return np.stack(result), notices
    return result, notices


def class_labels(labels: Any, count: int, classes: Sequence[str] | None) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels [n] as integers from 0 without gaps, and the class names; `count` is the number of images.

    Names are `classes[label]` where given, else the labels themselves. Raises UserError for labels of another
    length, one-hot rows, NaN, fractions, negative numbers, and labels outside `classes`.
    """
    values = np.asarray(labels)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1 or len(values) != count:
        hint = " For one-hot rows give labels.argmax(1)." if values.ndim == 2 and len(values) == count else ""
        raise UserError(
            f"labels have the shape {values.shape}, expected ({count},): one whole number or name an image.{hint}"
        )
    if values.dtype.kind == "f":
        wrong = ~np.isfinite(values) | (values != np.round(values))
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            raise UserError(
                f"label {first} is {values[first]}, expected whole numbers from 0. "
                f"{int(wrong.sum())} of {count} labels are NaN or fractions: mend or drop these images."
            )
        values = values.astype(np.int64)
    if values.dtype.kind not in "iubU":
        raise UserError(f"labels have the type {values.dtype}, expected whole numbers or names.")
    if values.dtype.kind == "i" and (values < 0).any():
        first = int(np.flatnonzero(values < 0)[0])
        raise UserError(
            f"label {first} is {values[first]}, expected whole numbers from 0. Negative labels often mark images "
            f"without one: drop these images ({int((values < 0).sum())} of {count})."
        )
    found, positions = np.unique(values, return_inverse=True)
    if classes is None or values.dtype.kind == "U":
        return positions.astype(np.int64), tuple(str(name) for name in found)
    if values.dtype.kind == "b":
        values = values.astype(np.int64)
    if len(found) and found[-1] >= len(classes):
        raise UserError(
            f"labels run from {found[0]} to {found[-1]}, but `classes` names {len(classes)}: "
            f"expected labels in 0..{len(classes) - 1}."
        )
    return values.astype(np.int64), tuple(str(name) for name in classes)


def _scale_rule(arrays: Sequence[np.ndarray]) -> tuple[Callable[[np.ndarray], np.ndarray], list[str]]:
    """How pixel values become 0..255, judged over all arrays at once so that no image is scaled by itself."""
    kinds = {array.dtype for array in arrays}
    if not arrays or any(array.size == 0 for array in arrays):
        raise UserError("there are no images, or an image without pixels; expected images of at least 1 by 1 pixel.")
    if kinds == {np.dtype(np.uint8)}:
        return lambda pixels: pixels, []
    if any(kind.kind not in "buif" for kind in kinds):
        raise UserError(f"pixels have the type {sorted(map(str, kinds))[0]}, expected numbers in 0..255 or [0, 1].")
    if any(kind.kind == "f" for kind in kinds) and not all(np.isfinite(array).all() for array in arrays):
        raise UserError("pixels hold NaN or infinite values, expected numbers in 0..255 or [0, 1]. Mend these images.")
    low, high = min(float(array.min()) for array in arrays), max(float(array.max()) for array in arrays)
    is_float = any(kind.kind == "f" for kind in kinds)
    if low < 0 or high > 65535 or (is_float and high > 255):
        raise UserError(
            f"pixels run from {low:g} to {high:g}, expected 0..255, [0, 1] for floats, or 0..65535 for 16-bit. "
            "Undo any normalisation first."
        )
    if all(kind.kind == "b" for kind in kinds):
        return lambda pixels: pixels.astype(np.uint8) * np.uint8(255), ["two-valued pixels taken as black and white"]
    if is_float and high <= 1:
        return lambda pixels: np.round(pixels * 255.0).astype(np.uint8), ["pixels in [0, 1] scaled to 0..255"]
    if high > 255:
        return lambda pixels: np.round(pixels / 257.0).astype(np.uint8), ["16-bit pixels reduced to 8 bit"]
    notice = ["pixels rounded to whole numbers"] if is_float else []
    return lambda pixels: np.round(pixels).astype(np.uint8), notice


def _convert(
    images: np.ndarray, chosen: np.ndarray, scale: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, list[str]]:
    """A batch of one size and any channel layout to square uint8 RGB [n, h, h, 3]."""
    notices: list[str] = []
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4:
        raise UserError(
            f"images have the shape {images.shape}, expected [n, height, width, 3], or [n, height, width] for grey."
        )
    picked = images[chosen]
    first, second, last = picked.shape[1:]
    # [n, 3, 4, 4] may be read both ways: square images with three channels are the likelier.
    if first in _CHANNELS and (last not in _CHANNELS or first != second == last):
        picked = np.moveaxis(picked, 1, 3)
        notices.append("channel-first images transposed to height, width, channel")
    if picked.shape[3] not in _CHANNELS:
        raise UserError(f"images have {picked.shape[3]} channels (shape {images.shape}), expected 1, 3 or 4.")
    pixels = scale(picked)
    if pixels.shape[3] == 1:
        pixels = np.repeat(pixels, 3, axis=3)
        notices.append("grey images repeated over the three colours")
    elif pixels.shape[3] == 4:
        pixels = over_white(pixels)
        notices.append("transparent pixels laid over white")
    height, width = pixels.shape[1:3]
    if height != width:
        pixels = central_square(pixels)
        notices.append("images that are not square cropped to their central square")
    return np.ascontiguousarray(pixels), notices


def over_white(pixels: np.ndarray) -> np.ndarray:
    """RGBA uint8 [..., 4] laid over a white ground, [..., 3]."""
    alpha = pixels[..., 3:].astype(np.uint16)
    blended = (pixels[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255
    return blended.astype(np.uint8)


def central_square(pixels: np.ndarray) -> np.ndarray:
    """The middle of images [..., h, w, channels], as wide as high."""
    height, width = pixels.shape[-3:-1]
    edge = min(height, width)
    top, left = (height - edge) // 2, (width - edge) // 2
    return pixels[..., top : top + edge, left : left + edge, :]
