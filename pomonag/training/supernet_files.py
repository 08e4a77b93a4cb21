"""The weights of trained super-networks in files: one a super-network, with how it was trained and its curve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pomonag.errors import UserError
from pomonag.records.checkpoints import load_checkpoint, save_checkpoint
from pomonag.spaces import elastic_space
from pomonag.training.supernet import SuperNetworkRun

SHIPPED = Path(__file__).resolve().parents[1] / "assets" / "supernets"


@dataclass(frozen=True)
class TrainedSuperNetwork:
    """A super-network in evaluation mode, the class ids that it tells apart in label order, and its pixels' scale.

    `mean` and `sd` [3] are those of its training images, of pixels in [0, 1]; `settings` how it was trained, with its
    `hash`; `header` all that the file says.
    """

    network: nn.Module
    classes: tuple[int, ...]
    mean: Tensor
    sd: Tensor
    settings: Mapping[str, Any]
    hash: str
    header: Mapping[str, Any]

    @property
    def resolution(self) -> int:
        """The side of its images in pixels."""
        return int(self.settings["recipe"]["resolution"])


def weights_file(folder: Path, part: str) -> Path:
    """Where the weights of a super-network lie in a folder."""
    return folder / f"{part}.safetensors"


def save_super_network(file: Path, run: SuperNetworkRun, about: Mapping[str, Any]) -> None:
    """Writes the weights in half precision; the header has the settings, the curve and `about`."""
    header = {
        "settings": run.settings.settings,
        "settings_hash": run.settings.hash,
        "mean": run.images.mean.tolist(),
        "sd": run.images.sd.tolist(),
        "cpu_seconds": run.cpu_seconds,
        "curve": run.curve,
        **about,
    }
    save_checkpoint(file, run.network.state_dict(), header)


def load_super_network(file: Path, space_name: str, part: str) -> TrainedSuperNetwork:
    """Raises UserError for a missing or damaged file, and for weights of another super-network."""
    space = elastic_space(space_name)
    weights, header = load_checkpoint(file)
    try:
        settings = header["settings"]
        found, classes = (settings["space"], settings["part"]), tuple(settings["classes"])
        skeleton = {"resolution": settings["recipe"]["resolution"], **dict(settings["reduced"])}
        mean, sd = torch.tensor(header["mean"]), torch.tensor(header["sd"])
        digest = str(header["settings_hash"])
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{file} is no super-network of `pomonag train supernet` ({error!r}); make it anew") from error
    if found != (space_name, part):
        raise UserError(f"{file} holds the super-network {' '.join(found)}, expected {space_name} {part}")
    with torch.random.fork_rng(devices=[]):
        network = space.super_network(part, classes=len(classes), **skeleton)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise UserError(f"the weights in {file} do not fit {part}: {error}; make them anew") from error
    network = network.to(memory_format=torch.channels_last).eval()
    return TrainedSuperNetwork(network, classes, mean, sd, settings, digest, header)
