from dataclasses import replace

import pytest
import torch
from rich.console import Console

from pomonag.errors import UserError
from pomonag.execution.executor import SerialExecutor
from pomonag.meta_dataset.builder import BuildConfig, build_meta_dataset
from pomonag.meta_dataset.check import check_meta_dataset
from pomonag.meta_dataset.plan import Plan
from pomonag.meta_dataset.schema import SHIPPED, read_shard, shard_paths, write_shard
from pomonag.spaces import search_space


@pytest.fixture
def folder(tmp_path, measure):
    def additive(planned):
        """A latency of one millisecond a 3x3 convolution on top of four."""
        measured = measure(planned)
        latency_ms = 4.0 + planned.architecture.count("conv_3x3~")
        return replace(measured, latency=replace(measured.latency, latency_ms=latency_ms, wall_ms=latency_ms))

    config = BuildConfig(rows=120, plan=Plan(training_tasks=3, held_out_tasks=1))
    build_meta_dataset(config, SerialExecutor(), tmp_path, measure=additive, console=Console(quiet=True))
    return tmp_path


def spoil(folder, change):
    (path,) = shard_paths(folder)
    rows, metadata = read_shard(path)
    rows, metadata = change(rows, metadata) or (rows, metadata)
    write_shard(path, rows, {k: v for k, v in metadata.items() if k != "schema_version"})


def test_whole_data_has_no_problems(folder):
    report = check_meta_dataset(folder)
    assert (report.rows, report.failed, report.tasks) == (120, 0, 4)
    assert report.problems == ()
    assert report.warnings == ()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"params": 12345}, "computed"),
        ({"macs": 12345}, "computed"),
        ({"accuracy": 101.0}, "accuracy is 101.0, expected 0 to 100"),
        ({"loss": float("nan")}, "loss is nan"),
        ({"true_class_probability": None}, "true_class_probability is None"),
        ({"isomorphism_class": "0" * 12}, "isomorphism class"),
        ({"held_out": True}, "held_out is True"),
        ({"architecture": "|none~0|"}, "|none~0| seed 0: "),
        ({"task": "training-000"}, "unknown task 'training-000'"),
        ({"provenance": "0" * 12}, "does not explain"),
        ({"status": "lost"}, "neither ok nor failed"),
        ({"status": "failed"}, "without an error"),
        ({"status": "failed", "error": "x"}, "failed, but has accuracy"),
        ({"error": "x"}, "ok with the error"),
        ({"latency_wall_ms": None}, "latency_wall_ms is None"),
        ({"latency_median_ms": -1.0}, "latency_median_ms is -1.0"),
        ({"epochs": 4}, "epochs is 4, its protocol says 3"),
        ({"reduced": "{}"}, "reduced is {}, its protocol says"),
    ],
)
def test_a_spoiled_row_is_named(folder, columns, message):
    def change(rows, metadata):
        rows[5] = replace(rows[5], **columns)

    spoil(folder, change)
    problems = check_meta_dataset(folder).problems
    assert len(problems) == 1
    assert message in problems[0]


def test_duplicates_and_changed_provenance(folder):
    def change(rows, metadata):
        metadata["provenance"] = {key: {**record, "cpu": "another"} for key, record in metadata["provenance"].items()}
        metadata["protocols"] = {key: {**settings, "classes": 21} for key, settings in metadata["protocols"].items()}
        return [*rows, rows[0]], metadata

    spoil(folder, change)
    problems = check_meta_dataset(folder).problems
    assert any("is there 2 times" in p for p in problems)
    assert any(p.startswith("rows-0000.parquet: provenance") and "does not match its hash" in p for p in problems)
    assert any(p.startswith("rows-0000.parquet: protocol") and "does not match its hash" in p for p in problems)


def test_outlying_and_disturbed_latencies_are_warnings(folder):
    def change(rows, metadata):
        rows[7] = replace(rows[7], latency_ms=40.0, latency_disturbed=True)

    spoil(folder, change)
    report = check_meta_dataset(folder)
    assert report.problems == ()
    assert len(report.warnings) == 2
    assert "1 of 120 latencies" in report.warnings[0]
    assert "latency 40.00 ms" in report.warnings[1]


def test_a_damaged_shard_is_a_user_error(folder):
    (path,) = shard_paths(folder)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match="not a whole meta-dataset shard"):
        check_meta_dataset(folder)


@pytest.mark.parametrize("name", sorted(p.name for p in SHIPPED.iterdir() if shard_paths(p)))
def test_what_ships_is_sound(name):
    assert check_meta_dataset(SHIPPED / name).problems == ()


def test_costs_are_those_of_the_full_network(folder):
    (path,) = shard_paths(folder)
    row = read_shard(path)[0][0]
    network = search_space("nb201").build(search_space("nb201").parse(row.architecture), classes=20)
    assert row.params == sum(p.numel() for p in network.parameters())
    assert network(torch.zeros(2, 3, 32, 32)).shape == (2, 20)
