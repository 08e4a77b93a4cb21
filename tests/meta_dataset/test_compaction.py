import pytest
from click.testing import CliRunner
from rich.console import Console

from pomonag.cli import pomonag
from pomonag.errors import UserError
from pomonag.execution.executor import SerialExecutor
from pomonag.meta_dataset import schema
from pomonag.meta_dataset.builder import BuildConfig, build_meta_dataset
from pomonag.meta_dataset.compaction import alone
from pomonag.meta_dataset.plan import Plan
from pomonag.meta_dataset.schema import read_rows, read_shard, shard_paths


def journal(out, measure, rows):
    """What a build leaves that was stopped before its last shard."""
    config = BuildConfig(rows=rows, plan=Plan(training_tasks=3, held_out_tasks=1, anchors=2))
    build_meta_dataset(config, SerialExecutor(), out, measure=measure, finish=False, console=Console(quiet=True))


def run(*arguments):
    result = CliRunner().invoke(pomonag, ["meta-dataset", "compact", *map(str, arguments)])
    if result.exception is not None:
        raise result.exception
    return result.stdout


def test_full_shards_first_and_the_rest_when_told_to_finish(tmp_path, measure):
    journal(tmp_path, measure, 260)
    shard_paths(tmp_path)[0].unlink()  # as if the build had ended just before it wrote the shard
    printed = run("--out", tmp_path)
    assert printed == (
        "shards written: rows-0000.parquet; rows that wait in the journal: 10 (--finish makes a shard of them)\n"
    )
    first = shard_paths(tmp_path)[0].read_bytes()
    assert "rows-0001.parquet; rows that wait in the journal: 0\n" in run("--out", tmp_path, "--finish")
    assert [len(read_shard(path)[0]) for path in shard_paths(tmp_path)] == [250, 10]
    assert shard_paths(tmp_path)[0].read_bytes() == first
    assert len({row.key for row in read_rows(tmp_path)}) == 260
    assert run("--out", tmp_path, "--finish") == "shards written: none; rows that wait in the journal: 0\n"


def test_without_a_folder_the_spaces_own_rows_grow_and_their_card_is_mentioned(tmp_path, measure, monkeypatch):
    monkeypatch.setattr(schema, "SHIPPED", tmp_path)
    journal(tmp_path / "nb201", measure, 3)
    (tmp_path / "nb201" / "README.md").write_text("a card")
    assert f"data_card {tmp_path / 'nb201'} --write" in run("--space", "nb201", "--finish")
    assert len(read_rows(tmp_path / "nb201")) == 3


def test_a_folder_that_is_not_a_builds_and_one_at_work_are_refused(tmp_path, measure):
    with pytest.raises(UserError, match="no journal of measured rows"):
        run("--out", tmp_path)
    with pytest.raises(UserError, match="Did you mean 'nb201'"):
        run("--space", "nb2O1")
    journal(tmp_path, measure, 1)
    with alone(tmp_path), pytest.raises(UserError, match="another build works"):
        run("--out", tmp_path)
    assert shard_paths(tmp_path) == []


def test_a_deleted_shard_comes_again_from_the_journal_and_replaces_no_other(tmp_path, measure):
    journal(tmp_path, measure, 510)
    first, second = shard_paths(tmp_path)
    kept = second.read_bytes()
    first.unlink()
    assert "shards written: rows-0002.parquet, rows-0003.parquet" in run("--out", tmp_path, "--finish")
    assert second.read_bytes() == kept
    assert len({row.key for row in read_rows(tmp_path)}) == len(read_rows(tmp_path)) == 510
    with pytest.raises(UserError, match="either --space or --out"):
        run("--out", tmp_path, "--space", "nb201")
