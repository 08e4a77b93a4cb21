"""MobileNetV3 networks as matrices: POMONAG's 21 x 9 with a width row, DiffusionNAG's 20 x 9 without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from pomonag.errors import UserError, unknown_name
from pomonag.spaces.encoding import Invalid, RowPatterns, quantise
from pomonag.spaces.mobilenetv3 import (
    DEPTHS,
    SLOTS,
    STAGE_SLOTS,
    STAGES,
    MobileNetV3Net,
    networks_of,
    slot_settings,
    width_indices,
)

_SETTINGS = 9
# Column 3 * expansion + kernel (POMONAG) <-> 3 * kernel + expansion (DiffusionNAG); its own inverse.
COLUMN_EXCHANGE = (0, 3, 6, 1, 4, 7, 2, 5, 8)


@dataclass(frozen=True)
class SlotEncoding:
    """20 x 9: a row a slot, kernel-major columns, a zero row beyond the depth. It holds no width: decoded as 1.0."""

    name: ClassVar[str] = "diffusionnag"
    num_nodes: ClassVar[int] = SLOTS
    num_operations: ClassVar[int] = _SETTINGS

    @cached_property
    def attention_mask(self) -> Tensor:
        """The release's chain i -> i + 1 over all slots, float [20, 20], row = from."""
        return torch.diag(torch.ones(SLOTS - 1), 1)

    @property
    def categories(self) -> Tensor:
        """The zero row and the nine one-hot rows, float [10, 9]."""
        return torch.cat([torch.zeros(1, _SETTINGS), torch.eye(_SETTINGS)])

    @cached_property
    def patterns(self) -> tuple[RowPatterns, ...]:
        """Each stage's rows with its three depths."""
        return _depth_patterns(first_row=0, categories=len(self.categories))

    def encode(self, architectures: Sequence[MobileNetV3Net]) -> Tensor:
        """Float32 [b, 20, 9]."""
        return _block_rows(architectures)[:, :, COLUMN_EXCHANGE]

    def decode(self, x: Tensor, rule: str = "threshold") -> list[MobileNetV3Net | Invalid]:
        """x [b, 20, 9] in [0, 1] -> a network of width 1.0 or an `Invalid` each."""
        _check(x, self.num_nodes)
        return _decoded(x[:, :, COLUMN_EXCHANGE], np.zeros(len(x), dtype=np.int64), rule, first_row=0)


@dataclass(frozen=True)
class MobileNetV3Encoding:
    """21 x 9: the width row (nine zeros: 1.0, nine ones: 1.2), then twenty slots with expansion-major columns.

    The paper does not say how a mixed width row is read: by default by its mean, 1.2 from 0.5 on, so that it is never
    invalid; with `strict_width` it is, as `width_row_mixed`.
    """

    strict_width: bool = False
    num_nodes: ClassVar[int] = 1 + SLOTS
    num_operations: ClassVar[int] = _SETTINGS

    @property
    def name(self) -> str:
        """`pomonag`, or `pomonag_strict`."""
        return "pomonag_strict" if self.strict_width else "pomonag"

    @cached_property
    def attention_mask(self) -> Tensor:
        """The chain over the slots, and the width row to and from each of them; float [21, 21], row = from."""
        mask = torch.zeros(1 + SLOTS, 1 + SLOTS)
        mask[0, 1:] = mask[1:, 0] = 1.0
        mask[1:, 1:] = torch.diag(torch.ones(SLOTS - 1), 1)
        return mask

    @property
    def categories(self) -> Tensor:
        """Zeros, the nine one-hot rows and ones, float [11, 9]; ones occur in the width row alone."""
        return torch.cat([torch.zeros(1, _SETTINGS), torch.eye(_SETTINGS), torch.ones(1, _SETTINGS)])

    @cached_property
    def patterns(self) -> tuple[RowPatterns, ...]:
        """Each stage's rows with its three depths; and the width row, which is zeros or ones."""
        width = torch.zeros(1, 1, len(self.categories), dtype=torch.bool)
        width[..., [0, -1]] = True
        return (RowPatterns((0,), width), *_depth_patterns(first_row=1, categories=len(self.categories)))

    def encode(self, architectures: Sequence[MobileNetV3Net]) -> Tensor:
        """Float32 [b, 21, 9]."""
        width = torch.from_numpy(width_indices(architectures)).float()
        return torch.cat([width[:, None, None].expand(-1, 1, _SETTINGS), _block_rows(architectures)], dim=1)

    def decode(self, x: Tensor, rule: str = "threshold") -> list[MobileNetV3Net | Invalid]:
        """x [b, 21, 9] in [0, 1] -> a network or an `Invalid` each; the width row's own rule is checked last."""
        _check(x, self.num_nodes)
        wide = x[:, 0].mean(-1) >= 0.5
        decoded = _decoded(x[:, 1:], wide.long().numpy(), rule, first_row=1)
        if self.strict_width and rule == "threshold":
            bits = quantise(x[:, 0]).sum(-1)
            for i in torch.nonzero((bits > 0) & (bits < _SETTINGS))[:, 0].tolist():
                if not isinstance(decoded[i], Invalid):
                    decoded[i] = Invalid(0, "width_row_mixed")
        return decoded


