"""Where the accuracy predictors' labels come from, and which of them a checkpoint set may have seen.

Sets, by space: `shipped` serves users; on nb201 it has seen both NAS-Bench-201 tables, on mbv3 this project's own
trainings alone. `without_<dataset>` never saw that data set's accuracies (leave one out) and is what the report judges
by that data set's table; only its hyper-parameters (features, weight decay, the weights of the sources) were chosen by
how well such sets rank both tables. `lite_rows`, `training_free` and `params_only` show what each cheaper source is
worth alone, `own_measurements` what lite rows and training-free scores are worth together, without any published
accuracy; it asks the shipped set `lite_rows`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from pomonag.data.sources import data_path
from pomonag.data.tasks import task
from pomonag.errors import unknown_name
from pomonag.evaluation.tabular import AccuracyTable
from pomonag.meta_dataset.schema import meta_dataset
from pomonag.meta_dataset.training_free import VOTERS, vote
from pomonag.meta_dataset.training_free_table import shipped_scores
from pomonag.predictors.accuracy_scale import normal_scores
from pomonag.predictors.embeddings import embed_task, load_embedding
from pomonag.predictors.own_measurements import own_vote
from pomonag.predictors.real_rows import TaskClasses, read_real_rows
from pomonag.records.seeds import seed_of
from pomonag.spaces.search_space import SearchSpace

LEAVE_ONE_OUT_ROWS = 1000  # uniformly drawn rows of the other data set's table


@dataclass(frozen=True)
class LabelledTask:
    """Architectures with labels on one data set.

    `scores` [n] are what is learned (normal quantiles of the rank); `accuracy` [n] in percent where the labels are
    accuracies of this data set, for the scale of percentages. `weight` is that of each row in the loss.
    """

    name: str
    protocol: str
    architectures: list[Any]
    scores: np.ndarray
    accuracy: np.ndarray | None = None
    embedding: Tensor | None = None
    weight: float = 1.0


def supervision(set_name: str, space: SearchSpace) -> list[LabelledTask]:
    """The labelled tasks of a checkpoint set. Raises DataMissing where its tables are not there."""
    if set_name not in SETS[space.name]:
        raise unknown_name(f"checkpoint set of {space.name}", set_name, SETS[space.name])
    return SETS[space.name][set_name](space)


def table_task(space: SearchSpace, dataset: str, rows: int | None) -> LabelledTask:
    """200-epoch accuracies of a benchmark's table: all, or `rows` drawn uniformly by name."""
    table = AccuracyTable(space=space)
    accuracy = table.accuracies(dataset)
    picked = np.arange(len(accuracy))
    if rows is not None:
        generator = torch.Generator().manual_seed(seed_of("table rows", dataset, rows))
        picked = torch.randperm(len(accuracy), generator=generator)[:rows].numpy()
    cells = table.space.enumerate()  # type: ignore[attr-defined]
    labels = accuracy[picked]
    return LabelledTask(
        dataset, "full", [cells[i] for i in picked], normal_scores(labels), labels, load_embedding(dataset)
    )


def lite_tasks(space: SearchSpace) -> list[LabelledTask]:
    """Our own reduced trainings, a task each; held-out tasks are never learned from."""
    rows = meta_dataset(space.name)
    rows = rows[(rows["seed"] == 0) & ~rows["held_out"]]
    found = []
    for name, group in rows.groupby("task"):
        accuracy = group["accuracy"].to_numpy()
        architectures = [space.parse(text) for text in group["architecture"]]
        # Loss separates architectures better than accuracy on a few hundred test images; the mean of both ranks
        # is the less noisy label.
        scores = (normal_scores(accuracy) + normal_scores(-group["loss"].to_numpy())) / 2
        embedding = embed_task(task(str(name)))
        found.append(LabelledTask(str(name), "lite", architectures, scores, accuracy, embedding))
    return found


def imagenet32_tasks(space: SearchSpace) -> list[LabelledTask]:
    """MetaD2A's 4,230 rows: accuracies on 20-class tasks whose images are not to be had.

    Most tasks have one or two rows, so what counts is the residual after a ridge regression on the task's class ids,
    predicted out of fold, in each of the two blocks (two training protocols) by itself. Architectures explain little
    of it and are biased to good ones: at a weight of 0.02 they cost 0.02 of the rank correlation with the tables.
    """
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import cross_val_predict

    classes = TaskClasses(data_path("meta_dataset_nb201/tasks.csv.gz"))
    rows = read_real_rows(data_path("meta_dataset_nb201/train.csv.gz"), classes, space)
    found = []
    for block in np.unique(rows.block):
        part = rows.take(np.flatnonzero(rows.block == block))
        bags = part.classes.astype(np.float64)
        residual = part.accuracy - cross_val_predict(Ridge(10.0), bags, part.accuracy, cv=10)
        scores = 0.5 * normal_scores(residual)
        found.append(LabelledTask(f"imagenet32-{block}", "full", list(part.architectures), scores, weight=0.002))
    return found


def proxy_tasks(space: SearchSpace, labels: Callable[[str], ArrayLike]) -> list[LabelledTask]:
    """A task for each data set, labelled by the ranks of `labels(dataset)` over the rows of `shipped_scores`."""
    architectures = [space.parse(text) for text in shipped_scores(space.name)["architecture"]]
    return [
        LabelledTask(
            dataset,
            "proxy",
            architectures,
            normal_scores(np.asarray(labels(dataset))),
            embedding=load_embedding(dataset),
        )
        for dataset in ("cifar10", "cifar100")
    ]


def _training_free(space: SearchSpace) -> list[LabelledTask]:
    # The same for both data sets: NASWOT of CIFAR-10's and of CIFAR-100's images ranks architectures alike (0.9996).
    table = shipped_scores(space.name)
    return proxy_tasks(space, lambda dataset: vote({name: table[name] for name in VOTERS}))


def _shipped(space: SearchSpace) -> list[LabelledTask]:
    tables = [table_task(space, dataset, None) for dataset in ("cifar10", "cifar100")]
    return [*tables, *imagenet32_tasks(space), *lite_tasks(space)]


def _without(dataset: str) -> Callable[[SearchSpace], list[LabelledTask]]:
    other = {"cifar10": "cifar100", "cifar100": "cifar10"}[dataset]
    return lambda space: [
        table_task(space, other, LEAVE_ONE_OUT_ROWS),
        *imagenet32_tasks(space),
        *lite_tasks(space),
    ]


SETS: dict[str, dict[str, Callable[[SearchSpace], list[LabelledTask]]]] = {
    "nb201": {
        "shipped": _shipped,
        "without_cifar10": _without("cifar10"),
        "without_cifar100": _without("cifar100"),
        "lite_rows": lite_tasks,
        "training_free": _training_free,
        "own_measurements": lambda space: proxy_tasks(space, partial(own_vote, space)),
        "params_only": lambda space: proxy_tasks(space, lambda dataset: shipped_scores(space.name)["params"]),
    },
    # No table of fully trained MobileNetV3 networks is to be had on data sets like a user's.
    "mbv3": {"shipped": lite_tasks},
}
