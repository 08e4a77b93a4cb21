"""The MobileNetV3 space of Once-for-All (Cai et al., 2020) with two widths: five stages of two to four blocks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from pomonag.errors import UserError, unknown_name
from pomonag.spaces.search_space import Blocks, Costs, Skeleton

if TYPE_CHECKING:
    from pomonag.spaces.mobilenetv3_supernet import MobileNetV3SuperNetwork

WIDTHS = (1.0, 1.2)
DEPTHS, KERNELS, EXPANSIONS = (2, 3, 4), (3, 5, 7), (3, 4, 6)
STAGES, STAGE_SLOTS = 5, 4
SLOTS = STAGES * STAGE_SLOTS
_STAGE_SIZE = sum(9**depth for depth in DEPTHS)


@dataclass(frozen=True)
class MobileNetV3Net:
    """A width, and the kernel side and expansion of twenty slots, four a stage; zero in the slots beyond the depth."""

    width: float
    kernels: tuple[int, ...]
    expansions: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.width not in WIDTHS:
            raise UserError(f"got width {self.width}; a MobileNetV3 network has width 1.0 or 1.2")
        if len(self.kernels) != SLOTS or len(self.expansions) != SLOTS:
            raise UserError(
                f"got {len(self.kernels)} kernels and {len(self.expansions)} expansions; expected {SLOTS} of each, "
                f"{STAGE_SLOTS} a stage"
            )
        for slot, (kernel, expansion) in enumerate(zip(self.kernels, self.expansions)):
            stage, place = divmod(slot, STAGE_SLOTS)
            if kernel == expansion == 0:
                if place < DEPTHS[0]:
                    raise UserError(f"got no block {place + 1} in stage {stage + 1}; the first two are mandatory")
            elif kernel not in KERNELS or expansion not in EXPANSIONS:
                raise UserError(
                    f"got kernel {kernel} and expansion {expansion} in block {place + 1} of stage {stage + 1}; "
                    f"kernels are {KERNELS}, expansions {EXPANSIONS}, both 0 beyond the depth"
                )
            elif place and not self.kernels[slot - 1]:
                raise UserError(f"got block {place + 1} of stage {stage + 1} without block {place}")

    @cached_property
    def depths(self) -> tuple[int, ...]:
        """Blocks in each of the five stages."""
        return tuple(
            sum(kernel > 0 for kernel in self.kernels[s * STAGE_SLOTS : (s + 1) * STAGE_SLOTS]) for s in range(STAGES)
        )

    def __str__(self) -> str:
        kernels, expansions = (
            ",".join(str(value) for value in values if value) for values in (self.kernels, self.expansions)
        )
        return f"w{self.width:.1f}|d{','.join(map(str, self.depths))}|k{kernels}|e{expansions}"

    def slot_string(self) -> str:
        """DiffusionNAG's string: `depth-kernel-expansion` a slot, `0-0-0` beyond the depth; without the width."""
        depths = [depth for depth in self.depths for _ in range(STAGE_SLOTS)]
        return "_".join(f"{d if k else 0}-{k}-{e}" for d, k, e in zip(depths, self.kernels, self.expansions))


@dataclass(frozen=True)
class MobileNetV3Skeleton(Skeleton):
    """Stem, one fixed block, five stages, final expansion, feature mix, classifier.

    `width_scale` multiplies all channels besides the architecture's own width, rounded to a multiple of `divisor`;
    `strides` are those of the stem and of the first block of each stage.
    """

    resolution: int = 224
    width_scale: float = 1.0
    divisor: int = 8
    strides: tuple[int, ...] = (2, 2, 2, 2, 1, 2)

    def __post_init__(self) -> None:
        if min(self.classes, self.resolution, self.divisor) < 1 or not self.width_scale > 0:
            raise UserError(f"got {self}; classes, resolution and divisor are at least 1, width_scale is above 0")
        object.__setattr__(self, "strides", tuple(self.strides))
        if len(self.strides) != 1 + STAGES or any(stride not in (1, 2) for stride in self.strides):
            raise UserError(f"got strides {self.strides}; expected six of 1 and 2, for the stem and five stages")


