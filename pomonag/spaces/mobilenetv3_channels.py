"""How many channels each part of a MobileNetV3 network has: what the cost table and the network are built from."""

from __future__ import annotations

from dataclasses import dataclass

from pomonag.spaces.mobilenetv3 import STAGE_SLOTS, MobileNetV3Skeleton

# Channels at width 1.0: stem, first block, five stages, final expansion, feature mix.
_BASE = (16, 16, 24, 40, 80, 112, 160, 960, 1280)
# By stage: squeeze-and-excitation, and h-swish instead of ReLU.
SQUEEZED = (False, True, False, True, True)
H_SWISH = (False, False, True, True, True)


@dataclass(frozen=True)
class Channels:
    """Channels of one width in one skeleton."""

    stem: int
    first: int
    stages: tuple[int, ...]
    expanded: int
    mixed: int


def make_divisible(channels: float, divisor: int = 8) -> int:
    """Channels rounded to a multiple of `divisor`, never below nine tenths of what was asked for.

    >>> [make_divisible(1.2 * c) for c in (16, 24, 40, 80)]
    [24, 32, 48, 96]
    """
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded


def channels(width: float, skeleton: MobileNetV3Skeleton) -> Channels:
    """The channels of an architecture of that width."""
    stem, first, *stages, expanded, mixed = (
        make_divisible(base * width * skeleton.width_scale, skeleton.divisor) for base in _BASE
    )
    return Channels(stem, first, tuple(stages), expanded, mixed)


def middle(inputs: int, expansion: int, skeleton: MobileNetV3Skeleton) -> int:
    """Channels between the two 1x1 convolutions of a block."""
    return make_divisible(inputs * expansion, skeleton.divisor)


def squeezed(middle_channels: int, skeleton: MobileNetV3Skeleton) -> int:
    """Channels inside squeeze-and-excitation."""
    return make_divisible(middle_channels // 4, skeleton.divisor)


def channels_of_slot(width: float, slot: int, expansion: int, skeleton: MobileNetV3Skeleton) -> tuple[int, int, int]:
    """Channels that the block in one of the twenty slots takes, has inside and gives."""
    stage, place = divmod(slot, STAGE_SLOTS)
    c = channels(width, skeleton)
    outputs = c.stages[stage]
    before = c.stages[stage - 1] if stage else c.first
    inputs = outputs if place else before
    return inputs, middle(inputs, expansion, skeleton), outputs
