"""The trainable MobileNetV3 network: stem, a fixed block, five stages of inverted bottlenecks, head."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from pomonag.spaces.mobilenetv3 import STAGE_SLOTS, MobileNetV3Net, MobileNetV3Skeleton
from pomonag.spaces.mobilenetv3_channels import H_SWISH, SQUEEZED, channels, channels_of_slot, squeezed


class ConvBN(nn.Module):
    """Convolution without bias, batch normalisation, and an activation if there is one."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        activation: Callable[[], nn.Module] | None = None,
    ):
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.activation = activation() if activation else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(self.norm(self.convolution(x)))


def begin_as_identity(last: ConvBN) -> None:
    """Zero scale in a residual branch's last batch normalisation (Goyal et al., 2017).

    Blocks that begin at random hide the image from twenty layers of them: trainings of seconds hardly learn then.
    """
    nn.init.zeros_(last.norm.weight)


class SqueezeExcitation(nn.Module):
    """Scales each channel by a gate computed from all channels' means (Hu et al., 2018)."""

    def __init__(self, channels: int, inner: int):
        super().__init__()
        self.squeeze = nn.Conv2d(channels, inner, 1)
        self.excite = nn.Conv2d(inner, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        means = x.mean((2, 3), keepdim=True)
        return x * nn.functional.hardsigmoid(self.excite(self.squeeze(means).relu()))


class InvertedBottleneck(nn.Module):
    """1x1 expansion, depthwise convolution, squeeze-and-excitation, linear 1x1; residual where shapes allow."""

    def __init__(
        self,
        inputs: int,
        inner: int,
        outputs: int,
        kernel: int,
        stride: int,
        activation: Callable[[], nn.Module],
        squeeze: int | None,
    ):
        super().__init__()
        layers: list[nn.Module] = [
            ConvBN(inputs, inner, 1, activation=activation),
            ConvBN(inner, inner, kernel, stride, groups=inner, activation=activation),
        ]
        if squeeze is not None:
            layers.append(SqueezeExcitation(inner, squeeze))
        project = ConvBN(inner, outputs, 1)
        self.main = nn.Sequential(*layers, project)
        self.residual = stride == 1 and inputs == outputs
        if self.residual:
            begin_as_identity(project)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.main(x) if self.residual else self.main(x)


class FirstBlock(nn.Module):
    """The fixed block before the stages: depthwise 3x3 and linear 1x1, residual where the widths agree."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        project = ConvBN(inputs, outputs, 1)
        self.main = nn.Sequential(ConvBN(inputs, inputs, 3, groups=inputs, activation=nn.ReLU), project)
        self.residual = inputs == outputs
        if self.residual:
            begin_as_identity(project)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.main(x) if self.residual else self.main(x)


def inverted_bottleneck(
    width: float, slot: int, kernel: int, expansion: int, skeleton: MobileNetV3Skeleton
) -> InvertedBottleneck:
    """The block of one of the twenty slots; a stage's stride, activation and squeezing are the skeleton's."""
    stage, place = divmod(slot, STAGE_SLOTS)
    inputs, inner, outputs = channels_of_slot(width, slot, expansion, skeleton)
    return InvertedBottleneck(
        inputs,
        inner,
        outputs,
        kernel,
        1 if place else skeleton.strides[1 + stage],
        nn.Hardswish if H_SWISH[stage] else nn.ReLU,
        squeezed(inner, skeleton) if SQUEEZED[stage] else None,
    )


class MobileNetV3Network(nn.Module):
    """Images [b, 3, h, h] -> logits [b, classes] (Howard et al. 2019; Cai et al. 2020)."""

    def __init__(self, architecture: MobileNetV3Net, skeleton: MobileNetV3Skeleton):
        super().__init__()
        c = channels(architecture.width, skeleton)
        layers: list[nn.Module] = [
            ConvBN(3, c.stem, 3, skeleton.strides[0], activation=nn.Hardswish),
            FirstBlock(c.stem, c.first),
        ]
        for slot, (kernel, expansion) in enumerate(zip(architecture.kernels, architecture.expansions)):
            if kernel:
                layers.append(inverted_bottleneck(architecture.width, slot, kernel, expansion, skeleton))
        self.features = nn.Sequential(*layers, ConvBN(c.stages[-1], c.expanded, 1, activation=nn.Hardswish))
        # After the pooling, hence on one pixel; without batch normalisation and bias.
        self.mix = nn.Conv2d(c.expanded, c.mixed, 1, bias=False)
        self.classifier = nn.Linear(c.mixed, skeleton.classes)
        self._initialise()

    def _initialise(self) -> None:
        """He-normal by fan-out (Once-for-All's `he_fout`)."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.features(images))

    def head(self, features: Tensor) -> Tensor:
        """The last feature map [b, c, h', h'] -> logits [b, classes]."""
        pooled = features.mean((2, 3), keepdim=True)
        mixed = nn.functional.hardswish(self.mix(pooled))
        return self.classifier(torch.flatten(mixed, 1))
