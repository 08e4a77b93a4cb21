"""What Figure 2 shows: four metrics over a meta-dataset, and what the same space reaches after 200 epochs."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from pomonag.data.sources import DataMissing
from reports.paper_figures.missing import Missing

SPACES = {"nb201": "NASBench201", "mbv3": "MobileNetV3"}
# Our column, its axis, and by what it is divided.
METRICS = {
    "accuracy": ("accuracy", "accuracy after a lite training, %", 1.0),
    "params": ("params", "params, M", 1e6),
    "macs": ("macs", "MACs, M", 1e6),
    "latency": ("latency_ms", "latency on the measuring machine, ms", 1.0),
}


@dataclass(frozen=True, eq=False)
class Distribution:
    """Values [n] of one metric, and the words on its axis and under its picture."""

    id: str
    label: str
    title: str
    values: np.ndarray

    @property
    def statistics(self) -> dict[str, float]:
        """n, mean, standard deviation, and the quartiles."""
        quartiles = np.quantile(self.values, [0.0, 0.25, 0.5, 0.75, 1.0])
        return {
            "n": len(self.values),
            "mean": float(self.values.mean()),
            "sd": float(self.values.std(ddof=1)),
            **dict(zip(("min", "25 %", "median", "75 %", "max"), quartiles.tolist())),
        }


def distribution(space: str, metric: str) -> Distribution | Missing:
    """A histogram of the shipped meta-dataset of a space: every measured row counts once."""
    from pomonag.meta_dataset.schema import SHIPPED, meta_dataset, shard_paths  # Pandas: not for whoever only lists

    if not shard_paths(SHIPPED / space):
        return Missing(f"no measured rows of {space} ship with this version")
    column, label, unit = METRICS[metric]
    values = meta_dataset(space)[column].dropna().to_numpy(float) / unit
    return Distribution(f"figure2-{space}-{metric}", label, f"{SPACES[space]}, {label.split(',')[0]}", values)


@functools.cache
def after_200_epochs(dataset: str, label: str) -> Distribution | Missing:
    """The 200-epoch accuracies of all 15,625 architectures: the scale that lite labels do not have."""
    from pomonag.evaluation.tabular import AccuracyTable
    from pomonag.spaces import search_space

    try:
        values = AccuracyTable(space=search_space("nb201")).accuracies(dataset)
    except DataMissing as error:
        return Missing("the table of 200-epoch accuracies is not here", str(error))
    title = f"{label}: all of NASBench201 after 200 epochs"
    return Distribution(f"figure2-table-{dataset}", f"accuracy on {label} by table, %", title, np.asarray(values))
