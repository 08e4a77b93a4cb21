import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.recorded import Recorded
from pomonag.records.record_store import RecordStore
from reports.measurements import RunKey, RunRecord, Value, load_runs

A_RUN = RunRecord(RunKey("4", "a", "fast", "nb201", "x"), 0, 1, {}, 1, (Value("validity", 1.0, "%", "p"),), 1.0, 1.0)


def varied(key, version, seed, moment, value):
    return dataclasses.replace(
        A_RUN, key=RunKey("4", f"method{key}", "fast", "nb201", "x"), version=version, seed=seed,
        values=(Value("validity", value, "%", "p"),), recorded=f"2025-01-01T00:00:00.{moment:03d}+00:00",
    )  # fmt: skip


runs = st.lists(
    st.builds(varied, st.integers(0, 1), st.integers(1, 2), st.integers(0, 1), st.integers(0, 999), st.floats(0, 1)),
    min_size=1, max_size=8, unique_by=lambda run: run.recorded,
)  # fmt: skip


@given(runs)
@settings(max_examples=40, deadline=None)
def test_the_same_runs_count_as_in_the_report_whatever_was_read_when(tmp_path_factory, made):
    folder = tmp_path_factory.mktemp("results")
    store, recorded = RecordStore(folder), Recorded(folder)
    for run in made:
        store.append(run.to_json())
        recorded.look()
        counting = {(r.key, r.config_hash, r.seed): r for r in load_runs(folder)[0]}
        assert {place: recorded.find(*place) for place in counting} == counting
        others = {(r.key, r.config_hash, r.seed) for r in made} - set(counting)
        assert [recorded.find(*place) for place in others] == [None] * len(others)
    store.close()


def test_since_leaves_out_what_was_recorded_before(tmp_path):
    RecordStore(tmp_path).append(varied(0, 1, 0, 500, 1.0).to_json())
    recorded = Recorded(tmp_path)
    place = varied(0, 1, 0, 500, 1.0)
    assert recorded.find(place.key, place.config_hash, 0, "2025-01-01T00:00:00.500+00:00") is not None
    assert recorded.find(place.key, place.config_hash, 0, "2025-01-01T00:00:00.501+00:00") is None


def test_what_is_no_run_is_named(tmp_path):
    store = RecordStore(tmp_path)
    store.append({"kind": "note"})
    store.append({"kind": "run", "schema": 1, "key": {"table": "4"}})
    store.append(A_RUN.to_json())
    recorded = Recorded(tmp_path)
    assert [problem.line for problem in recorded.problems] == [1, 2]
    assert recorded.find(A_RUN.key, A_RUN.config_hash, 0) == A_RUN
