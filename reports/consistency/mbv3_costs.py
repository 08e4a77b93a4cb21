"""Exact params and MACs of Once-for-All MobileNetV3 networks, as far as the rules need them.

A convolution or linear layer counts its multiply-accumulates, squeeze-and-excitation included; biases, batch
normalisation, activations and pooling count none. Params include biases and the two of a batch normalisation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

# Channels at width 1.0: stem, first block, five stages, final expansion, feature mix. Stride and squeeze a stage.
_CHANNELS = (16, 16, 24, 40, 80, 112, 160, 960, 1280)
_STRIDES = (2, 2, 2, 1, 2)
_SQUEEZED = (False, True, False, True, True)
WIDTHS = (1.0, 1.2)
DEPTHS, KERNELS, EXPANSIONS = (2, 3, 4), (3, 5, 7), (3, 4, 6)


@dataclass(frozen=True)
class NetworkCost:
    """Exact counts of one network."""

    params: int
    macs: int

    def __add__(self, other: NetworkCost) -> NetworkCost:
        return NetworkCost(self.params + other.params, self.macs + other.macs)


@dataclass(frozen=True)
class Block:
    """Kernel side and expansion of one inverted bottleneck."""

    kernel: int
    expansion: int


def divisible(channels: float, divisor: int = 8) -> int:
    """Channels rounded to a multiple of `divisor`, never below nine tenths of what was asked for."""
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded


def channels(width: float) -> tuple[int, ...]:
    """Stem, first block, five stages, final expansion, feature mix."""
    return tuple(divisible(c * width) for c in _CHANNELS)


def cost(stages: tuple[tuple[Block, ...], ...], *, width: float, classes: int, resolution: int) -> NetworkCost:
    """The cost of a network whose five stages hold the given blocks, for square images of `resolution` pixels."""
    stem, first, *stage_channels, expanded, mixed = channels(width)
    side = -(-resolution // 2)
    total = _convolution(stem, 27, side) + _convolution(stem, 9, side) + _convolution(first, stem, side)
    source = first
    for blocks, target, stride, squeezed in zip(stages, stage_channels, _STRIDES, _SQUEEZED, strict=True):
        for position, block in enumerate(blocks):
            after = -(-side // (stride if position == 0 else 1))
            middle = source * block.expansion
            total += _convolution(middle, source, side)
            total += _convolution(middle, block.kernel**2, after)
            if squeezed:
                total += _squeeze(middle)
            total += _convolution(target, middle, after)
            source, side = target, after
    total += _convolution(expanded, source, side)
    # The feature mix has neither batch normalisation nor bias; the classifier has a bias, which costs no MAC.
    total += NetworkCost(expanded * mixed, expanded * mixed)
    return total + NetworkCost(mixed * classes + classes, mixed * classes)


@cache
def floor(width: float, classes: int, resolution: int) -> NetworkCost:
    """The smallest network: every choice raises both costs, so it has the least depth, kernel and expansion."""
    return cost(_uniform(DEPTHS[0], KERNELS[0], EXPANSIONS[0]), width=width, classes=classes, resolution=resolution)


@cache
def ceiling(width: float, classes: int, resolution: int) -> NetworkCost:
    """The largest network."""
    return cost(_uniform(DEPTHS[-1], KERNELS[-1], EXPANSIONS[-1]), width=width, classes=classes, resolution=resolution)


def head_params(width: float) -> int:
    """Params that one more class adds: a weight for each feature, and a bias."""
    return channels(width)[-1] + 1


def _uniform(depth: int, kernel: int, expansion: int) -> tuple[tuple[Block, ...], ...]:
    return tuple((Block(kernel, expansion),) * depth for _ in _STRIDES)


def _convolution(filters: int, weights_a_filter: int, side: int) -> NetworkCost:
    """A convolution without bias and the batch normalisation that follows."""
    return NetworkCost(filters * weights_a_filter + 2 * filters, filters * weights_a_filter * side**2)


def _squeeze(middle: int) -> NetworkCost:
    """Squeeze-and-excitation: two linear maps with bias on the pooled features."""
    squeezed = divisible(middle // 4)
    weights = 2 * middle * squeezed
    return NetworkCost(weights + squeezed + middle, weights)
