"""A super-network of the MobileNetV3 space: the largest network of a width, in which all others find their weights."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.func import functional_call

from pomonag.errors import UserError
from pomonag.spaces.mobilenetv3 import EXPANSIONS, KERNELS, SLOTS, MobileNetV3Net, MobileNetV3Skeleton
from pomonag.spaces.mobilenetv3_channels import channels_of_slot, squeezed
from pomonag.spaces.mobilenetv3_network import (
    ConvBN,
    InvertedBottleneck,
    MobileNetV3Network,
    SqueezeExcitation,
    inverted_bottleneck,
)


class KernelTransform(nn.Module):
    """Depthwise kernels [c, 1, 7, 7] to smaller ones, by two learned matrices that all channels share.

    A smaller kernel is the centre of the next larger one, times a matrix (25 x 25, then 9 x 9) that begins as identity.
    """

    def __init__(self) -> None:
        super().__init__()
        self.to_5 = nn.Parameter(torch.eye(25))
        self.to_3 = nn.Parameter(torch.eye(9))

    def forward(self, kernels: Tensor, side: int) -> Tensor:
        for smaller, matrix in ((5, self.to_5), (3, self.to_3)):
            if side <= smaller:
                centre = kernels[:, :, 1:-1, 1:-1].flatten(1)
                kernels = nn.functional.linear(centre, matrix).view(-1, 1, smaller, smaller)
        return kernels


class MobileNetV3SuperNetwork(nn.Module):
    """All networks of one width at once (Cai et al., Once-for-All, ICLR 2020; search_spaces.md section 2.1).

    A network of the space takes the first blocks of each stage, the first channels of each expansion (and of
    squeeze-and-excitation, and of the batch normalisations' statistics), and kernels by `KernelTransform`. The
    matrices are the super-network's own: no network of the space has them.
    """

    def __init__(self, width: float, skeleton: MobileNetV3Skeleton):
        super().__init__()
        self.width, self.skeleton = width, skeleton
        self.largest = MobileNetV3Net(width, (KERNELS[-1],) * SLOTS, (EXPANSIONS[-1],) * SLOTS)
        self.network = MobileNetV3Network(self.largest, skeleton)
        self.transforms = nn.ModuleList(KernelTransform() for _ in range(SLOTS))
        # Blocks without weights of their own, by slot, kernel and expansion.
        self._hollow: dict[tuple[int, int, int], InvertedBottleneck] = {}

    def forward(self, images: Tensor, architecture: MobileNetV3Net | None = None) -> Tensor:
        """Images [b, 3, h, h] -> logits [b, classes] of a network of the space; of the largest by default.

        In training mode the batch normalisations that the network uses update their part of the running statistics.
        Raises UserError for an architecture of another width.
        """
        stem, first, *_, last = self.network.features
        x = first(stem(images))
        for slot, kernel, expansion in self._active(architecture or self.largest):
            key = (slot, kernel, expansion)
            if key not in self._hollow:
                with torch.device("meta"):
                    self._hollow[key] = inverted_bottleneck(self.width, *key, self.skeleton)
            x = functional_call(self._hollow[key].train(self.training), self._block_weights(*key), x)
        return self.network.head(last(x))

    def sub_network(self, architecture: MobileNetV3Net) -> MobileNetV3Network:
        """The network alone, with its own copy of the weights; in the same mode, training or evaluation.

        Raises UserError for an architecture of another width.
        """
        active = list(self._active(architecture))
        shared = self.network.state_dict()
        weights = {
            **{name: weight for name, weight in shared.items() if not name.startswith("features.")},
            **_renamed(shared, "features.0", "features.0"),
            **_renamed(shared, "features.1", "features.1"),
            **_renamed(shared, f"features.{2 + SLOTS}", f"features.{2 + len(active)}"),
        }
        for place, block in enumerate(active, start=2):
            weights |= {f"features.{place}.{name}": weight for name, weight in self._block_weights(*block).items()}
        with torch.device("meta"):
            network = MobileNetV3Network(architecture, self.skeleton)
        network.load_state_dict({name: weight.detach().clone() for name, weight in weights.items()}, assign=True)
        return network.train(self.training)

    @torch.no_grad()
    def sort_channels(self) -> None:
        """Puts the channels that matter most first, so that smaller expansions keep those.

        What matters is the L1 norm of the weights that read a channel: those of the projection for a block's expansion,
        those of the excitation for the inside of squeeze-and-excitation. The largest network computes the same as
        before, smaller expansions do not.
        """
        for slot in range(SLOTS):
            expand, depthwise, excitation, project = self._parts(slot)
            order = project.convolution.weight.abs().sum((0, 2, 3)).argsort(descending=True, stable=True)
            _reorder(project.convolution.weight, order, 1)
            for layer in (expand, depthwise):
                for tensor in (
                    layer.convolution.weight, layer.norm.weight, layer.norm.bias, layer.norm.running_mean,
                    layer.norm.running_var,
                ):  # fmt: skip
                    _reorder(cast(Tensor, tensor), order, 0)
            if excitation is not None:
                squeeze, excite = excitation.squeeze, excitation.excite
                _reorder(squeeze.weight, order, 1)
                _reorder(excite.weight, order, 0)
                _reorder(cast(Tensor, excite.bias), order, 0)
                order = excite.weight.abs().sum((0, 2, 3)).argsort(descending=True, stable=True)
                _reorder(excite.weight, order, 1)
                _reorder(squeeze.weight, order, 0)
                _reorder(cast(Tensor, squeeze.bias), order, 0)

    def _active(self, architecture: MobileNetV3Net) -> list[tuple[int, int, int]]:
        """Slot, kernel and expansion of the blocks that exist."""
        if architecture.width != self.width:
            raise UserError(
                f"got weights of another width: the super-network has width {self.width}, {architecture} has "
                f"{architecture.width}. Take the super-network of that width."
            )
        slots = zip(range(SLOTS), architecture.kernels, architecture.expansions)
        return [(slot, kernel, expansion) for slot, kernel, expansion in slots if kernel]

    def _parts(self, slot: int) -> tuple[ConvBN, ConvBN, SqueezeExcitation | None, ConvBN]:
        """Expansion, depthwise convolution, squeeze-and-excitation if there is one, and projection of a block."""
        block = cast(InvertedBottleneck, self.network.features[2 + slot])
        expand, depthwise, *excitation, project = block.main
        return (
            cast(ConvBN, expand),
            cast(ConvBN, depthwise),
            cast(SqueezeExcitation, excitation[0]) if excitation else None,
            cast(ConvBN, project),
        )

    def _block_weights(self, slot: int, kernel: int, expansion: int) -> dict[str, Tensor]:
        """Views of the block's weights and buffers, by the names of an `InvertedBottleneck`'s."""
        expand, depthwise, excitation, project = self._parts(slot)
        _, inner, outputs = channels_of_slot(self.width, slot, expansion, self.skeleton)
        filters = self.transforms[slot](depthwise.convolution.weight[:inner], kernel)
        weights = {
            **_sliced("main.0", expand.convolution.weight[:inner], expand.norm, inner),
            **_sliced("main.1", filters, depthwise.norm, inner),
        }
        if excitation is not None:
            squeeze, excite = excitation.squeeze, excitation.excite
            q = squeezed(inner, self.skeleton)
            weights |= {
                "main.2.squeeze.weight": squeeze.weight[:q, :inner],
                "main.2.squeeze.bias": cast(Tensor, squeeze.bias)[:q],
                "main.2.excite.weight": excite.weight[:inner, :q],
                "main.2.excite.bias": cast(Tensor, excite.bias)[:inner],
            }
        last = "main.2" if excitation is None else "main.3"
        return weights | _sliced(last, project.convolution.weight[:, :inner], project.norm, outputs)


def _sliced(name: str, convolution: Tensor, norm: nn.BatchNorm2d, channels: int) -> dict[str, Tensor]:
    """What a `ConvBN` of that name needs: views, so that running statistics are updated where they are kept."""
    return {
        f"{name}.convolution.weight": convolution,
        f"{name}.norm.weight": norm.weight[:channels],
        f"{name}.norm.bias": norm.bias[:channels],
        f"{name}.norm.running_mean": cast(Tensor, norm.running_mean)[:channels],
        f"{name}.norm.running_var": cast(Tensor, norm.running_var)[:channels],
        f"{name}.norm.num_batches_tracked": cast(Tensor, norm.num_batches_tracked),
    }


def _renamed(weights: dict[str, Tensor], old: str, new: str) -> dict[str, Tensor]:
    """The weights of the layer `old`, as those of the layer `new`."""
    return {new + name[len(old) :]: weight for name, weight in weights.items() if name.startswith(f"{old}.")}


def _reorder(tensor: Tensor, order: Tensor, dimension: int) -> None:
    tensor.copy_(tensor.index_select(dimension, order))
