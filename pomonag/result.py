"""What a search returns: ranked architectures, fronts and configurations, and how they came about."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from torch import Tensor

from pomonag.candidates import BatchGenerator, Candidates, costs_of
from pomonag.evaluation.latency import measure_latency
from pomonag.evaluation.protocols import lite_protocol
from pomonag.guidance.guide import METRICS, ScalingFactors
from pomonag.meta_dataset.schema import meta_dataset
from pomonag.pareto.budget import Budget
from pomonag.pareto.configurations import configurations
from pomonag.records.provenance import provenance
from pomonag.spaces.encoding import generation_metrics
from pomonag.spaces.search_space import full_resolution

SCHEMA_VERSION = 1
_MEANINGS = {
    "full": "predicted test accuracy after the benchmark's full training of 200 epochs; the ranking is what the "
    "predictor was trained and tested for, the level is extrapolated from {datasets} data set(s) with such labels",
    "lite": "predicted test accuracy after this project's reduced training: a small network trained for seconds on "
    "few images; no stand-in for a full training",
    "proxy": "no accuracy: 50 + 10 x the standard normal quantile of the rank by a training-free score",
}


@dataclass(frozen=True)
class Result:
    """`to_json()` is the documented format; the arrays behind it are at hand for further use."""

    architectures: tuple[Any, ...]
    predicted_accuracy: np.ndarray
    costs: Mapping[str, np.ndarray]
    document: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """The result as JSON can hold it (docs/result.schema.json)."""
        return dict(self.document)


def ranked_result(
    candidates: Candidates,
    generator: BatchGenerator,
    *,
    phases: Mapping[str, ScalingFactors] | None,
    embedding: Tensor,
    images: Mapping[str, Any],
    accuracy: str,
    budget: Budget,
    balanced: str,
    measure: bool,
    seconds: dict[str, float],
) -> Result:
    """Ranks the candidates, counts their costs, and filters them to fronts (POMONAG Sec. 3.4)."""
    space, predictors = generator.space, generator.predictors
    started = time.perf_counter()
    batches = candidates.distinct()
    found = list(batches)
    predicted = predictors.accuracy(found, embedding, accuracy)
    table = costs_of(generator, found, len(embedding))
    within = budget.affordable({"accuracy": predicted, **table})
    order = within[np.argsort(-predicted[within], kind="stable")]
    found = [found[i] for i in order]
    predicted = predicted[order]
    table = {name: values[order] for name, values in table.items()}

    fronts: dict[str, list[int]] = {}
    chosen: dict[str, dict[str, int]] = {"acc": {}, "bal": {}, "eff": {}}
    for objective in generator.objectives:
        metric = METRICS.get(objective.name)
        if metric is None:
            continue
        timed = np.flatnonzero(~np.isnan(table[metric].astype(float)))
        if not len(timed):
            continue
        picked = configurations(predicted[timed], table[metric][timed], balanced)
        fronts[metric] = [int(timed[i]) for i in picked.front]
        for name in chosen:
            chosen[name][metric] = int(timed[getattr(picked, name)])
    seconds["ranking"] = time.perf_counter() - started

    rows = [
        {
            "architecture": str(architecture),
            "batch": batches[architecture],
            "predicted_accuracy": float(predicted[i]),
            "params": int(table["params"][i]),
            "macs": int(table["macs"][i]),
            "latency_ms": None if np.isnan(table["latency_ms"][i]) else float(table["latency_ms"][i]),
        }
        for i, architecture in enumerate(found)
    ]
    if measure:
        started = time.perf_counter()
        timing = lite_protocol(space.name)  # as the rows were timed that latencies are predicted from
        for i in sorted({i for by_metric in chosen.values() for i in by_metric.values()}):
            network = space.build(found[i], classes=len(embedding))
            rows[i]["measured_latency_ms"] = measure_latency(
                network, full_resolution(space), warmup=timing.latency_warmup, runs=timing.latency_runs
            ).latency_ms
        seconds["measuring"] = time.perf_counter() - started
    # Novelty is against the architectures that the meta-dataset trained, as in the paper's lineage.
    reference = set(meta_dataset(space.name)["architecture"])
    decoded = [item for _, item in candidates.decoded]
    metrics = {k: None if np.isnan(v) else v for k, v in asdict(generation_metrics(decoded, reference)).items()}
    scale = predictors.scales.get(accuracy)
    guided = 0 if phases is None else len(decoded) * generator.steps
    document = {
        "schema_version": SCHEMA_VERSION,
        "space": space.name,
        "encoding": generator.encoding.name,
        "seed": generator.seed,
        "mode": generator.mode,
        "images": dict(images),
        "objectives": [o.name for o in generator.objectives],
        "scaling_factors": {} if phases is None else {phase: asdict(k) for phase, k in phases.items()},
        "budget": str(budget) or None,
        "metrics": metrics,
        "seconds": {**seconds, "total": sum(seconds.values())},
        "predictor_calls": guided + len(batches),
        "architectures": rows,
        "invalid": [{"reason": rule, "count": n} for rule, n in candidates.invalid().items()],
        "fronts": fronts,
        "configurations": chosen,
        "balanced_rule": balanced,
        "accuracy_meaning": _MEANINGS[accuracy].format(datasets=scale.datasets if scale else 0),
        "latency_source": generator.latency.name,
        "provenance": {**provenance(), "predictors": predictors.header["name"]},
    }
    return Result(tuple(found), predicted, table, document)
