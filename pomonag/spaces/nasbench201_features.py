"""Features of a NAS-Bench-201 cell for predictors: its operations, and what its paths from input to output compute.

Paths that `none` cuts do not exist and `skip_connect` adds nothing to a path, so isomorphic cells have nearly equal
path features (path encodings: White et al., BANANAS, 2021).
"""

from __future__ import annotations

import itertools

import numpy as np

from pomonag.spaces.nasbench201 import CONV_1X1, CONV_3X3, NONE, OPERATIONS, POOL, SKIP

# Edges, in string order, of the four paths 0-3, 0-1-3, 0-2-3 and 0-1-2-3.
_PATHS = ((3,), (0, 4), (1, 5), (0, 2, 5))
_DIGIT = np.array([0, 0, 1, 2, 3])  # none (unused), skip (adds no digit), the three operations that compute
_CODES = [
    sum(digit * 4**place for place, digit in enumerate(reversed(word)))
    for length in range(4)
    for word in itertools.product((1, 2, 3), repeat=length)
]


def cell_features(operations: np.ndarray) -> np.ndarray:
    """Operation indices [n, 6] -> float32 [n, 81].

    30: one-hot operations. 40: how many live paths compute each word over {1x1, 3x3, pool} of length 0..3. 5: live
    edges by operation. 6: live paths; the fewest, most and mean convolutions on one; the most 3x3 on one; a pure skip.
    """
    n = len(operations)
    one_hot = np.eye(len(OPERATIONS))[operations].reshape(n, -1)
    words = np.zeros((n, 64))
    live_edges = np.zeros(operations.shape, dtype=bool)
    alive = np.stack([(operations[:, path] != NONE).all(1) for path in _PATHS], axis=1)
    convolutions = np.stack([np.isin(operations[:, path], (CONV_1X1, CONV_3X3)).sum(1) for path in _PATHS], axis=1)
    threes = np.stack([(operations[:, path] == CONV_3X3).sum(1) for path in _PATHS], axis=1)
    for i, path in enumerate(_PATHS):
        code = np.zeros(n, dtype=int)
        for edge in path:
            op = operations[:, edge]
            code = np.where(op == SKIP, code, code * 4 + _DIGIT[op])
        np.add.at(words, (np.arange(n), code), alive[:, i])
        live_edges[:, path] |= alive[:, i, None]
    live_operations = np.stack([((operations == op) & live_edges).sum(1) for op in range(POOL + 1)], axis=1)
    paths = alive.sum(1)
    summary = np.stack(
        [
            paths,
            np.where(alive, convolutions, 9).min(1) * (paths > 0),
            (convolutions * alive).max(1),
            (convolutions * alive).sum(1) / np.maximum(paths, 1),
            (threes * alive).max(1),
            words[:, 0] > 0,
        ],
        axis=1,
    )
    return np.hstack([one_hot, words[:, _CODES], live_operations, summary]).astype(np.float32)