class MobileNetV3:
    """The MobileNetV3 space, complete."""

    name: ClassVar[str] = "mbv3"
    size: ClassVar[int] = len(WIDTHS) * _STAGE_SIZE**STAGES
    super_networks: ClassVar[tuple[str, ...]] = tuple(f"w{width:.1f}" for width in WIDTHS)
    skeleton_type = MobileNetV3Skeleton

    @cached_property
    def encodings(self) -> dict[str, Any]:
        """POMONAG's 21 x 9 with its two readings of the width row, and DiffusionNAG's 20 x 9 without it."""
        from pomonag.spaces.mobilenetv3_encoding import MobileNetV3Encoding, SlotEncoding

        return {e.name: e for e in (MobileNetV3Encoding(), MobileNetV3Encoding(strict_width=True), SlotEncoding())}

    @property
    def encoding(self) -> Any:
        """The 21 x 9 one, in which a mixed width row is read by its mean."""
        return self.encodings["pomonag"]

    def sample(self, n: int, generator: torch.Generator) -> list[MobileNetV3Net]:
        """n networks, uniform over the values of width, depths, kernels and expansions (the paper's rule).

        That is not uniform over networks: a third of the stages have depth 2, which 1 % of all stages have.
        """
        return _networks(n, lambda choices, shape: torch.randint(choices, shape, generator=generator))

    def sample_uniformly(self, n: int, generator: torch.Generator) -> list[MobileNetV3Net]:
        """n networks, uniform over the 4.35e19 of the space."""
        share = torch.tensor([9.0**depth for depth in DEPTHS]) / _STAGE_SIZE

        def draw(choices: int, shape: torch.Size) -> Tensor:
            if shape[1:] == (STAGES,):
                return torch.multinomial(share, n * STAGES, replacement=True, generator=generator).view(shape)
            return torch.randint(choices, shape, generator=generator)

        return _networks(n, draw) if n else []

    def sample_classes(self, n: int, generator: torch.Generator) -> list[MobileNetV3Net]:
        """n networks for measuring: a half by `sample`, a half spread over sizes.

        Of one width, MACs have a standard deviation of 15 % of their mean by `sample` alone, 34 to 38 % so. The other
        half draws each decision's value index i with weight exp(tilt i), one tilt in [-3, 3] for the whole network.
        """
        tilted = torch.rand(n, 1, generator=generator) < 0.5
        tilt = torch.where(tilted, 6 * torch.rand(n, 1, generator=generator) - 3, 0.0)

        def draw(choices: int, shape: torch.Size) -> Tensor:
            weight = (tilt * torch.arange(choices)).exp()
            drawn = torch.multinomial(weight, max(1, shape[1:].numel()), replacement=True, generator=generator)
            return drawn.view(shape)

        return _networks(n, draw) if n else []

    def mutate(self, architecture: MobileNetV3Net, generator: torch.Generator) -> MobileNetV3Net:
        """A copy with one decision (width, a depth, a block's kernel or expansion) set to another value.

        A block that a larger depth adds is drawn uniformly.
        """
        kernels, expansions = list(architecture.kernels), list(architecture.expansions)
        active = [slot for slot, kernel in enumerate(kernels) if kernel]

        def pick(n: int) -> int:
            return int(torch.randint(n, (1,), generator=generator))

        def other(values: tuple[int, ...], value: int) -> int:
            return values[(values.index(value) + 1 + pick(len(values) - 1)) % len(values)]

        decision = pick(1 + STAGES + 2 * len(active))
        if decision == 0:
            return replace(architecture, width=WIDTHS[1 - WIDTHS.index(architecture.width)])
        if decision <= STAGES:
            stage = decision - 1
            depth = other(DEPTHS, architecture.depths[stage])
            for place in range(DEPTHS[0], STAGE_SLOTS):
                slot = stage * STAGE_SLOTS + place
                if place >= depth:
                    kernels[slot] = expansions[slot] = 0
                elif not kernels[slot]:
                    kernels[slot], expansions[slot] = KERNELS[pick(3)], EXPANSIONS[pick(3)]
        else:
            which, kind = divmod(decision - 1 - STAGES, 2)
            slot = active[which]
            if kind:
                expansions[slot] = other(EXPANSIONS, expansions[slot])
            else:
                kernels[slot] = other(KERNELS, kernels[slot])
        return replace(architecture, kernels=tuple(kernels), expansions=tuple(expansions))

    def parse(self, text: str) -> MobileNetV3Net:
        """The network of `w1.0|d2,2,3,2,4|k3,5,...|e4,6,...`, or of DiffusionNAG's slots (`w1.2_` before them, or 1.0).

        >>> MobileNetV3().parse("w1.2|d2,2,2,2,2|k3,3,3,3,3,3,3,3,3,7|e3,3,3,3,3,3,3,3,3,6").depths
        (2, 2, 2, 2, 2)
        """
        text = text.strip()
        return _parsed_slots(text) if "_" in text else _parsed(text)

    def skeleton(self, skeleton: MobileNetV3Skeleton | None = None, **settings: Any) -> MobileNetV3Skeleton:
        """The skeleton with some fields replaced; the paper's full network by default."""
        return replace(skeleton or MobileNetV3Skeleton(), **settings)

    def cost(
        self, architectures: Sequence[MobileNetV3Net], skeleton: MobileNetV3Skeleton | None = None, **settings: Any
    ) -> Costs:
        """Exact params and MACs, summed from a table of slots (search_spaces.md section 2.4)."""
        from pomonag.spaces.mobilenetv3_costs import costs

        return costs(architectures, self.skeleton(skeleton, **settings))

    def build(
        self, architecture: MobileNetV3Net, skeleton: MobileNetV3Skeleton | None = None, **settings: Any
    ) -> nn.Module:
        """The trainable network, images [b, 3, resolution, resolution] -> logits [b, classes]."""
        from pomonag.spaces.mobilenetv3_network import MobileNetV3Network

        return MobileNetV3Network(architecture, self.skeleton(skeleton, **settings))

    def super_network(
        self, name: str, skeleton: MobileNetV3Skeleton | None = None, **settings: Any
    ) -> MobileNetV3SuperNetwork:
        """The network of one width whose weights all architectures of it share (Once-for-All)."""
        from pomonag.spaces.mobilenetv3_supernet import MobileNetV3SuperNetwork

        return MobileNetV3SuperNetwork(_width_named(name), self.skeleton(skeleton, **settings))

    def super_network_of(self, architecture: MobileNetV3Net) -> str:
        """`w1.0` or `w1.2`: one a width."""
        return f"w{architecture.width:.1f}"

    def extremes(self, name: str) -> tuple[MobileNetV3Net, MobileNetV3Net]:
        """Of the width: two blocks a stage of kernel 3 and expansion 3; four of kernel 7 and expansion 6."""
        everywhere = np.zeros((2, SLOTS), dtype=np.int64)
        everywhere[0, np.arange(SLOTS) % STAGE_SLOTS >= DEPTHS[0]] = -1
        everywhere[1] = len(KERNELS) - 1
        smallest, largest = networks_of([WIDTHS.index(_width_named(name))] * 2, everywhere, everywhere)
        return smallest, largest

    def sample_within(self, name: str, n: int, generator: torch.Generator) -> list[MobileNetV3Net]:
        """As `sample`, of one width."""
        width = _width_named(name)
        return [replace(architecture, width=width) for architecture in self.sample(n, generator)]

    def features(self, architectures: Sequence[MobileNetV3Net]) -> np.ndarray:
        """Decisions, sizes of stages and costs, float32 [b, 170]."""
        from pomonag.spaces.mobilenetv3_features import network_features

        return network_features(architectures, self.cost(architectures))

    def blocks(self, architectures: Sequence[MobileNetV3Net]) -> Blocks:
        """Kernels, expansions, depths and widths as arrays; what latency tables of blocks are asked with."""
        kernels, expansions = _slots(architectures)
        return Blocks(
            kernels=kernels,
            expansions=expansions,
            depths=(kernels > 0).reshape(-1, STAGES, STAGE_SLOTS).sum(-1),
            widths=np.array(WIDTHS)[width_indices(architectures)],
        )

    def equivalence_key(self, architecture: MobileNetV3Net) -> str:
        """The string: no two networks of the space compute the same function up to renaming."""
        return str(architecture)


