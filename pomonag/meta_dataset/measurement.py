"""One planned row, measured and recorded in whichever process it runs."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pomonag.data.miniimagenet import MiniImageNet32
from pomonag.data.tasks import is_held_out
from pomonag.errors import UserError
from pomonag.evaluation.trained import Measurement, TrainedEvaluator, TrainingProtocol
from pomonag.meta_dataset.plan import PlannedRow, isomorphism_hash
from pomonag.meta_dataset.schema import SCHEMA_VERSION, Key, Row, problems_of
from pomonag.records.hashes import json_hash
from pomonag.records.provenance import provenance
from pomonag.records.record_store import RecordStore
from pomonag.spaces import search_space


@dataclass(frozen=True)
class Outcome:
    """What became of a planned row: `error` is why it failed, `refused` why the outcome could not be recorded."""

    error: str | None = None
    refused: str | None = None


class MeasureAndRecord:
    """Measures a planned row and records it, in whichever process it runs."""

    def __init__(
        self,
        protocol: TrainingProtocol,
        journal: Path,
        data_dir: str | os.PathLike[str] | None,
        measure: Callable[[PlannedRow], Measurement] | None,
        pool: str = MiniImageNet32.name,
    ):
        self.protocol = protocol
        self.journal = journal
        self.data_dir = data_dir
        self.measure = measure
        self.pool = pool

    def key(self, row: PlannedRow) -> Key:
        return row.task, row.architecture, row.seed, self.protocol.hash

    def __call__(self, planned: PlannedRow) -> Outcome:
        error = None
        try:
            row = self._row(planned, self.measure(planned) if self.measure else self._measure(planned), None)
            # A loss that is not finite, say, makes a failed row, not one with a label.
            error = "; ".join(problems_of(row)) or None
        except MemoryError:
            error = "MemoryError: the process ran out of memory; use fewer --workers, or a machine with more"
        except Exception as failure:
            error = f"{type(failure).__name__}: {failure}"
        try:
            if error is not None:
                self.record_failure(planned, error)
            else:
                self._record(row)
        except UserError as refused:
            return Outcome(error, str(refused))
        return Outcome(error)

    def record_failure(self, planned: PlannedRow, error: str, attempts: int = 1) -> None:
        """Note that a row failed so many times, with the reason. Raises UserError when the disk refuses."""
        self._record(self._row(planned, None, error), attempts)

    def __getstate__(self) -> dict[str, Any]:
        # Open files and loaded images belong to one process, and another one may work in another folder.
        kept = {k: v for k, v in self.__dict__.items() if k not in ("_store", "_evaluator")}
        folder = Path(self.data_dir).expanduser().absolute() if self.data_dir is not None else None
        return {**kept, "journal": self.journal.absolute(), "data_dir": folder}

    @functools.cached_property
    def _store(self) -> RecordStore:
        return RecordStore(self.journal)

    @functools.cached_property
    def _evaluator(self) -> TrainedEvaluator:
        return TrainedEvaluator(self.protocol, self.data_dir, self.pool, checkpoints=self.journal / "trainings")

    def _measure(self, planned: PlannedRow) -> Measurement:
        architecture = search_space(self.protocol.space).parse(planned.architecture)
        return self._evaluator.measure(architecture, planned.task, planned.seed)

    def _record(self, row: Row, attempts: int = 1) -> None:
        self._store.append(
            {
                "schema_version": SCHEMA_VERSION,
                "attempts": attempts,
                "row": dataclasses.asdict(row),
                "protocol": self.protocol.settings,
                "provenance": machine_provenance(),
            }
        )

    def _row(self, planned: PlannedRow, measured: Measurement | None, error: str | None) -> Row:
        space: Any = search_space(self.protocol.space)
        architecture = space.parse(planned.architecture)
        costs = space.cost([architecture], classes=self.protocol.classes, resolution=self.protocol.resolution)
        training = measured.training if measured else None
        latency = measured.latency if measured else None
        machine = provenance()
        return Row(
            task=planned.task,
            held_out=is_held_out(planned.task),
            architecture=planned.architecture,
            isomorphism_class=isomorphism_hash(space, architecture),
            anchor=planned.anchor,
            seed=planned.seed,
            protocol=self.protocol.hash,
            status="failed" if error else "ok",
            error=error,
            accuracy=training.accuracy if training else None,
            loss=training.loss if training else None,
            true_class_probability=training.true_class_probability if training else None,
            train_loss=training.train_loss if training else None,
            params=int(costs.params[0]),
            macs=int(costs.macs[0]),
            latency_ms=latency.latency_ms if latency else None,
            latency_median_ms=latency.median_ms if latency else None,
            latency_sd_ms=latency.sd_ms if latency else None,
            latency_wall_ms=latency.wall_ms if latency else None,
            latency_disturbed=latency.disturbed if latency else None,
            seconds=training.seconds if training else None,
            cpu_seconds=training.cpu_seconds if training else None,
            reduced=json.dumps(dict(self.protocol.reduced), sort_keys=True),
            resolution=self.protocol.trained_by.resolution,
            epochs=self.protocol.trained_by.epochs,
            batch_size=self.protocol.trained_by.batch_size,
            train_images_per_class=measured.train_images // self.protocol.classes if measured else None,
            test_images_per_class=measured.test_images // self.protocol.classes if measured else None,
            measured=datetime.now(UTC).isoformat(timespec="seconds"),
            load=machine["load"],
            provenance=json_hash(machine_provenance()),
        )


def machine_provenance() -> dict[str, Any]:
    """The part of the provenance that many rows share: code, packages, machine; not the moment or its load."""
    return {k: v for k, v in provenance().items() if k not in ("load", "started")}
