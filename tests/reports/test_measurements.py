import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pomonag.errors import UserError
from pomonag.records.record_store import Entry, Problem, RecordStore
from reports.measurements import (
    SCHEMA,
    RunKey,
    RunRecord,
    Value,
    config_hash,
    load_runs,
    measurements_of,
    run_of,
    summarise,
)

KEY = RunKey("4", "pomonag", "fast", "nb201", "mean-over-runs")


def a_run(seed=0, value=99.5, recorded="2025-01-01T00:00:00.000+00:00", **changes):
    values = (
        Value("validity", value, "%", "256 samples, threshold 0.5"),
        Value("uniqueness", 90.0 + seed, "%", "by string"),
    )
    record = RunRecord(KEY, seed, 1000 + seed, {"count": 256}, 1, values, 1.5, 1.25, recorded=recorded)
    return dataclasses.replace(record, **changes)


def store(folder, *runs):
    records = RecordStore(folder)
    for run in runs:
        records.append(run.to_json())
    records.close()


def test_a_run_survives_the_store_unchanged(tmp_path):
    run = a_run(details={"fronts": {"params": [[1.0, 2.0]]}}, inputs={"table": "ab12"}, provenance={"cpu": "x"})
    store(tmp_path, run)
    loaded, problems = load_runs(tmp_path)
    assert loaded == [run]
    assert not problems


def test_the_record_is_plain_json_with_hashes():
    data = json.loads(json.dumps(a_run().to_json()))
    assert data["id"] == "table4-pomonag-fast-nb201-mean-over-runs"
    assert data["config_hash"] == config_hash({"count": 256}, 1)
    assert all(len(value["protocol_hash"]) == 12 for value in data["values"])


def test_the_last_recorded_repetition_and_configuration_count(tmp_path):
    old_version = a_run(0, recorded="2025-01-01T00:00:00.000+00:00", version=0)
    first = a_run(0, 1.0, recorded="2025-01-02T00:00:00.000+00:00")
    again = a_run(0, 2.0, recorded="2025-01-03T00:00:00.000+00:00")
    other_seed = a_run(1, 3.0, recorded="2025-01-02T12:00:00.000+00:00")
    store(tmp_path, again, other_seed, old_version, first)
    loaded, _ = load_runs(tmp_path)
    assert [(run.seed, run.values[0].value) for run in loaded] == [(0, 2.0), (1, 3.0)]


def test_damaged_and_foreign_lines_are_reported_and_cost_nothing_else(tmp_path):
    store(tmp_path, a_run())
    records = RecordStore(tmp_path)
    records.append({"kind": "run", "schema": 1, "id": "broken", "key": {"table": "4"}})
    records.close()
    (broken,) = [path.name for path in tmp_path.glob("*.jsonl") if "broken" in path.read_text()]
    (tmp_path / "zz.jsonl").write_text("torn line\n")
    loaded, problems = load_runs(tmp_path)
    assert len(loaded) == 1
    assert {(problem.file, problem.line) for problem in problems} == {("zz.jsonl", 1), (broken, 1)}


def test_a_newer_result_is_refused_with_its_place(tmp_path):
    store(tmp_path, a_run())
    RecordStore(tmp_path).append({"kind": "run", "schema": SCHEMA + 1, "id": "from-the-future"})
    with pytest.raises(UserError, match=rf"\.jsonl:1 is a result of schema {SCHEMA + 1}.*Update pomonag"):
        load_runs(tmp_path)


@pytest.mark.parametrize(
    "record",
    [{}, {"kind": "note"}, {"kind": "run", "schema": 1}, {"kind": "run", "schema": "new", "key": {}},
     {"kind": "run", "schema": 1, "key": {"table": "4"}, "values": []}],
)  # fmt: skip
def test_what_is_no_run_is_named_with_its_place(record):
    problem = run_of(Entry("a.jsonl", 7, record))
    assert isinstance(problem, Problem)
    assert str(problem).startswith("a.jsonl:7: not a run of this version: ")


def test_an_empty_folder_holds_nothing(tmp_path):
    assert load_runs(tmp_path / "nothing") == ([], [])


def test_one_seed_has_no_interval():
    assert summarise([4.0]).ci95 is None
    with pytest.raises(ValueError, match="no values"):
        summarise([])


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20))
def test_summary_agrees_with_scipy_on_any_values(values):
    summary = summarise(values)
    expected = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    assert summary.mean == pytest.approx(np.mean(values), abs=1e-6)
    assert summary.ci95 == pytest.approx(expected, rel=1e-9, abs=1e-6)


def test_measurements_carry_cell_and_run():
    first, second = measurements_of(a_run())
    assert (first.cell.metric, second.cell.metric) == ("validity", "uniqueness")
    assert first.protocol_hash != second.protocol_hash
    assert first.run.seed_value == 1000


def test_config_hash_ignores_the_order_of_settings_but_not_the_version():
    assert config_hash({"a": 1, "b": 2}, 1) == config_hash({"b": 2, "a": 1}, 1)
    assert config_hash({"a": 1}, 1) != config_hash({"a": 1}, 2) != config_hash({"a": 2}, 2)
