"""Evaluators by name."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pomonag.errors import UserError, unknown_name
from pomonag.evaluation.block_latency import PHONE, block_device_latency
from pomonag.evaluation.evaluator import Evaluator
from pomonag.evaluation.ofa_accuracy import OfaPredictorEvaluator, check_resolution
from pomonag.evaluation.protocols import lite_protocol
from pomonag.evaluation.supernet import SupernetEvaluator
from pomonag.evaluation.tabular import AccuracyTable, TabularEvaluator
from pomonag.evaluation.trained import TrainedEvaluator, TrainingProtocol
from pomonag.spaces.search_space import BlockSpace, SearchSpace


def evaluator(name: str, space: SearchSpace, **settings: Any) -> Evaluator:
    """The evaluator of that name for a space: `tabular`, `trained`, `supernet` or `ofa_predictor`.

    `settings` are its own. tabular: `table` (a CSV's path) and those of `TabularEvaluator`; trained: those of
    `TrainedEvaluator`, by default with the space's reduced training; supernet: `folder` of weights (by default what
    ships) and `data_dir`; ofa_predictor: `resolution`, `data_dir` and
    `device`, whose latencies are given too (the phone's by default, None for no latency).
    Raises UserError for a name that is not known and for a space that the evaluator does not know, and DataMissing
    where its data is not there.
    """
    if name not in EVALUATORS:
        raise unknown_name("evaluator", name, EVALUATORS)
    return EVALUATORS[name](space, **settings)


def _tabular(space: SearchSpace, *, table: str | Path | None = None, **settings: Any) -> Evaluator:
    return TabularEvaluator(AccuracyTable(table, space), **settings)


def _trained(space: SearchSpace, *, protocol: TrainingProtocol | None = None, **settings: Any) -> Evaluator:
    protocol = protocol or lite_protocol(space.name)
    if protocol.space != space.name:
        raise UserError(f"got a protocol for {protocol.space}; expected one for {space.name}")
    return TrainedEvaluator(protocol, **settings)


def _ofa_predictor(
    space: SearchSpace,
    *,
    resolution: int = 224,
    device: str | None = PHONE,
    data_dir: str | os.PathLike[str] | None = None,
) -> Evaluator:
    if not isinstance(space, BlockSpace):
        raise UserError(f"got the space {space.name}; ofa_predictor evaluates networks of blocks, as those of mbv3")
    check_resolution(resolution)
    latency = None if device is None else block_device_latency(device, space, resolution, data_dir)
    return OfaPredictorEvaluator(space, resolution=resolution, latency=latency, data_dir=data_dir)


def _supernet(space: SearchSpace, **settings: Any) -> Evaluator:
    return SupernetEvaluator(space.name, **settings)


EVALUATORS: dict[str, Callable[..., Evaluator]] = {
    "tabular": _tabular,
    "trained": _trained,
    "supernet": _supernet,
    "ofa_predictor": _ofa_predictor,
}
