"""Features of a MobileNetV3 network for predictors: its decisions, what they add up to by stage, and its costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pomonag.spaces.mobilenetv3 import (
    EXPANSIONS,
    KERNELS,
    STAGE_SLOTS,
    STAGES,
    MobileNetV3Net,
    slot_settings,
    width_indices,
)
from pomonag.spaces.search_space import Costs


def network_features(architectures: Sequence[MobileNetV3Net], costs: Costs) -> np.ndarray:
    """Float32 [n, 170].

    120: one-hot kernel and expansion of each slot, zeros beyond the depth. 1: width. 15: one-hot depths. 20: by stage
    the sums of expansions, kernel sides and kernel areas times expansions, and the receptive reach. 10: the first
    block's expansion and kernel of each stage, which are the only ones without a residual path. 4: logarithms and
    square roots of params and MACs.
    """
    kernels, expansions = slot_settings(architectures)
    active = kernels >= 0
    n = len(architectures)
    one_hot = [(values[..., None] == np.arange(3)).reshape(n, -1) for values in (kernels, expansions)]
    depths = active.reshape(n, STAGES, STAGE_SLOTS).sum(-1)
    side = np.array([*KERNELS, 0])[kernels].reshape(n, STAGES, STAGE_SLOTS)
    factor = np.array([*EXPANSIONS, 0])[expansions].reshape(n, STAGES, STAGE_SLOTS)
    sums = [factor.sum(-1), side.sum(-1), (side**2 * factor).sum(-1), np.maximum(side - 1, 0).sum(-1)]
    size = np.stack([costs.params, costs.macs], axis=1).astype(np.float64)
    columns = [
        *one_hot,
        width_indices(architectures)[:, None],
        (depths[..., None] == np.array([2, 3, 4])).reshape(n, -1),
        *sums,
        factor[:, :, 0],
        side[:, :, 0],
        np.log(size),
        np.sqrt(size),
    ]
    return np.concatenate(columns, axis=1).astype(np.float32)