def _depth_patterns(first_row: int, categories: int) -> tuple[RowPatterns, ...]:
    active = torch.zeros(categories, dtype=torch.bool)
    active[1 : 1 + _SETTINGS] = True
    inactive = torch.zeros(categories, dtype=torch.bool)
    inactive[0] = True
    depths = torch.stack(
        [torch.stack([active if s < depth else inactive for s in range(STAGE_SLOTS)]) for depth in DEPTHS]
    )
    starts = (first_row + stage * STAGE_SLOTS for stage in range(STAGES))
    return tuple(RowPatterns(tuple(range(start, start + STAGE_SLOTS)), depths) for start in starts)


def _check(x: Tensor, nodes: int) -> None:
    if x.dim() != 3 or x.shape[1:] != (nodes, _SETTINGS):
        raise UserError(f"got matrices of shape {list(x.shape)}; this encoding has [b, {nodes}, {_SETTINGS}]")


def _block_rows(architectures: Sequence[MobileNetV3Net]) -> Tensor:
    """Float32 [b, 20, 9], expansion-major."""
    kernels, expansions = slot_settings(architectures)
    setting = torch.from_numpy(np.where(kernels < 0, _SETTINGS, 3 * expansions + kernels))
    return nn.functional.one_hot(setting, _SETTINGS + 1)[..., :_SETTINGS].float()


def _decoded(x: Tensor, widths: np.ndarray, rule: str, first_row: int) -> list[MobileNetV3Net | Invalid]:
    """Block rows [b, 20, 9], expansion-major -> networks, or the first rule that is broken, in the release's order."""
    if rule == "arg_max":
        # Slots 3 and 4 of a stage exist if their largest entry reaches 0.5, and slot 4 not without slot 3.
        active = (x.amax(-1) >= 0.5).view(-1, STAGES, STAGE_SLOTS)
        active[:, :, :2] = True
        active[:, :, 3] &= active[:, :, 2]
        invalid: dict[int, Invalid] = {}
        active, setting = active.view(-1, SLOTS), x.argmax(-1)
    elif rule == "threshold":
        bits = quantise(x)
        ones = bits.sum(-1)
        active, setting = ones > 0, bits.argmax(-1)
        invalid = _broken(ones, first_row)
    else:
        raise unknown_name("decoding rule", rule, ["threshold", "arg_max"])
    valid = [i for i in range(len(x)) if i not in invalid]
    chosen = torch.where(active, setting, -1)[valid].numpy()
    kernels, expansions = np.where(chosen < 0, -1, chosen % 3), np.where(chosen < 0, -1, chosen // 3)
    networks = iter(networks_of(widths[valid].tolist(), kernels, expansions))
    return [invalid[i] if i in invalid else next(networks) for i in range(len(x))]


def _broken(ones: Tensor, first_row: int) -> dict[int, Invalid]:
    """The invalid ones among matrices whose rows hold `ones` [b, 20] ones, by position."""
    staged = ones.view(-1, STAGES, STAGE_SLOTS)
    missing = torch.zeros_like(staged, dtype=torch.bool)
    missing[:, :, :2] = staged[:, :, :2] == 0
    gap = torch.zeros_like(missing)
    gap[:, :, 2] = (staged[:, :, 2] == 0) & (staged[:, :, 3] > 0)
    found: dict[int, Invalid] = {}
    for rule, rows in (
        ("multiple_operations", ones > 1),
        ("mandatory_block_missing", missing.flatten(1)),
        ("gap_in_stage", gap.flatten(1)),
    ):
        first = rows.int().argmax(1)
        for i in torch.nonzero(rows.any(1))[:, 0].tolist():
            found.setdefault(i, Invalid(first_row + int(first[i]), rule))
    return found
