"""Reduced trainings that a suite asks for, each made once: kept in the cache folder, whatever ends the run."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pomonag.evaluation.protocols import lite_protocol
from pomonag.evaluation.trained import TrainedEvaluator
from pomonag.records.record_store import RecordStore
from pomonag.records.tensor_cache import made_cache_folder
from pomonag.spaces import search_space


@functools.cache
def _evaluator(space: str) -> TrainedEvaluator:
    # Costs are counted and latencies predicted: nothing is timed here.
    return TrainedEvaluator(replace(lite_protocol(space), latency_runs=0))


@functools.cache
def _store() -> tuple[RecordStore, dict[tuple[str, str, str, int], float]]:
    store = RecordStore(made_cache_folder("lite_trainings"))
    records, _ = store.read()
    known = {(r["protocol"], r["task"], r["architecture"], r["seed"]): float(r["accuracy"]) for r in records}
    return store, known


def accuracies(space: str, task: str, architectures: Sequence[str], seeds: Sequence[int]) -> np.ndarray:
    """Test accuracies in percent [architectures, seeds] of the space's reduced training on a task.

    Raises DataMissing where the task's images are not there.
    """
    evaluator, (store, known) = _evaluator(space), _store()
    found = np.empty((len(architectures), len(seeds)))
    for i, architecture in enumerate(architectures):
        for j, seed in enumerate(seeds):
            key = (evaluator.protocol.hash, task, architecture, int(seed))
            if key not in known:
                network = search_space(space).parse(architecture)
                known[key] = evaluator.evaluate(network, task, int(seed)).accuracy
                names = dict(zip(("protocol", "task", "architecture", "seed"), key))
                store.append({**names, "accuracy": known[key]})
            found[i, j] = known[key]
    return found
