"""How far accuracies with a super-network's weights can be believed: against themselves, and against trainings."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr
from torch.nn import functional as F

from pomonag.data.pools import Track, silently
from pomonag.data.tasks import is_held_out, task
from pomonag.errors import UserError
from pomonag.evaluation.protocols import lite_protocol
from pomonag.evaluation.supernet import SupernetEvaluator, of_classes
from pomonag.meta_dataset.plan import lite_plan
from pomonag.records.seeds import seed_of

FEWEST_ROWS = 10
_SPLITS = 20
POOLED = "pooled"


@dataclass(frozen=True)
class _Outcome:
    """One sub-network on all test images: right or wrong and loss of each [n]; accuracy and loss on tasks, by name."""

    part: str
    macs: int
    right: np.ndarray
    losses: np.ndarray
    on_tasks: dict[str, tuple[float, float]]


def planned_sub_networks(space: Any, part: str, count: int) -> list[str]:
    """The first architectures of a super-network that the lite meta-dataset trains from scratch, on training tasks."""
    chosen: dict[str, None] = {}
    for row in lite_plan(space.name).rows():
        if len(chosen) == count:
            break
        if not is_held_out(row.task) and space.super_network_of(space.parse(row.architecture)) == part:
            chosen[row.architecture] = None
    return list(chosen)


def supernet_reliability(
    evaluator: SupernetEvaluator,
    parts: Sequence[str],
    rows: pd.DataFrame | None,
    sub_networks: int = 100,
    seed: int = 0,
    track: Track = silently,
) -> dict[str, Any]:
    """Rank correlations over `sub_networks` of each super-network in `parts`, one by one and pooled; JSON types.

    `split_half`: Spearman of the sub-networks' accuracies (losses) on two halves of the test images of all training
    classes, mean over 20 splits of each class; `spearman_brown` what it says of all images. `from_scratch`: Spearman
    with `rows` of the lite meta-dataset: the accuracy on a row's task by a training, and by inherited weights with the
    classes of no task but that one, both less their task's mean; `macs` is what the MACs alone reach there. None where
    fewer than ten rows have one of the sub-networks. Rows of held-out tasks and of other protocols are left out.
    """
    if sub_networks < 4:
        raise UserError(f"got {sub_networks} sub-networks; a rank correlation needs at least four")
    started, cpu = time.perf_counter(), time.thread_time()
    space = evaluator.space
    labels = _labels(rows, space.name)
    outcomes: dict[str, _Outcome] = {}
    asked = [(part, text) for part in parts for text in planned_sub_networks(space, part, sub_networks)]
    test_labels = np.empty(0)
    for part, text in track(asked, "sub-networks", len(asked)):
        architecture = space.parse(text)
        tasks = labels.loc[labels["architecture"] == text, "task"].unique()
        outcomes[text], test_labels = _outcome(evaluator, architecture, part, tasks, seed)
    joined = _joined(labels, outcomes)
    groups = {part: _group(list(outcomes.values()), joined, part, test_labels) for part in parts}
    if len(parts) > 1:
        groups[POOLED] = _group(list(outcomes.values()), joined, None, test_labels)
    return {
        "space": space.name,
        "sub_networks": sub_networks,
        "test_images": len(test_labels),
        "weights": {part: evaluator.super_network(part).hash for part in parts},
        "groups": groups,
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.thread_time() - cpu,
    }


def _labels(rows: pd.DataFrame | None, space: str) -> pd.DataFrame:
    """Task, architecture and the mean labels over seeds, of training tasks and the lite protocol."""
    columns = ["task", "architecture", "accuracy", "loss"]
    if rows is None:
        return pd.DataFrame(columns=columns)
    kept = rows[(rows["protocol"] == lite_protocol(space).hash) & ~rows["held_out"].astype(bool)]
    return kept.groupby(["task", "architecture"], as_index=False)[["accuracy", "loss"]].mean()[columns]


def _outcome(
    evaluator: SupernetEvaluator, architecture: Any, part: str, tasks: Sequence[str], seed: int
) -> tuple[_Outcome, np.ndarray]:
    logits, labels, known = evaluator.logits_of_all_classes(architecture, seed)
    on_tasks = {}
    for name in tasks:
        classes = task(name).classes
        place = torch.full((len(known),), -1)
        place[[known.index(one) for one in classes]] = torch.arange(len(classes))
        mine = place[labels] >= 0
        masked, truth = of_classes(logits[mine], known, classes), place[labels[mine]]
        accuracy = 100.0 * float((masked.argmax(1) == truth).double().mean())
        on_tasks[name] = accuracy, float(F.cross_entropy(masked, truth))
    macs = int(evaluator.space.cost([architecture], **evaluator.full_network).macs[0])
    right = (logits.argmax(1) == labels).numpy()
    losses = F.cross_entropy(logits, labels, reduction="none").numpy()
    return _Outcome(part, macs, right, losses, on_tasks), labels.numpy()


def _joined(labels: pd.DataFrame, outcomes: dict[str, _Outcome]) -> pd.DataFrame:
    """One line a sub-network that was trained from scratch: labels and inherited ones less their task's mean.

    Anchors, which every task has, are means over tasks.
    """
    inherited = pd.DataFrame(
        [
            {"task": name, "architecture": text, "part": one.part, "macs": one.macs, "own_accuracy": found[0],
             "own_loss": found[1]}
            for text, one in outcomes.items() for name, found in one.on_tasks.items()
        ],
        columns=["task", "architecture", "part", "macs", "own_accuracy", "own_loss"],
    )  # fmt: skip
    both = inherited.merge(labels, on=["task", "architecture"])
    measured = ["accuracy", "loss", "own_accuracy", "own_loss"]
    both[measured] -= both.groupby("task")[measured].transform("mean")
    # A task with one row says nothing of it: what is left of its labels is 0.
    both = both[both.groupby("task")["architecture"].transform("size") > 1]
    return both.groupby(["part", "architecture", "macs"], as_index=False)[measured].mean()


def _group(outcomes: list[_Outcome], joined: pd.DataFrame, part: str | None, labels: np.ndarray) -> dict[str, Any]:
    """The figures of one super-network, or of all."""
    mine = [one for one in outcomes if part in (None, one.part)]
    trained = joined if part is None else joined[joined["part"] == part]
    right, losses = (np.stack([getattr(one, what) for one in mine]) for what in ("right", "losses"))
    found: dict[str, Any] = {"sub_networks": len(mine)}
    for name, values, factor in (("accuracy", right, 100.0), ("loss", losses, 1.0)):
        halves = _split_half(values, labels)
        of_each = factor * values.mean(1)
        found[name] = {
            "mean": float(of_each.mean()),
            "sd": float(of_each.std(ddof=1)),
            "split_half": halves,
            "spearman_brown": 2 * halves / (1 + halves),
            "macs": _spearman([one.macs for one in mine], of_each),
        }
    found["from_scratch"] = None
    if len(trained) >= FEWEST_ROWS:
        found["from_scratch"] = {
            "sub_networks": len(trained),
            "accuracy": _spearman(trained["own_accuracy"], trained["accuracy"]),
            "loss": _spearman(trained["own_loss"], trained["loss"]),
            "macs": _spearman(trained["macs"], trained["accuracy"]),
        }
    return found


def _split_half(values: np.ndarray, labels: np.ndarray) -> float:
    """Mean over splits of the rank correlation of row means on two halves of the columns [n], each class halved."""
    found = []
    for split in range(_SPLITS):
        order = np.random.default_rng(seed_of("split half", split)).permutation(len(labels))
        by_class = order[np.argsort(labels[order], kind="stable")]
        found.append(_spearman(values[:, by_class[::2]].mean(1), values[:, by_class[1::2]].mean(1)))
    return float(np.mean(found))


def _spearman(a: Any, b: Any) -> float:
    """0 where one side has a single value: it ranks nothing."""
    return float(spearmanr(a, b).statistic) if min(np.ptp(a), np.ptp(b)) > 0 else 0.0
