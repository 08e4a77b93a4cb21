"""Accuracies by table look-up: benchmarks that trained every architecture of a space once for all."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from pomonag.data.sources import data_path
from pomonag.errors import UserError, unknown_name
from pomonag.evaluation.device_latency import DeviceLatency
from pomonag.evaluation.evaluator import Evaluation, task_name
from pomonag.evaluation.space_table import numbers, read_space_table
from pomonag.spaces import EnumerableSpace, SearchSpace, Skeleton, search_space

FULL_PROTOCOL = "test_acc_200ep"
_COLUMN = re.compile(r"(?P<dataset>.+?)_(?P<protocol>(test|valid)_acc_\d+ep(_one_seed)?)")
# What the networks behind the benchmark's columns end in and start from.
_SKELETON_SETTINGS: Mapping[str, Mapping[str, int]] = {
    "cifar10": {"classes": 10, "resolution": 32},
    "cifar100": {"classes": 100, "resolution": 32},
    "imagenet16": {"classes": 120, "resolution": 16},
}


class AccuracyTable:
    """Accuracies in percent of a space's architectures, a column for each data set and protocol.

    A CSV (gzipped or not) with the column `arch_str` and columns `<dataset>_test_acc_200ep`; further protocols such as
    `<dataset>_valid_acc_12ep` are read where they exist. Arrays are [space.size] in the order of `space.enumerate()`.
    """

    def __init__(self, path: str | Path | None = None, space: SearchSpace | None = None):
        """Read `path`, by default NAS-Bench-201's `nasbench201/accuracies.csv.gz` of the data folder.

        Raises DataMissing when that is not there, UserError when the file is cut off, damaged or of another kind.
        """
        self.space = space or search_space("nb201")
        if not isinstance(self.space, EnumerableSpace):
            raise UserError(f"{self.space.name} cannot be listed whole, so there is no accuracy table of it")
        path = Path(path) if path is not None else data_path("nasbench201/accuracies.csv.gz")
        table = read_space_table(path, self.space)
        self.source, self.sha256 = table.source, table.sha256
        self._columns: dict[tuple[str, str], np.ndarray] = {}
        for name in map(str, table.rows.columns):
            if match := _COLUMN.fullmatch(name):
                numbers(table.rows, name, str(path), 0.0, 100.0, "an accuracy in percent")
                self._columns[match["dataset"], match["protocol"]] = table.column(name)
        self.datasets = tuple(dataset for dataset, protocol in self._columns if protocol == FULL_PROTOCOL)
        if not self.datasets:
            raise UserError(
                f"{path} has no column <dataset>_{FULL_PROTOCOL}; "
                f"its columns are {', '.join(map(str, table.rows.columns))}"
            )
        self.missing = table.size - len(table.positions)

    def accuracy(self, architectures: Sequence[Any], dataset: str, protocol: str = FULL_PROTOCOL) -> np.ndarray:
        """Percent, float64 [n]. Raises UserError for an architecture that has no row."""
        values = self._column(dataset, protocol)[self._enumerable.positions(architectures)]
        if np.isnan(values).any():
            missing = architectures[int(np.flatnonzero(np.isnan(values))[0])]
            raise UserError(f"{self.source} has no row for {missing} ({self.missing} architectures are missing)")
        return values

    def accuracies(self, dataset: str, protocol: str = FULL_PROTOCOL) -> np.ndarray:
        """The whole space's, percent, read-only. Raises UserError if the table does not hold the whole space."""
        if self.missing:
            raise UserError(
                f"{self.source} lacks {self.missing} of the {self._enumerable.size} architectures; figures over the "
                "whole space need a complete table. It may be cut off."
            )
        return self._column(dataset, protocol)

    def median(self, dataset: str, protocol: str = FULL_PROTOCOL) -> float:
        """The space's median accuracy: the hypervolume's reference point."""
        return float(np.median(self.accuracies(dataset, protocol)))

    def best(self, dataset: str, protocol: str = FULL_PROTOCOL) -> float:
        """The space's highest accuracy."""
        return float(self.accuracies(dataset, protocol).max())

    def mean_over_datasets(self) -> np.ndarray:
        """The mean of the 200-epoch accuracies over the data sets that the table has: the paper's ranking (App. A)."""
        return np.mean([self.accuracies(dataset) for dataset in self.datasets], axis=0)

    @property
    def _enumerable(self) -> EnumerableSpace:
        return cast(EnumerableSpace, self.space)

    def _column(self, dataset: str, protocol: str) -> np.ndarray:
        if dataset not in self.datasets:
            raise unknown_name("data set of the table", dataset, self.datasets)
        if (dataset, protocol) not in self._columns:
            known = [p for d, p in self._columns if d == dataset]
            raise unknown_name(f"protocol of {dataset}", protocol, known)
        return self._columns[dataset, protocol]


class TabularEvaluator:
    """Evaluations by look-up. The table holds means over the benchmark's own seeds, so `seed` changes nothing."""

    def __init__(
        self,
        table: AccuracyTable,
        *,
        protocol: str = FULL_PROTOCOL,
        latency: DeviceLatency | None = None,
        skeleton: Skeleton | None = None,
    ):
        """`skeleton` gives the costs' classes and resolution for data sets other than the benchmark's three."""
        self.table, self.protocol, self.latency, self._skeleton = table, protocol, latency, skeleton

    def evaluate(self, architecture: Any, task: Any, seed: int = 0) -> Evaluation:
        """The table's accuracy, the exact costs, and the device's latency (None where it was not timed)."""
        dataset = task_name(task)
        accuracy = float(self.table.accuracy([architecture], dataset, self.protocol)[0])
        costs = self.table.space.cost([architecture], self.skeleton(dataset))
        latency = None if self.latency is None else float(self.latency([architecture])[0])
        return Evaluation(
            accuracy=accuracy,
            loss=None,
            params=int(costs.params[0]),
            macs=int(costs.macs[0]),
            latency_ms=None if latency is None or np.isnan(latency) else latency,
            seconds=0.0,
            provenance={
                "evaluator": "tabular",
                "table": self.table.source,
                "sha256": self.table.sha256,
                "column": f"{dataset}_{self.protocol}",
                "latency": None if self.latency is None else self.latency.source,
            },
        )

    def skeleton(self, dataset: str) -> Skeleton:
        """The full network behind a data set's column."""
        if self._skeleton is not None:
            return self._skeleton
        if dataset not in _SKELETON_SETTINGS:
            raise UserError(
                f"the number of classes of {dataset!r} is not known, so its costs are not; give TabularEvaluator a "
                "skeleton with classes and resolution"
            )
        return self.table.space.skeleton_type(**_SKELETON_SETTINGS[dataset])
