"""Made-up rows whose accuracy is known to the last digit: class effects, 3x3 convolutions, a block's level, noise."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import torch

from pomonag.spaces import search_space

SPACE = search_space("nb201")
CLASSES = 40


def write_rows(folder, n=240, seed=0, noise=0.3, tasks=60, name="train"):
    """`<name>.csv.gz` with n rows (a sixth of them of block 1) and, beside it, tasks.csv.gz; the path of the rows."""
    random = np.random.default_rng(seed)
    effect = np.random.default_rng(99).normal(0, 1.5, CLASSES)
    bags = np.stack([np.random.default_rng(1000 + i).permutation(CLASSES)[:20] for i in range(tasks)])
    cells = SPACE.sample(n, torch.Generator().manual_seed(seed))
    task = random.integers(0, tasks, n)
    block = (np.arange(n) >= n - n // 6).astype(int)
    threes = np.array([str(cell).count("nor_conv_3x3") for cell in cells])
    accuracy = 73 + effect[bags[task]].sum(1) / 2 + 1.5 * threes - 17 * block + random.normal(0, noise, n)
    table = pd.DataFrame({
        "row": np.where(block == 1, 4152, 0) + np.arange(n),
        "block": block,
        "task": task,
        "arch_str": [str(cell) for cell in cells],
        "acc": np.where(block == 0, np.round(accuracy * 5) / 5, np.round(accuracy, 2)),
    })  # fmt: skip
    classes = pd.DataFrame({"task": range(tasks)} | {f"class_{i:02d}": bags[:, i] + 1 for i in range(20)})
    folder.mkdir(parents=True, exist_ok=True)
    save(classes, folder / "tasks.csv.gz")
    return save(table, folder / f"{name}.csv.gz")


def save(table, path):
    """Writes the table as a gzipped CSV; its path."""
    with gzip.open(path, "wt", compresslevel=1) as file:
        table.to_csv(file, index=False)
    return path
