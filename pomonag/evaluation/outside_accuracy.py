"""Accuracies from outside that the labels of short trainings are held against, by search space."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pomonag.data.sources import data_path
from pomonag.errors import unknown_name
from pomonag.evaluation.ofa_accuracy import predicted_imagenet_accuracy
from pomonag.evaluation.space_table import read_csv
from pomonag.spaces import search_space

Folder = str | os.PathLike[str] | None


def one_group(architecture: str) -> str:
    """All architectures can be compared."""
    return ""


def _width(network: str) -> str:
    return network.partition("|")[0]


@dataclass(frozen=True)
class OutsideAccuracy:
    """`accuracies(architecture strings, data folder)` in percent by string, without those it does not know.

    `group` names, for an architecture, those that it can be compared with: it knows nothing that sets groups apart.
    Raises DataMissing where its file is not there.
    """

    name: str
    accuracies: Callable[[Sequence[str], Folder], pd.Series]
    group: Callable[[str], str] = one_group


def outside_accuracy(space: str) -> OutsideAccuracy:
    """That of a search space. UserError for a space that has none."""
    if space not in _OUTSIDE:
        raise unknown_name("space with an outside accuracy", space, _OUTSIDE)
    return _OUTSIDE[space]


def _benchmark(architectures: Sequence[str], data_dir: Folder) -> pd.Series:
    """Those without a path from input to output are left out: all of them stand at chance."""
    rows, _ = read_csv(data_path("nasbench201/accuracies.csv.gz", data_dir))
    table = rows.set_index("arch_str")["cifar10_test_acc_200ep"]
    return table[table > 10.01].reindex(pd.unique(pd.Series(architectures, dtype=str))).dropna()


def _once_for_all(architectures: Sequence[str], data_dir: Folder) -> pd.Series:
    names = pd.unique(pd.Series(architectures, dtype=str))
    networks: list[Any] = [search_space("mbv3").parse(name) for name in names]
    return pd.Series(predicted_imagenet_accuracy(networks, data_dir=data_dir), index=names)


_OUTSIDE = {
    "nb201": OutsideAccuracy("200-epoch CIFAR-10", _benchmark),
    "mbv3": OutsideAccuracy("Once-for-All's predicted ImageNet within each width", _once_for_all, _width),
}
