"""The trainable NAS-Bench-201 network: stem, three stages of cells, two strided residual blocks, head."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from pomonag.spaces.nasbench201 import NasBench201Cell, NasBench201Skeleton


class ReLUConvBN(nn.Sequential):
    """ReLU, convolution, batch normalisation: the benchmark's own (pre-activation) order, not the paper's sentence."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1):
        super().__init__(
            nn.ReLU(),
            nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False),
            nn.BatchNorm2d(outputs),
        )


class ResidualReduction(nn.Module):
    """Halves the side and doubles the width; the shortcut has no batch normalisation and the sum no activation."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.main = nn.Sequential(ReLUConvBN(inputs, outputs, 3, stride=2), ReLUConvBN(outputs, outputs, 3))
        self.shortcut = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(inputs, outputs, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        return self.main(x) + self.shortcut(x)


def _operation(name: str, channels: int) -> nn.Module | None:
    if name == "none":
        return None
    if name == "skip_connect":
        return nn.Identity()
    if name == "avg_pool_3x3":
        # Averages at the border are over the real pixels only.
        return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
    return ReLUConvBN(channels, channels, kernel=1 if name == "nor_conv_1x1" else 3)


class Cell(nn.Module):
    """Node j is the sum of its incoming edges; the output is node 3. Dead operations run too, as in the benchmark."""

    def __init__(self, architecture: NasBench201Cell, channels: int):
        super().__init__()
        from pomonag.spaces.nasbench201 import EDGES, OPERATIONS

        self.edges = nn.ModuleDict()
        self.plan: list[tuple[int, int, str]] = []
        for (target, source), op in zip(EDGES, architecture.operations):
            module = _operation(OPERATIONS[op], channels)
            if module is not None:
                self.edges[f"{target}<-{source}"] = module
                self.plan.append((target, source, f"{target}<-{source}"))

    def forward(self, x: Tensor) -> Tensor:
        nodes: list[Tensor | None] = [x, None, None, None]
        for target, source, key in self.plan:
            value = nodes[source]
            if value is None:  # every edge into the source is `none`: its value is zero, but the operation is placed
                value = torch.zeros_like(x)
            output = self.edges[key](value)
            so_far = nodes[target]
            nodes[target] = output if so_far is None else so_far + output
        final = nodes[3]
        return torch.zeros_like(x) if final is None else final


class NasBench201Network(nn.Module):
    """Images [b, 3, h, h] -> logits [b, classes] (Dong & Yang 2020, Fig. 1)."""

    def __init__(self, architecture: NasBench201Cell, skeleton: NasBench201Skeleton):
        super().__init__()
        width = skeleton.channels
        layers: list[nn.Module] = [nn.Conv2d(3, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)]
        for stage in range(3):
            if stage:
                layers.append(ResidualReduction(width, 2 * width))
                width *= 2
            layers.extend(Cell(architecture, width) for _ in range(skeleton.cells))
        self.features = nn.Sequential(*layers, nn.BatchNorm2d(width), nn.ReLU())
        self.classifier = nn.Linear(width, skeleton.classes)

    def forward(self, images: Tensor) -> Tensor:
        return self.classifier(self.features(images).mean((2, 3)))
