"""Once-for-All's own pretrained super-networks (ImageNet, 1,000 classes) as weights of ours."""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from pomonag.errors import UserError
from pomonag.records.download import fetch
from pomonag.records.files import atomic_write, file_sha256
from pomonag.spaces.mobilenetv3 import SLOTS, WIDTHS, MobileNetV3Skeleton
from pomonag.spaces.mobilenetv3_channels import channels
from pomonag.spaces.mobilenetv3_supernet import MobileNetV3SuperNetwork

# Where the package `ofa` 0.1.0 downloads them from (`ofa.model_zoo.ofa_net`). No hash of them is published.
_URL = "https://raw.githubusercontent.com/han-cai/files/master/ofa/ofa_nets"
_COUNTER = "num_batches_tracked"
_NAMED = 4


class PretrainedSuperNetwork(NamedTuple):
    """The network in evaluation mode, and its file and the file's SHA-256 for records."""

    network: MobileNetV3SuperNetwork
    file: Path
    sha256: str


def load_ofa_weights(width: float, file: str | os.PathLike[str] | None = None) -> PretrainedSuperNetwork:
    """Once-for-All's super-network of a width: from `file`, else from PyTorch's cache folder, fetched there if it can.

    No hash is published, so the first download is trusted; its SHA-256 is written beside it and checked from then on.
    Only tensors are unpickled. Raises UserError for weights that are not to be had, not whole or of another width.
    """
    if width not in WIDTHS:
        raise UserError(f"got width {width}; Once-for-All's MobileNetV3 weights are of width 1.0 or 1.2")
    path = Path(file).expanduser() if file is not None else _fetched(f"ofa_mbv3_d234_e346_k357_w{width:.1f}")
    if not path.is_file():
        raise UserError(f"there are no weights at {path}; give a file such as {_URL}/ofa_mbv3_d234_e346_k357_w1.0")
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, EOFError, RuntimeError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise UserError(
            f"{path} holds no weights that can be read safely ({error}); delete it and get it again"
        ) from error
    state = loaded.get("state_dict", loaded) if isinstance(loaded, dict) else None
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise UserError(f"{path} holds no state dict; expected a file of `ofa` such as ofa_mbv3_d234_e346_k357_w1.0")
    return PretrainedSuperNetwork(super_network_of_ofa(state, width), path, file_sha256(path))


def super_network_of_ofa(state: Mapping[str, Tensor], width: float) -> MobileNetV3SuperNetwork:
    """The super-network with the weights of an `OFAMobileNetV3`'s state dict, by today's names or the release's.

    It has as many classes as their classifier. Raises UserError for weights of another width, for missing and unknown
    names and for other shapes.
    """
    theirs = {_today(name): tensor for name, tensor in state.items()}
    _check_width(theirs, width)
    bias = theirs.get("classifier.linear.bias")
    network = MobileNetV3SuperNetwork(width, MobileNetV3Skeleton(classes=len(bias) if bias is not None else 1000))
    own = network.state_dict()
    names = {name: _ofa_name(name) for name in own}
    # What counts the batches has no say in any output, and old files lack it.
    missing = [name for name in names.values() if name not in theirs and not name.endswith(_COUNTER)]
    unknown = sorted(theirs.keys() - set(names.values()))
    if missing or unknown:
        raise UserError(
            f"not the weights of Once-for-All's MobileNetV3: missing {_listed(missing)}; unknown {_listed(unknown)}"
        )
    weights = {ours: theirs.get(name, own[ours]) for ours, name in names.items()}
    for ours, tensor in weights.items():
        if tensor.shape != own[ours].shape:
            raise UserError(
                f"{names[ours]} has the shape {tuple(tensor.shape)}; expected {tuple(own[ours].shape)} at width {width}"
            )
    network.load_state_dict(weights)
    return network.eval()


def _check_width(theirs: Mapping[str, Tensor], width: float) -> None:
    first = theirs.get("first_conv.conv.weight")
    for other in WIDTHS:
        stem = channels(other, MobileNetV3Skeleton()).stem
        if other != width and first is not None and len(first) == stem:
            raise UserError(
                f"got weights of another width: a first convolution with {stem} channels is that of width {other}, "
                f"and width {width} was asked for"
            )


def _today(name: str) -> str:
    """The release's files call blocks otherwise than the package does now, and double what was once wrapped."""
    return re.sub(r"\.(conv|bn|linear)\.\1\.(?=\w+$)", r".\1.", name.replace(".mobile_inverted_conv.", ".conv."))


def _ofa_name(name: str) -> str:
    """Once-for-All's name (without doubled parts) of one of the super-network's tensors."""
    if match := re.fullmatch(r"transforms\.(\d+)\.to_(\d)", name):
        slot, smaller = map(int, match.groups())
        return f"blocks.{slot + 1}.conv.depth_conv.conv.{smaller + 2}to{smaller}_matrix"
    name = name.removeprefix("network.").replace(".convolution.", ".conv.").replace(".norm.", ".bn.")
    if match := re.fullmatch(r"features\.(\d+)\.(.+)", name):
        place, part = int(match[1]), match[2]
        if place == 0:
            return f"first_conv.{part}"
        if place == SLOTS + 2:
            return f"final_expand_layer.{part}"
        return f"blocks.{place - 1}.conv.{_block_part(part, first=place == 1)}"
    return name.replace("mix.", "feature_mix_layer.conv.").replace("classifier.", "classifier.linear.")


def _block_part(part: str, first: bool) -> str:
    """A tensor's name inside a block; the first block has no expansion."""
    _, layer, rest = part.split(".", 2)
    if rest.startswith(("squeeze.", "excite.")):
        return "depth_conv.se.fc." + rest.replace("squeeze", "reduce").replace("excite", "expand")
    layers = ("depth_conv", "point_linear") if first else ("inverted_bottleneck", "depth_conv")
    return f"{layers[int(layer)] if int(layer) < len(layers) else 'point_linear'}.{rest}"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more if names else "none"


def _fetched(name: str) -> Path:
    """The file in PyTorch's cache folder, as it was when it was downloaded."""
    url, file = f"{_URL}/{name}", Path(torch.hub.get_dir()) / "checkpoints" / name
    record = file.with_name(f"{name}.sha256")
    if not file.exists():
        try:
            fetch(url, file, "")
        except OSError as error:
            raise UserError(
                f"Once-for-All's weights {name} are not here and cannot be fetched ({error}). "
                f"Place {url} at {file}, or give the file."
            ) from None
    found = file_sha256(file)
    if not record.exists():
        with atomic_write(record, "w") as opened:
            opened.write(f"{found}  {name}\n")
    elif not record.read_text(encoding="utf-8").startswith(found):
        raise UserError(
            f"{file} is not what it was: its SHA-256 is {found}, {record.name} beside it says otherwise. "
            "Delete both files and run again."
        )
    return file
