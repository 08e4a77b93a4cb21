import pytest

from pomonag.errors import UserError
from pomonag.records.record_store import Entry, Problem
from reports.measurements import SCHEMA, RunKey, Value
from reports.stored_runs import run_of


def test_a_run_comes_back(made_up):
    run = made_up.a_record(RunKey("4", "pomonag", "fast", "nb201", "cifar10"), [Value("validity", 99.0, "%", "p")])
    assert run_of(Entry("a.jsonl", 1, run.to_json())) == run


def test_a_newer_result_is_refused_with_its_place():
    with pytest.raises(UserError, match=rf"a\.jsonl:7 is a result of schema {SCHEMA + 1}.*Update pomonag"):
        run_of(Entry("a.jsonl", 7, {"kind": "run", "schema": SCHEMA + 1}))


@pytest.mark.parametrize(
    "record",
    [{}, {"kind": "note"}, {"kind": "run", "schema": 1}, {"kind": "run", "schema": "new", "key": {}},
     {"kind": "run", "schema": 1, "key": {"table": "4"}, "values": []}],
)  # fmt: skip
def test_what_is_no_run_is_named_with_its_place(record):
    problem = run_of(Entry("a.jsonl", 7, record))
    assert isinstance(problem, Problem)
    assert str(problem).startswith("a.jsonl:7: not a run of this version: ")
