import os
import signal
from pathlib import Path

import pytest
from rich.console import Console

from pomonag.errors import UserError
from pomonag.execution.executor import ProcessExecutor, SerialExecutor
from pomonag.meta_dataset.builder import BuildConfig, build_meta_dataset
from pomonag.meta_dataset.compaction import compact
from pomonag.meta_dataset.plan import Plan
from pomonag.meta_dataset.schema import meta_dataset, read_rows, read_shard, shard_paths
from pomonag.records.record_store import RecordStore

SMALL = Plan(training_tasks=3, held_out_tasks=1, anchors=2)


def build(out, measure, rows=10, executor=None, **settings):
    config = BuildConfig(rows=rows, plan=SMALL, **settings)
    return build_meta_dataset(config, executor or SerialExecutor(), out, measure=measure, console=Console(quiet=True))


def test_rows_are_the_planned_ones_and_a_second_run_measures_nothing(tmp_path, measure):
    first = build(tmp_path, measure, repeats=2)
    assert (first.skipped, first.measured, first.failed, first.sharded) == (0, 12, 0, 12)
    rows = read_rows(tmp_path)
    planned = BuildConfig(rows=10, repeats=2, plan=SMALL).planned()
    assert [(r.task, r.architecture, r.seed, r.anchor) for r in rows] == [
        (p.task, p.architecture, p.seed, p.anchor) for p in planned
    ]
    assert sum(r.held_out for r in rows) == sum(r.task.startswith("heldout") for r in rows) > 0
    before = [p.read_bytes() for p in shard_paths(tmp_path)]
    second = build(tmp_path, measure, repeats=2)
    assert (second.skipped, second.measured, second.sharded) == (12, 0, 12)
    assert [p.read_bytes() for p in shard_paths(tmp_path)] == before


def test_more_rows_are_added_in_new_shards(tmp_path, measure):
    build(tmp_path, measure, rows=5)
    first = shard_paths(tmp_path)[0].read_bytes()
    summary = build(tmp_path, measure, rows=9)
    assert (summary.skipped, summary.measured, summary.sharded) == (5, 4, 9)
    assert [p.name for p in shard_paths(tmp_path)] == ["rows-0000.parquet", "rows-0001.parquet"]
    assert shard_paths(tmp_path)[0].read_bytes() == first


def test_shards_of_250_are_written_as_they_fill(tmp_path, measure):
    seen = []

    def watching(planned):
        seen.append(len(shard_paths(tmp_path)))
        return measure(planned)

    build(tmp_path, watching, rows=520)
    assert seen[499] == 1
    assert seen[519] == 2
    assert [len(read_shard(p)[0]) for p in shard_paths(tmp_path)] == [250, 250, 20]


def test_without_finish_the_remainder_waits(tmp_path, measure):
    config = BuildConfig(rows=10, plan=SMALL)
    build_meta_dataset(config, SerialExecutor(), tmp_path, measure=measure, finish=False, console=Console(quiet=True))
    assert shard_paths(tmp_path) == []
    assert [len(read_shard(p)[0]) for p in compact(tmp_path, finish=True)] == [10]
    assert compact(tmp_path, finish=True) == []


def test_shards_explain_their_hashes(tmp_path, measure):
    build(tmp_path, measure)
    rows, metadata = read_shard(shard_paths(tmp_path)[0])
    assert metadata["protocols"][rows[0].protocol]["recipe"]["epochs"] == rows[0].epochs
    assert metadata["provenance"][rows[0].provenance]["packages"]["torch"]
    assert metadata["cpu_seconds"] == pytest.approx(9.0)


def test_a_failing_row_is_retried_then_kept_with_its_error(tmp_path, measure):
    bad = SMALL.first(4)[3]
    calls = []

    def failing(planned):
        calls.append(planned)
        if planned == bad:
            raise RuntimeError("the moon is full")
        return measure(planned)

    summary = build(tmp_path, failing)
    assert (summary.measured, summary.failed) == (9, 1)
    assert calls.count(bad) == 3
    (row,) = [r for r in read_rows(tmp_path) if r.status == "failed"]
    assert row.error == "RuntimeError: the moon is full"
    assert row.accuracy is None
    assert (row.params, row.macs) > (0, 0)
    assert len(meta_dataset(tmp_path)) == 9
    assert not summary.in_vain
    again = build(tmp_path, measure)
    assert (again.skipped, again.measured, again.failed, again.failed_before, again.sharded) == (9, 0, 0, 1, 10)
    assert not again.in_vain
    assert calls.count(bad) == 3