def _width_named(name: str) -> float:
    """The width of a super-network."""
    if name not in MobileNetV3.super_networks:
        raise unknown_name("super-network of mbv3", name, MobileNetV3.super_networks)
    return WIDTHS[MobileNetV3.super_networks.index(name)]


def width_indices(architectures: Sequence[MobileNetV3Net]) -> np.ndarray:
    """0 for width 1.0 and 1 for width 1.2, int64 [b]."""
    return np.fromiter((a.width == WIDTHS[1] for a in architectures), dtype=np.int64, count=len(architectures))


def slot_settings(architectures: Sequence[MobileNetV3Net]) -> tuple[np.ndarray, np.ndarray]:
    """Indices of kernel and expansion among `KERNELS` and `EXPANSIONS`, int64 [b, 20] each; -1 in inactive slots."""
    kernels, expansions = _slots(architectures)
    index = np.full((2, 8), -1)
    index[0, list(KERNELS)] = index[1, list(EXPANSIONS)] = range(3)
    return index[0][kernels], index[1][expansions]


def _slots(architectures: Sequence[MobileNetV3Net]) -> tuple[np.ndarray, np.ndarray]:
    """Kernels and expansions as they stand in the networks, int64 [b, 20] each."""
    # By way of bytes: numpy reads tuples one number at a time.
    columns = ((a.kernels for a in architectures), (a.expansions for a in architectures))
    kernels, expansions = (np.frombuffer(b"".join(map(bytes, column)), np.uint8) for column in columns)
    return kernels.astype(np.int64).reshape(-1, SLOTS), expansions.astype(np.int64).reshape(-1, SLOTS)


