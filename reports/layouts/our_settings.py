"""Our side of the paper's settings, read from the code and the files that ship; nothing is written down twice."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

import numpy as np

from pomonag.data.tasks import CLASSES
from pomonag.evaluation.latency import kept_runs
from pomonag.evaluation.trained import TrainingProtocol
from pomonag.guidance.factor_files import shipped_tuning
from pomonag.guidance.stretching import DIFFUSIONNAG_FACTORS, FAST_INTERVALS, PAPER_INTERVALS, PHASES
from pomonag.meta_dataset import schema
from pomonag.meta_dataset.pilot import CANDIDATES
from pomonag.predictors.predictor_training import EnsembleTraining
from pomonag.reference.lite_training import DIRECTIONS
from pomonag.search import ALL_OBJECTIVES, search
from pomonag.spaces import search_space
from pomonag.spaces.nasbench201 import EDGES, OPERATIONS
from reports.paper_numbers import PaperNumber
from reports.tables import DATASETS

SettingKey = tuple[str, str, str, str]
"""Method, space, metric and statistic, in the spelling of `paper_numbers.csv`."""


def our_settings() -> Mapping[SettingKey, str]:
    """Ours beside each setting of the paper that we have one for."""
    return {**_meta_dataset(), **_generation(), **_search(), **_space(), **_encodings()}


def key_of(number: PaperNumber) -> SettingKey:
    """Which setting a number of the paper is."""
    return number.method, number.space, number.metric, number.statistic


def _meta_dataset() -> dict[SettingKey, str]:
    protocol = TrainingProtocol()
    rows = schema.meta_dataset(schema.SHIPPED / protocol.space)
    train, validation, test = protocol.split.counts(100)
    kept = 100 * kept_runs(np.arange(1000.0)).mean()
    found = {
        ("classes_per_task", "count"): f"{CLASSES}",
        ("split_train", "share"): f"{train}",
        ("split_validation", "share"): f"{validation}" if validation else "none",
        ("split_test", "share"): f"{test}",
        ("samples_per_class", "count"): _values(rows["train_images_per_class"]),
        ("test_samples_per_class", "count"): _values(rows["test_images_per_class"]),
        ("latency_repeats", "count"): f"{protocol.latency_runs}",
        ("latency_kept_interval", "confidence"): f"{kept:.0f}",
        ("latency_input_side", "value"): f"{protocol.resolution}",
        ("pipeline_tuning_steps", "count"): f"{len(CANDIDATES[protocol.space])} pipelines compared",
    }
    uniform = "none: uniform over the isomorphism classes"
    return {
        ("POMONAG", protocol.space, "meta_dataset_size", "count"): f"{len(rows):,} lite rows",
        ("POMONAG", protocol.space, "top_architectures", "count"): uniform,
        **{("POMONAG", "all", *key): text for key, text in found.items()},
    }


def _values(column: object) -> str:
    """The distinct values of a column."""
    return ", ".join(f"{value:g}" for value in np.unique(np.asarray(column)))


def _generation() -> dict[SettingKey, str]:
    count = inspect.signature(search).parameters["count"].default
    return {
        ("POMONAG", "all", "predictors", "count"): f"{len(DIRECTIONS)} noisy, an ensemble that ranks",
        ("POMONAG", "all", "predictor_weight_decay", "value"): f"{EnsembleTraining().weight_decay:g} (ensemble)",
        ("DiffusionNAG", "all", "generation_batch", "count"): f"{count}",
        ("DiffusionNAG", "all", "scaling_factor_accuracy", "value"): f"{DIFFUSIONNAG_FACTORS.accuracy:,}",
        ("POMONAG", "all", "generation_phases", "count"): f"{len(PHASES)}",
        ("POMONAG", "all", "generation_batch", "count"): f"{count // len(PHASES)}",
        ("POMONAG", "all", "objectives", "count"): f"{len(ALL_OBJECTIVES)}",
        ("POMONAG", "all", "evaluation_datasets", "count"): f"{len(DATASETS)}: {', '.join(DATASETS.values())}",
    }


def _search() -> dict[SettingKey, str]:
    tuning = shipped_tuning("nb201")["tuning"]
    found = {
        ("POMONAG", "all", "scaling_factor_evaluations", "count"): f"{tuning['trials']} a phase, for fast mode",
        ("POMONAG", "all", "scaling_factor_datasets", "count"): f"{len(tuning['datasets'])}",
    }
    for phase in PHASES:
        reference, fast = PAPER_INTERVALS[phase], FAST_INTERVALS[phase]
        for metric, name in (("accuracy", "accuracy"), ("params_macs_latency", "params")):
            for bound, end in (("lower_bound", "low"), ("upper_bound", "high")):
                key = (f"POMONAG {phase} phase", "all", f"scaling_factor_{metric}_search", bound)
                found[key] = f"{getattr(reference[name], end):,} (reference), {getattr(fast[name], end):g} (fast)"
    return found


def _space() -> dict[SettingKey, str]:
    counts = {
        "cell_nodes": 1 + max(target for target, _ in EDGES),
        "cell_edges": len(EDGES),
        "operations": len(OPERATIONS),
        "space_size": search_space("nb201").size,
        "benchmark_datasets": len(DATASETS),
    }
    return {("space", "nb201", metric, "count"): f"{count:,}" for metric, count in counts.items()}


def _encodings() -> dict[SettingKey, str]:
    encodings = {space: search_space(space).encoding for space in ("nb201", "mbv3")}
    shapes = {space: ((e.num_nodes, e.num_operations), tuple(e.attention_mask.shape)) for space, e in encodings.items()}
    return {
        ("encoding", space, f"{matrix}_{side}", "count"): str(value)
        for space, (operations, adjacency) in shapes.items()
        for matrix, shape in (("operations_matrix", operations), ("adjacency_matrix", adjacency))
        for side, value in zip(("rows", "columns"), shape)
    }
