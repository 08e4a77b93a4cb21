"""One batch file of downsampled ImageNet (Chrabaszcz et al., 2017), pickle or .npz, as labels and mapped pixels.

A pickle can run any code, so none is run here: the only names that it may use are those with which numpy describes an
array, and they lead to inert stand-ins of ours. The pixels, a single block of bytes of 390 MB, are not read at all but
mapped where they lie in the file.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import re
import shutil
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from pomonag.errors import UserError
from pomonag.records.files import atomic_write, file_sha256
from pomonag.records.tensor_cache import made_cache_folder

PIXELS = 3 * 32 * 32
LABELS = 1000  # labels run from 1
# Shorter blocks of bytes are read, longer ones mapped.
_MAPPED = 1 << 16
_DAMAGE = (
    pickle.UnpicklingError, EOFError, ValueError, KeyError, TypeError, AttributeError, IndexError, ImportError,
    MemoryError, OverflowError, UnicodeDecodeError, zipfile.BadZipFile, zlib.error, RuntimeError,
)  # fmt: skip


@dataclass(frozen=True)
class Batch:
    """Labels int64 [n] in 1..1000, and where the pixels uint8 [n, 3072] lie, red before green before blue."""

    labels: np.ndarray
    file: Path
    place: int
    by_columns: bool = False

    def read(self, images: np.ndarray | slice) -> np.ndarray:
        """The pixels uint8 [k, 3072] of some images. The file is mapped anew, so that no page of it stays in memory."""
        order: Any = "F" if self.by_columns else "C"
        pixels = np.memmap(self.file, np.uint8, "r", self.place, (len(self.labels), PIXELS), order)
        return np.array(pixels[images])


def open_batch(path: Path) -> Batch:
    """The batch in a file. Raises UserError with the file's name and SHA-256 for one that is damaged or no batch."""
    try:
        content = _npz(path) if path.suffix == ".npz" else _pickle(path)
        return _checked(content)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}. Check the file and its permissions.") from None
    except _DAMAGE as error:
        raise UserError(
            f"{path.name} in {path.parent} is no whole ImageNet32 batch: {error}. Its SHA-256 is {file_sha256(path)}, "
            f"its size {path.stat().st_size:,} bytes. Download it again."
        ) from None


def _checked(content: Any) -> Batch:
    if not isinstance(content, dict) or not {"data", "labels"} <= set(content):
        found = ", ".join(map(str, content)) if isinstance(content, dict) else type(content).__name__
        raise ValueError(f"it holds {found or 'nothing'}, expected `data` and `labels`")
    pixels, labels = content["data"], np.asarray(content["labels"])
    if not isinstance(pixels, np.memmap) or pixels.dtype != np.uint8 or pixels.shape[1:] != (PIXELS,):
        shape, dtype = getattr(pixels, "shape", "?"), getattr(pixels, "dtype", type(pixels).__name__)
        raise ValueError(f"`data` has the shape {shape} of {dtype}, expected uint8 [n, {PIXELS}] (32 x 32 pixels)")
    if labels.dtype.kind not in "iu" or labels.shape != (len(pixels),) or not len(labels):
        raise ValueError(f"`labels` are {labels.dtype} {labels.shape}, expected {len(pixels)} whole numbers")
    if labels.min() < 1 or labels.max() > LABELS:
        raise ValueError(f"labels run from {labels.min()} to {labels.max()}, expected 1 to {LABELS}")
    return Batch(labels.astype(np.int64), Path(str(pixels.filename)), pixels.offset, not pixels.flags.c_contiguous)


def _npz(path: Path) -> dict[str, np.ndarray]:
    if not zipfile.is_zipfile(path):
        raise zipfile.BadZipFile("it has no table of contents")
    with np.load(path, allow_pickle=False) as archive:
        if missing := {"data", "labels"} - set(archive.files):
            raise KeyError(*sorted(missing))
        labels = archive["labels"]

    def unpack(file: IO[bytes]) -> None:
        # What lies in the archive is an .npy file. At its end its checksum is compared.
        with zipfile.ZipFile(path) as archive, archive.open("data.npy") as entry:
            shutil.copyfileobj(entry, file, 1 << 20)

    return {"data": _unpacked(path, unpack), "labels": labels}


def _unpacked(path: Path, write: Callable[[IO[bytes]], None]) -> np.ndarray:
    """Pixels that cannot be mapped where they are, mapped from an .npy file in the user's cache instead."""
    status = path.stat()
    key = repr((os.fspath(path.resolve()), status.st_size, status.st_mtime_ns))
    file = made_cache_folder("imagenet32") / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.npy"
    if not file.is_file():
        with atomic_write(file) as opened:
            write(opened)
    pixels: np.ndarray = np.load(file, mmap_mode="r", allow_pickle=False)
    return pixels


