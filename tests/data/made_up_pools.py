"""Made-up image pools: ImageNet32 batches in any of the forms that they are found in, and folders of pictures."""

import io
import pickle
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = 100
PER_BATCH = 300


def batch(number: int, classes: int = CLASSES, images: int = PER_BATCH):
    """Pixels [n, 3072] whose red tells the class, green the batch and blue the place in it; labels from 1."""
    labels = (np.arange(images) + number) % classes + 1
    pixels = np.zeros((images, 3, 1024), np.uint8)
    pixels[:, 0] = labels[:, None]
    pixels[:, 1] = number
    pixels[:, 2, :512] = (np.arange(images) % 256)[:, None]
    pixels[:, 2, 512:] = (np.arange(images) // 256)[:, None]
    return pixels.reshape(images, 3072), labels


def write_batch(path: Path, pixels, labels, protocol: int = 3) -> None:
    content = {"data": pixels, "labels": labels, "mean": pixels.mean(0)}
    path.write_bytes(pickle.dumps(content, protocol))


def imagenet32(folder: Path, *, npz: bool = False, classes: int = CLASSES, images: int = PER_BATCH) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, 11):
        pixels, labels = batch(number, classes, images)
        path = folder / f"train_data_batch_{number}"
        if npz:
            np.savez(path.with_suffix(".npz"), data=pixels, labels=labels, mean=pixels.mean(0))
        else:
            write_batch(path, pixels, labels.tolist())
    return folder


def picture(colour, size=(40, 40), mode="RGB", format="PNG") -> bytes:
    content = io.BytesIO()
    Image.new(mode, size, colour).save(content, format)
    return content.getvalue()


def image_folder(folder: Path, classes: int = 40, images: int = 10) -> Path:
    """Pictures whose red tells the class and green the number."""
    for c in range(classes):
        (folder / f"kind-{c:03d}").mkdir(parents=True)
        for i in range(images):
            (folder / f"kind-{c:03d}" / f"{i:02d}.png").write_bytes(picture((c, i, 7)))
    return folder
