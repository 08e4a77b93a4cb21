"""What a build does with bad labels, little memory, a full disk, and folders of other settings or versions."""

import errno
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from pomonag.errors import UserError
from pomonag.evaluation.trained import TrainingProtocol
from pomonag.execution.executor import ProcessExecutor, SerialExecutor
from pomonag.meta_dataset.builder import BuildConfig, build_meta_dataset
from pomonag.meta_dataset.plan import Plan
from pomonag.meta_dataset.schema import read_rows, read_shard, shard_paths, write_shard
from pomonag.records.record_store import RecordStore
from pomonag.training.pipeline import TrainingPipeline
from pomonag.training.recipe import Recipe

SMALL = Plan(training_tasks=3, held_out_tasks=1, anchors=2)
BAD = SMALL.first(3)[2]


def build(out, measure, rows=4, executor=None, protocol=None):
    config = BuildConfig(rows=rows, plan=SMALL, protocol=protocol or TrainingProtocol())
    return build_meta_dataset(config, executor or SerialExecutor(), out, measure=measure, console=Console(quiet=True))


def failed_row(out):
    (row,) = [row for row in read_rows(out) if row.status == "failed"]
    assert (row.task, row.accuracy, row.loss) == (BAD.task, None, None)
    return row


@pytest.mark.parametrize(
    ("labels", "error"),
    [
        ({"loss": float("nan")}, "loss is nan, expected 0 to 100"),
        ({"loss": 1e9}, "loss is 1000000000.0"),
        ({"train_loss": float("inf")}, "train_loss is inf"),
        ({"accuracy": float("nan")}, "accuracy is nan"),
    ],
)
def test_a_label_out_of_range_makes_a_failed_row(tmp_path, measure, labels, error):
    def diverging(planned):
        measured = measure(planned)
        return replace(measured, training=replace(measured.training, **labels)) if planned == BAD else measured

    summary = build(tmp_path, diverging)
    assert (summary.measured, summary.failed) == (3, 1)
    assert error in failed_row(tmp_path).error


def test_too_little_memory_makes_a_failed_row(tmp_path, measure):
    def large(planned):
        return bytearray(1 << 60) if planned == BAD else measure(planned)

    assert build(tmp_path, large).failed == 1
    assert "ran out of memory; use fewer --workers" in failed_row(tmp_path).error


class KilledForMemory:
    """The worker that measures one row is always killed; picklable."""

    def __init__(self, calls):
        self.calls = calls

    def __call__(self, planned):
        if planned == BAD:
            with self.calls.open("a") as file:
                file.write("call\n")
            os.kill(os.getpid(), signal.SIGKILL)
        from conftest_measure import fake_measurement

        return fake_measurement(planned)


def test_a_worker_that_is_always_killed_makes_a_failed_row_after_three_starts(tmp_path, monkeypatch):
    # Workers are fresh processes: they find the fake measurement and this class as modules.
    tests = Path(__file__).parent
    (tmp_path / "conftest_measure.py").write_text((tests / "conftest.py").read_text())
    monkeypatch.syspath_prepend(str(tmp_path))
    summary = build(tmp_path / "out", KilledForMemory(tmp_path / "calls"), executor=ProcessExecutor(1))
    assert (summary.measured, summary.failed) == (3, 1)
    assert "killed by SIGKILL, as happens to a process that takes too much memory" in failed_row(tmp_path / "out").error
    assert (tmp_path / "calls").read_text().count("call") == 3
    again = build(tmp_path / "out", KilledForMemory(tmp_path / "calls"))
    assert (again.skipped, again.measured, again.failed_before) == (3, 0, 1)


def test_a_full_disk_ends_the_build_loses_nothing_and_is_no_failed_row(tmp_path, measure, monkeypatch):
    write, left = os.write, [2]

    def full(descriptor, data):
        if left[0] == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        left[0] -= 1
        return write(descriptor, data)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(UserError, match=r"No space left on device\. Free some space"):
            build(tmp_path, measure, rows=6)
    assert len(RecordStore(tmp_path / "journal").read()[0]) == 2
    summary = build(tmp_path, measure, rows=6)
    assert (summary.skipped, summary.measured, summary.failed, summary.sharded) == (2, 4, 0, 6)


@pytest.mark.parametrize(
    ("protocol", "message"),
    [
        (TrainingProtocol(recipe=Recipe(epochs=9)), "recipe.epochs is 3 there, 9 here"),
        (TrainingProtocol(latency_runs=7), "latency_runs is 100 there, 7 here"),
        (TrainingProtocol(pipeline=TrainingPipeline(epochs=1)), "pipeline is not set there, set here; recipe is set"),
    ],
)
@pytest.mark.parametrize("sharded", [True, False])
def test_rows_of_other_settings_are_named_and_nothing_changes(tmp_path, measure, protocol, message, sharded):
    config = BuildConfig(rows=4, plan=SMALL)
    build_meta_dataset(config, SerialExecutor(), tmp_path, measure=measure, finish=sharded, console=Console(quiet=True))
    with pytest.raises(UserError, match=message):
        build(tmp_path, measure, protocol=protocol)
    assert build(tmp_path, measure).skipped == 4


def test_shards_without_their_journal_are_gone_on_with(tmp_path, measure):
    build(tmp_path / "there", measure)
    (tmp_path / "here").mkdir()
    for path in shard_paths(tmp_path / "there"):
        (tmp_path / "here" / path.name).write_bytes(path.read_bytes())
    summary = build(tmp_path / "here", measure, rows=6)
    assert (summary.skipped, summary.measured, summary.sharded) == (4, 2, 6)


def test_what_a_newer_version_wrote_is_refused(tmp_path, measure):
    build(tmp_path, measure)
    (path,) = shard_paths(tmp_path)
    rows, metadata = read_shard(path)
    write_shard(path, rows, {**metadata, "schema_version": 3})
    with pytest.raises(UserError, match=r"rows-0000.parquet was written by a newer version.*upgrade pomonag"):
        build(tmp_path, measure)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"schema_version": 3, "row": {"task": "t"}}, "newer version of pomonag .schema version 3"),
        ({"row": {"colour": "red"}}, "no row of this version of pomonag"),
        ({"other": 1}, "no row of this version of pomonag"),
    ],
)
def test_a_journal_of_another_version_is_refused(tmp_path, measure, record, message):
    store = RecordStore(tmp_path / "journal")
    store.append(record)
    store.close()
    with pytest.raises(UserError, match=message):
        build(tmp_path, measure)