def _pickle(path: Path) -> Any:
    with path.open("rb") as file:
        content = _Unpickler(_Skipping(file, path.stat().st_size)).load()
    if not isinstance(content, dict):
        return content
    labels = content.get("labels")
    if isinstance(labels, list):
        content["labels"] = [label.value() if isinstance(label, _Scalar) else label for label in labels]
    return {key: value.on(path) if isinstance(value, _Array) else value for key, value in content.items()}


class _Skipping:
    """A file for the unpickler whose long blocks of bytes are passed over: they hold their own place in the file."""

    def __init__(self, file: IO[bytes], size: int):
        self._file, self._size = file, size
        self.read, self.readline = file.read, file.readline

    def readinto(self, buffer: memoryview) -> int:
        if len(buffer) < _MAPPED:
            content = self._file.read(len(buffer))
            buffer[: len(content)] = content
            return len(content)
        place = self._file.tell()
        if place + len(buffer) > self._size:
            raise EOFError("it is cut off")
        buffer[:8] = place.to_bytes(8, "little")
        self._file.seek(len(buffer), os.SEEK_CUR)
        return len(buffer)


class _Text(bytes):
    """Bytes that were written as text, as old protocols do; they were read, not passed over."""


class _Type:
    def __init__(self, text: Any):
        if not isinstance(text, str) or not re.fullmatch(r"[uif][1248]", text):
            raise pickle.UnpicklingError(f"it has an array of {text!r}, expected plain numbers")
        self.text, self.order = text, "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = {"<": "<", ">": ">", "|": "="}[state[1]]

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(self.order + self.text)


class _Scalar:
    def __init__(self, kind: _Type, content: bytes | str):
        self._kind, self._content = kind, content

    def value(self) -> int:
        content = self._content.encode("latin1") if isinstance(self._content, str) else self._content
        return int(np.frombuffer(content, self._kind.dtype)[0])


class _Array:
    def __init__(self) -> None:
        self._state: tuple[tuple[int, ...], np.dtype[Any], str, bytes] | None = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, by_columns, content = state
        if isinstance(content, str):  # Python 2
            content = _Text(content.encode("latin1"))
        self._state = shape, kind.dtype, "F" if by_columns else "C", content

    def on(self, path: Path) -> np.ndarray:
        """The array, mapped from the file or from the cache if it is long."""
        if self._state is None:
            raise pickle.UnpicklingError("it has an array without content")
        shape, dtype, order, content = self._state
        if len(content) != int(np.prod(shape, dtype=object)) * dtype.itemsize:
            raise pickle.UnpicklingError(f"it has an array {shape} of {dtype} with {len(content)} bytes")
        if len(content) >= _MAPPED and not isinstance(content, _Text):
            place = int.from_bytes(content[:8], "little")
            mapped: np.ndarray = np.memmap(path, dtype, "r", place, shape, order)  # type: ignore[call-overload]
            return mapped
        array = np.frombuffer(content, dtype).reshape(shape, order=order)  # type: ignore[call-overload]
        return _unpacked(path, lambda file: np.save(file, array)) if array.ndim == 2 else array


class _Unpickler(pickle.Unpickler):
    """Knows numpy's words for arrays and no other, and even these lead to nothing of numpy's."""

    def __init__(self, file: Any):
        super().__init__(file, encoding="latin1")

        def from_buffer(content: bytes, kind: _Type, shape: tuple[int, ...], order: str) -> _Array:
            array = _Array()
            array.__setstate__((1, shape, kind, order == "F", content))
            return array

        def encode(text: str, encoding: str) -> bytes:
            if encoding != "latin1":
                raise pickle.UnpicklingError(f"it has bytes written as {encoding!r}")
            return _Text(text.encode("latin1"))

        # Made anew for each file, so that none can spoil them for the next.
        self._known: dict[tuple[str, str], Callable[..., Any]] = {
            ("numpy", "ndarray"): lambda *_: _Array(),
            ("numpy", "dtype"): lambda text, *_: _Type(text),
            ("_codecs", "encode"): encode,
        }
        for core in ("numpy.core", "numpy._core"):
            self._known[f"{core}.multiarray", "_reconstruct"] = lambda *_: _Array()
            self._known[f"{core}.multiarray", "scalar"] = lambda kind, content: _Scalar(kind, content)
            self._known[f"{core}.numeric", "_frombuffer"] = from_buffer

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._known:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no batch of images needs")
        return self._known[module, name]
