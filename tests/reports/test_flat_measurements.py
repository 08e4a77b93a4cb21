import dataclasses
import json

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from pomonag.records.record_store import Entry, RecordStore
from reports.flat_measurements import COLUMNS, counting, flatten
from reports.measurements import RunKey, RunRecord, Value, load_runs
from tests.reports.measurement_frame import frame

A_RUN = RunRecord(
    RunKey("4", "a", "fast", "nb201", "x"), 0, 1, {"count": 256}, 1,
    (Value("validity", 1.0, "%", "p"), Value("novelty", 2, "%", "q")), 1.5, 1,
)  # fmt: skip


def entries(*runs):
    return [Entry("a.jsonl", i, json.loads(json.dumps(run.to_json()))) for i, run in enumerate(runs, start=1)]


def as_frame(table):
    return table.filter(counting(table)).select([*COLUMNS]).to_pandas().astype(object)


def in_any_order(table):
    return table.sort_values(["cell", "seed", "value"]).reset_index(drop=True)


def test_every_column_is_the_frames():
    other = dataclasses.replace(A_RUN, key=RunKey("fronts", "b", "1080ti_1", "nb201", "y"), seed=2)
    table, problems = flatten(entries(A_RUN, other))
    expected = frame([A_RUN, other]).drop(columns=["run", "origin"]).astype(object)
    pd.testing.assert_frame_equal(in_any_order(as_frame(table)), in_any_order(expected), check_dtype=False)
    assert list(expected.columns) == list(COLUMNS)
    assert problems == []


def varied(key, version, seed, moment, values):
    return dataclasses.replace(
        A_RUN, key=RunKey("4", f"method{key}", "fast", "nb201", "x"), version=version, seed=seed,
        values=tuple(Value(metric, value, "%", "p") for metric, value in values.items()),
        recorded=f"2025-01-01T00:00:00.{moment:03d}+00:00",
    )  # fmt: skip


small = st.integers(0, 1)
runs = st.builds(
    varied, small, st.integers(1, 2), small, st.integers(0, 4), st.dictionaries(st.sampled_from("abc"), st.floats(0, 9))
)


@given(st.lists(runs, max_size=12))
@settings(max_examples=40, deadline=None)
def test_the_same_rows_count_as_in_the_report(tmp_path_factory, made):
    # Equal times, runs without a value, older configurations: all as reports.measurements.load_runs decides.
    folder = tmp_path_factory.mktemp("results")
    store = RecordStore(folder)
    for run in made:
        store.append(run.to_json())
    store.close()
    table, problems = flatten(entries(*made))
    expected = frame(load_runs(folder)[0]).drop(columns=["run", "origin"]).astype(object)
    pd.testing.assert_frame_equal(in_any_order(as_frame(table)), in_any_order(expected), check_dtype=False)
    assert problems == []


def test_what_is_no_run_is_named_and_left_out():
    odd = json.loads(json.dumps(A_RUN.to_json()))
    odd["values"][0]["evaluation"] = "guessed"
    text = json.loads(json.dumps(A_RUN.to_json()))
    text["values"][0]["value"] = "99"
    made = [Entry("a.jsonl", 1, odd), Entry("a.jsonl", 2, text), Entry("a.jsonl", 3, {"kind": "x"}), *entries(A_RUN)]
    table, problems = flatten(made)
    assert len(table) == 2
    assert [str(p).split(":")[1] for p in problems] == ["1", "2", "3"]
    assert "evaluation 'guessed'" in problems[0].reason
    assert "value is '99'" in problems[1].reason


def test_nothing_is_an_empty_table():
    table, problems = flatten([])
    assert len(table) == len(counting(table)) == 0
    assert problems == []