def networks_of(widths: Sequence[int], kernels: np.ndarray, expansions: np.ndarray) -> list[MobileNetV3Net]:
    """The inverse of `width_indices` and `slot_settings`. Raises UserError as `MobileNetV3Net` does."""
    active = (kernels >= 0).reshape(-1, STAGES, STAGE_SLOTS)
    whole = active[:, :, : DEPTHS[0]].all((1, 2)) & (active[:, :, 2] >= active[:, :, 3]).all(1)
    whole &= ((kernels >= 0) == (expansions >= 0)).all(1)
    sides = _tuples(np.array([*KERNELS, 0])[kernels])
    factors = _tuples(np.array([*EXPANSIONS, 0])[expansions])
    # Checked all at once: the constructor's rules take most of the time of a hundred thousand networks.
    return [
        (_trusted if sound else MobileNetV3Net)(WIDTHS[width], side, factor)
        for width, side, factor, sound in zip(widths, sides, factors, whole.tolist())
    ]


def _tuples(slots: np.ndarray) -> Iterator[tuple[int, ...]]:
    """The rows of whole numbers [n, 20] below 256."""
    # Lists in between would keep the garbage collector busy for longer than all the rest takes.
    joined = slots.astype(np.uint8).tobytes()
    return (tuple(joined[start : start + SLOTS]) for start in range(0, len(joined), SLOTS))