def test_a_build_in_which_every_row_fails_was_in_vain_and_so_is_its_repetition(tmp_path, measure):
    def failing(planned):
        raise RuntimeError("the moon is full")

    summary = build(tmp_path, failing, rows=3)
    assert (summary.skipped, summary.measured, summary.failed, summary.failed_before) == (0, 0, 3, 0)
    assert summary.in_vain
    again = build(tmp_path, measure, rows=3)
    assert (again.skipped, again.measured, again.failed, again.failed_before) == (0, 0, 0, 3)
    assert again.in_vain
    more = build(tmp_path, measure, rows=5)
    assert (more.measured, more.failed_before, more.in_vain) == (2, 3, False)
    # Measured rows of an earlier build do not hide that all the new ones failed.
    assert build(tmp_path, failing, rows=7).in_vain


def test_a_passing_failure_leaves_no_trace_in_the_rows(tmp_path, measure):
    failures = [1, 1]

    def shaky(planned):
        if failures:
            failures.pop()
            raise OSError("try again")
        return measure(planned)

    assert build(tmp_path, shaky).failed == 0
    assert {r.status for r in read_rows(tmp_path)} == {"ok"}
    assert "try again" in (tmp_path / "journal" / "build.log").read_text()


def test_a_torn_journal_line_costs_one_row(tmp_path, measure):
    config = BuildConfig(rows=10, plan=SMALL)
    build_meta_dataset(config, SerialExecutor(), tmp_path, measure=measure, finish=False, console=Console(quiet=True))
    (journal,) = (tmp_path / "journal").glob("*.jsonl")
    os.truncate(journal, journal.stat().st_size - 30)
    summary = build(tmp_path, measure)
    assert (summary.skipped, summary.measured, summary.sharded) == (9, 1, 10)
    assert "set aside a line of the journal" in (tmp_path / "journal" / "build.log").read_text()


class KillsItselfOnce:
    """The first worker that measures this row dies; picklable."""

    def __init__(self, folder, row):
        self.marker, self.row = Path(folder) / "died", row

    def __call__(self, planned):
        from conftest_measure import fake_measurement

        if planned == self.row and not self.marker.exists():
            self.marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return fake_measurement(planned)


def test_a_killed_worker_costs_no_row(tmp_path, monkeypatch):
    # Workers are fresh processes: they find the fake measurement as a module beside the test's files.
    (tmp_path / "modules").mkdir()
    source = Path(__file__).with_name("conftest.py").read_text().replace("@pytest.fixture", "")
    (tmp_path / "modules" / "conftest_measure.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path / "modules"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "modules"), os.environ.get("PYTHONPATH", "")]))
    out = tmp_path / "out"
    summary = build(out, KillsItselfOnce(tmp_path, SMALL.first(6)[5]), executor=ProcessExecutor(1))
    assert (summary.measured, summary.failed, summary.sharded) == (10, 0, 10)
    assert (tmp_path / "died").exists()


def test_one_driver_a_folder(tmp_path, measure):
    def nested(planned):
        with pytest.raises(UserError, match="another build"):
            build(tmp_path, measure)
        return measure(planned)

    assert build(tmp_path, nested, rows=1).failed == 0


def test_duplicates_in_the_journal_count_once(tmp_path, measure):
    config = BuildConfig(rows=4, plan=SMALL)
    build_meta_dataset(config, SerialExecutor(), tmp_path, measure=measure, finish=False, console=Console(quiet=True))
    records, _ = RecordStore(tmp_path / "journal").read()
    again = RecordStore(tmp_path / "journal")
    for record in records:
        again.append(record)
    assert build(tmp_path, measure, rows=4).sharded == 4


def test_missing_images_are_said_before_anything_starts(tmp_path, monkeypatch):
    monkeypatch.delenv("POMONAG_DATA_DIR", raising=False)
    with pytest.raises(UserError, match="POMONAG_DATA_DIR"):
        build(tmp_path / "new", None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", [{"rows": 0}, {"rows": 5, "repeats": 6}, {"attempts": 0}])
def test_refuses_impossible_configurations(wrong):
    with pytest.raises(UserError):
        BuildConfig(**wrong)


def test_an_unwritable_folder_is_a_user_error(tmp_path, measure):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="--out"):
        build(tmp_path / "file" / "out", measure)
