import dataclasses
import json

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pomonag.errors import UserError
from pomonag.meta_dataset.schema import (
    COLUMNS,
    Row,
    arrow_schema,
    frame_of,
    meta_dataset,
    problems_of,
    read_shard,
    row_from_record,
    write_shard,
)

_BY_TYPE = {
    "str": st.text(max_size=5),
    "bool": st.booleans(),
    "int": st.integers(0, 2**40),
    "float": st.floats(0, 1e6),
}
any_row = st.builds(
    Row,
    **{
        f.name: _BY_TYPE[f.type.removesuffix(" | None")] | (st.none() if f.type.endswith(" | None") else st.nothing())
        for f in dataclasses.fields(Row)
    },
)


def good(**changes):
    row = Row(
        task="train-000", held_out=False, architecture="a", isomorphism_class="c", anchor=True, seed=0, protocol="p",
        status="ok", error=None, accuracy=30.0, loss=2.0, true_class_probability=0.2, train_loss=2.1, params=10,
        macs=20, latency_ms=1.0, latency_median_ms=1.0, latency_sd_ms=0.1, latency_wall_ms=1.1,
        latency_disturbed=False, seconds=3.0, cpu_seconds=2.9, reduced='{"cells": 1, "channels": 16}',
        resolution=16, epochs=3,
        batch_size=64, train_images_per_class=160,
        test_images_per_class=80, measured="2026-01-01T00:00:00+00:00", load=0.1, provenance="q",
    )  # fmt: skip
    return dataclasses.replace(row, **changes)


@given(st.lists(any_row, max_size=5))
@settings(max_examples=25, deadline=None)
def test_shards_give_back_what_was_written(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("shards") / "rows-0000.parquet"
    write_shard(path, rows, {"protocols": {"p": {"x": 1}}, "provenance": {}})
    back, metadata = read_shard(path)
    assert back == rows
    assert metadata == {"schema_version": 2, "protocols": {"p": {"x": 1}}, "provenance": {}}


@given(any_row)
@settings(max_examples=25, deadline=None)
def test_json_gives_back_the_row(row):
    assert row_from_record(json.loads(json.dumps(dataclasses.asdict(row)))) == row


def test_the_columns_that_readers_rely_on():
    labels = {"accuracy", "loss", "true_class_probability", "params", "macs", "latency_ms"}
    assert labels | {"task", "architecture", "seconds", "seed", "status"} <= set(COLUMNS)
    assert arrow_schema().names == list(COLUMNS)
    assert not arrow_schema().field("task").nullable
    assert arrow_schema().field("accuracy").nullable


def test_missing_and_unknown_columns_are_named():
    record = dataclasses.asdict(good())
    record["colour"] = record.pop("loss")
    with pytest.raises(ValueError, match=r"missing \['loss'\], unknown \['colour'\]"):
        row_from_record(record)


def test_only_measured_rows_reach_the_frame(tmp_path):
    rows = [good(), good(seed=1, status="failed", error="x", accuracy=None)]
    write_shard(tmp_path / "rows-0000.parquet", rows, {})
    frame = meta_dataset(tmp_path)
    assert list(frame.columns) == list(COLUMNS)
    assert frame["seed"].tolist() == [0]


def test_frame_keeps_missing_numbers_missing():
    frame = frame_of([good(), good(accuracy=None)])
    assert pd.isna(frame["accuracy"][1])
    assert frame_of([]).empty


def test_unknown_names_empty_folders_and_other_schemas(tmp_path):
    with pytest.raises(UserError, match="unknown meta-dataset 'nb102'"):
        meta_dataset("nb102")
    with pytest.raises(UserError, match="no measured rows"):
        meta_dataset(tmp_path)
    path = tmp_path / "rows-0000.parquet"
    pq.write_table(arrow_schema().empty_table(), path)
    with pytest.raises(UserError, match="rows-0000"):
        meta_dataset(tmp_path)
    write_shard(path, [good()], {"schema_version": 3})
    with pytest.raises(UserError, match=r"newer version of pomonag \(schema version 3, this one knows 2\): upgrade"):
        meta_dataset(tmp_path)


def test_rows_of_the_first_version_are_read():
    record = dataclasses.asdict(good())
    del record["reduced"]
    assert row_from_record({**record, "channels": 16, "cells": 1}) == good()


def test_a_good_row_has_no_problems():
    assert problems_of(good()) == []
    assert problems_of(good(latency_ms=None, latency_median_ms=None, latency_wall_ms=None)) == []
    assert problems_of(good(latency_ms=0.0)) == ["latency_ms is 0.0"]
    assert problems_of(good(params=0)) == ["params 0 and macs 20 must be positive"]