def _trusted(width: float, kernels: tuple[int, ...], expansions: tuple[int, ...]) -> MobileNetV3Net:
    """A network whose settings are known to keep the rules."""
    net = object.__new__(MobileNetV3Net)
    put = object.__setattr__
    put(net, "width", width)
    put(net, "kernels", kernels)
    put(net, "expansions", expansions)
    return net


def _networks(n: int, draw: Callable[[int, torch.Size], Tensor]) -> list[MobileNetV3Net]:
    """n networks whose value indices `draw(number of choices, shape [n, decisions])` gives."""
    widths = draw(len(WIDTHS), torch.Size((n, 1)))[:, 0].tolist()
    depths = np.array(DEPTHS)[draw(len(DEPTHS), torch.Size((n, STAGES))).numpy()]
    beyond = (np.arange(STAGE_SLOTS) >= depths[..., None]).reshape(n, SLOTS)
    kernels, expansions = (draw(3, torch.Size((n, SLOTS))).numpy() for _ in range(2))
    return networks_of(widths, np.where(beyond, -1, kernels), np.where(beyond, -1, expansions))


_EXAMPLE = "expected such as w1.0|d2,2,2,2,2|k3,5,7,3,5,7,3,5,7,3|e3,4,6,3,4,6,3,4,6,3"


def _parsed(text: str) -> MobileNetV3Net:
    match = re.fullmatch(r"w(1\.0|1\.2)\|d([0-9,]+)\|k([0-9,]+)\|e([0-9,]+)", text)
    if not match:
        raise UserError(f"got {text!r}, which is no MobileNetV3 network; {_EXAMPLE}")
    try:
        depths, kernels, expansions = ([int(value) for value in match[i].split(",")] for i in (2, 3, 4))
    except ValueError:
        raise UserError(f"got {text!r} with an empty number; {_EXAMPLE}") from None
    if len(depths) != STAGES or any(depth not in DEPTHS for depth in depths):
        raise UserError(f"got depths {match[2]} in {text!r}; expected {STAGES} of {DEPTHS}")
    if not len(kernels) == len(expansions) == sum(depths):
        raise UserError(
            f"got {len(kernels)} kernels and {len(expansions)} expansions in {text!r}; "
            f"the depths ask for {sum(depths)} of each"
        )
    slots: list[list[int]] = []
    for values in (kernels, expansions):
        left = iter(values)
        slots.append([next(left) if place < depth else 0 for depth in depths for place in range(STAGE_SLOTS)])
    return MobileNetV3Net(float(match[1]), tuple(slots[0]), tuple(slots[1]))


def _parsed_slots(text: str) -> MobileNetV3Net:
    parts = text.split("_")
    width = 1.0
    if parts[0].startswith("w"):
        if parts[0] not in ("w1.0", "w1.2"):
            raise UserError(f"got width {parts[0]!r} in {text!r}; expected w1.0 or w1.2")
        width = float(parts.pop(0)[1:])
    if len(parts) != SLOTS:
        raise UserError(f"got {len(parts)} slots in {text!r}; expected {SLOTS}, such as 2-3-4 or 0-0-0")
    rows = []
    for slot, part in enumerate(parts):
        match = re.fullmatch(r"([0-9])-([0-9])-([0-9])", part)
        if not match:
            raise UserError(f"got {part!r} in slot {slot + 1} of {text!r}; expected depth-kernel-expansion")
        rows.append([int(digit) for digit in match.groups()])
    net = MobileNetV3Net(width, tuple(k for _, k, _ in rows), tuple(e for _, _, e in rows))
    for slot, (depth, kernel, _) in enumerate(rows):
        said = net.depths[slot // STAGE_SLOTS] if kernel else 0
        if depth != said:
            raise UserError(f"got depth {depth} in slot {slot + 1} of {text!r}; its stage has {said} blocks there")
    return net
