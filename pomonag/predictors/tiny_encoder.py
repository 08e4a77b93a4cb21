"""An image encoder of our own: small enough to ship, trained from nothing on mini-ImageNet32's training classes.

It has never seen a class that held-out tasks are drawn from, so what predictors reach with it there owes nothing to
images of those classes; the ImageNet networks know them all.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pomonag.errors import UserError
from pomonag.records.checkpoints import load_checkpoint
from pomonag.records.files import file_sha256

FILE = Path(__file__).resolve().parents[1] / "assets" / "encoders" / "tiny.safetensors"
FEATURES = 176
RESOLUTION = 32


class TinyEncoder(nn.Module):
    """Pixels in [0, 1], float32 [n, 3, 32, 32], to features [n, FEATURES], not negative.

    Blocks of 2 x 2 pixels become channels first: convolutions on 32 x 32 positions would cost more than all others.
    `mean` and `deviation` [3] are those of the training images and part of the weights.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(3))
        self.register_buffer("deviation", torch.ones(3))
        self.layers = nn.Sequential(
            nn.PixelUnshuffle(2),
            _convolution(12, 48),
            _Residual(48),
            _convolution(48, 96, stride=2),
            _Residual(96),
            _convolution(96, FEATURES, stride=2),
            _convolution(FEATURES, FEATURES),
        )

    def forward(self, images: Tensor) -> Tensor:
        normalised = (images - self.mean.view(-1, 1, 1)) / self.deviation.view(-1, 1, 1)
        return self.layers(normalised).mean((2, 3))


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class _Residual(nn.Module):
    """x + two convolutions of it, then ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _convolution(channels, channels)
        self.second = nn.Sequential(*list(_convolution(channels, channels))[:2])

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(self.first(x)))


def load_tiny_encoder(file: Path | None = None) -> TinyEncoder:
    """The network of `file`, that which ships by default. UserError for a missing, damaged or other file."""
    file = file or FILE
    tensors, _ = load_checkpoint(file)
    network = TinyEncoder()
    try:
        network.load_state_dict(tensors)
    except RuntimeError:
        raise UserError(
            f"{file} does not hold the weights of encoder 'tiny' as it is here: make them with `pomonag train encoder`"
        ) from None
    return network


def weights_hash(file: Path | None = None) -> str:
    """First eight digits of the SHA-256 of the weights in `file`, those that ship by default; UserError if missing."""
    file = file or FILE
    try:
        return file_sha256(file)[:8]
    except OSError as error:
        raise UserError(
            f"no weights of encoder 'tiny' at {file} ({error.strerror}): reinstall the package, or make them with "
            "`pomonag train encoder`"
        ) from None
