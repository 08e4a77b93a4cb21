import os
from pathlib import Path

import pyarrow as pa
import pytest

from pomonag.errors import UserError
from pomonag.records.record_store import RecordStore
from reports import measurement_table as module
from reports.flat_measurements import COLUMNS
from reports.measurement_table import measurement_table
from reports.measurements import RunKey, Value, load_runs
from tests.reports.measurement_frame import frame


def a_run(made_up, method, value=99.0, seed=0, **changes):
    key = RunKey("4", method, "fast", "nb201", "cifar10")
    return made_up.a_record(key, [Value("validity", value, "%", "p"), Value("novelty", 1.5, "%", "q")], seed, **changes)


def values(kept):
    table = kept.table()
    return sorted(zip(table["cell"].to_pylist(), table["seed"].to_pylist(), table["value"].to_pylist()))


def expected(folder):
    table = frame(load_runs(folder)[0])
    return sorted(zip(table["cell"], table["seed"], table["value"]))


@pytest.fixture
def folder(made_up, tmp_path, monkeypatch):
    monkeypatch.setenv("POMONAG_CACHE_DIR", str(tmp_path / "cache"))
    for writer in range(3):
        made_up.write(tmp_path / "results", [a_run(made_up, f"m{writer}", seed=seed) for seed in range(2)])
    return tmp_path / "results"


@pytest.fixture
def read_files(monkeypatch):
    """The names of the files of records that are read."""
    read = []
    real = module.read_file
    monkeypatch.setattr(module, "read_file", lambda path: read.append(path.name) or real(path))
    return read


def kept_in_cache(folder):
    return measurement_table(folder, worth_keeping_bytes=0)


def test_a_small_store_is_read_and_nothing_kept(folder, tmp_path):
    kept = measurement_table(folder)
    assert isinstance(kept.source, pa.Table)
    assert values(kept) == expected(folder)
    assert kept.table().column_names == list(COLUMNS)
    assert not (tmp_path / "cache").exists()


def test_a_large_store_is_read_once(folder, read_files):
    first, again = kept_in_cache(folder), kept_in_cache(folder)
    assert isinstance(first.source, Path)
    assert first.source == again.source
    assert values(first) == values(again) == expected(folder)
    assert len(read_files) == 3


def test_only_what_changed_is_read_again(folder, made_up, read_files):
    kept_in_cache(folder)
    before = {path.name for path in folder.glob("*.jsonl")}
    changed, gone, _ = sorted(folder.glob("*.jsonl"))
    read_files.clear()
    with changed.open("ab") as file:
        file.write(b"torn")
    gone.unlink()
    made_up.write(folder, [a_run(made_up, "new"), a_run(made_up, "m2", value=55.0)])
    kept = kept_in_cache(folder)
    new = {path.name for path in folder.glob("*.jsonl")} - before
    assert len(new) == 1
    assert set(read_files) == {changed.name, *new}
    assert values(kept) == expected(folder)
    assert any(value == 55.0 for *_, value in values(kept))
    (problem,) = kept.problems
    assert (problem.file, problem.line) == (changed.name, 3)
    assert kept_in_cache(folder).problems == (problem,)


def test_a_run_that_counted_no_longer_does_when_a_later_one_comes(folder, made_up):
    kept_in_cache(folder)
    made_up.write(folder, [a_run(made_up, "m0", 1.0)])
    table = kept_in_cache(folder)
    assert values(table) == expected(folder)
    assert ("table4-m0-fast-nb201-cifar10-validity-mean-generated", 0, 1.0) in values(table)
    assert ("table4-m0-fast-nb201-cifar10-validity-mean-generated", 0, 99.0) not in values(table)


@pytest.mark.parametrize("damage", ["flip", "truncate", "manifest", "manifest without keys", "parquet gone"])
def test_a_damaged_cache_is_made_anew(folder, tmp_path, read_files, damage):
    source = kept_in_cache(folder).source
    (manifest,) = source.parent.glob("*.json")
    content = bytearray(source.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
        source.write_bytes(content)
    elif damage == "truncate":
        source.write_bytes(content[: len(content) // 2])
    elif damage == "manifest":
        manifest.write_bytes(manifest.read_bytes()[:-20])
    elif damage == "manifest without keys":
        manifest.write_text("{}")
    else:
        source.unlink()
    read_files.clear()
    kept = kept_in_cache(folder)
    assert len(read_files) == 3
    assert values(kept) == expected(folder)


def test_a_cache_that_cannot_be_written_costs_nothing_else(folder, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("POMONAG_CACHE_DIR", str(tmp_path / "file"))
    kept = kept_in_cache(folder)
    assert isinstance(kept.source, pa.Table)
    assert values(kept) == expected(folder)


def test_what_another_process_may_be_reading_stays_an_hour(folder, made_up):
    first = kept_in_cache(folder).source
    made_up.write(folder, [a_run(made_up, "new")])
    second = kept_in_cache(folder).source
    assert first.exists()
    os.utime(first, (0, 0))
    made_up.write(folder, [a_run(made_up, "newer")])
    third = kept_in_cache(folder).source
    assert not first.exists()
    assert second.exists()
    assert third.exists()


def test_a_newer_version_is_refused(folder):
    RecordStore(folder).append({"kind": "run", "schema": 99})
    for keep in (0, 1 << 20):
        with pytest.raises(UserError, match="a result of schema 99, written by a newer pomonag"):
            measurement_table(folder, keep)


def test_two_folders_do_not_meet_in_the_cache(folder, made_up, tmp_path):
    made_up.write(tmp_path / "other", [a_run(made_up, "other")])
    assert values(kept_in_cache(folder)) == expected(folder)
    assert values(kept_in_cache(tmp_path / "other")) == expected(tmp_path / "other")
