import pytest

from pomonag.errors import UserError
from reports.measurements import RunKey, Value
from reports.nightly.acceptances import Acceptance, write_acceptances
from reports.nightly.accepted import load_accepted
from reports.nightly.accepting import acceptances_of, last_night
from reports.nightly.baseline import rows_of, write_baseline
from reports.nightly.fingerprint import Fingerprint
from reports.paper_cells import paper_cells

KEY = RunKey("4", "pomonag", "fast", "nb201", "mean-over-runs")
CELL = "table4-pomonag-fast-nb201-mean-over-runs-validity-mean-generated"
PAPER = "table4-pomonag-paper-nb201-mean-over-runs-validity-mean-generated"


@pytest.fixture
def record(made_up):
    def make(seed, value, recorded="2026-01-01", key=KEY):
        return made_up.a_record(key, [Value("validity", value, "%", "p")], seed, recorded=recorded)

    return make


@pytest.fixture
def shipped(made_up, record, tmp_path):
    made_up.write(tmp_path / "results", [record(0, 1.0), record(1, 2.0)])
    return tmp_path / "results"


def values(accepted, record):
    return {s: v.value for s, v in accepted.of(CELL, record(0, 0.0).config_hash).items()}


def test_shipped_results_and_the_baseline_add_up_and_the_last_recorded_counts(shipped, record, tmp_path):
    write_baseline(rows_of([record(1, 5.0, "2026-02-01"), record(2, 3.0)]), tmp_path / "b.parquet")
    accepted = load_accepted(shipped, tmp_path / "b.parquet", tmp_path / "none")
    assert values(accepted, record) == {0: 1.0, 1: 5.0, 2: 3.0}
    assert accepted.of(CELL, record(0, 0.0).config_hash)[0].fingerprint.cpu == "a processor"
    assert accepted.of(CELL, "another configuration") == {}


def test_an_acceptance_replaces_what_came_before_and_not_what_came_after(shipped, record, tmp_path):
    h = record(0, 0.0).config_hash
    machine = Fingerprint("new cpu", "2.9", 1)
    write_acceptances([Acceptance(CELL, h, {7: 9.0}, machine, "c", "faster", "2026-03-01")], tmp_path / "accepted")
    write_baseline(rows_of([record(3, 4.0, "2026-04-01")]), tmp_path / "b.parquet")
    accepted = load_accepted(shipped, tmp_path / "b.parquet", tmp_path / "accepted")
    assert values(accepted, record) == {3: 4.0, 7: 9.0}
    assert (accepted.reason(CELL, h), accepted.reason(CELL, "other")) == ("faster", None)


def test_an_acceptance_of_what_did_not_change_keeps_the_other_seeds(shipped, record, tmp_path):
    found = acceptances_of([CELL], "the paper's number cannot be reached", None, shipped)
    write_baseline(rows_of([record(seed, 3.0) for seed in range(2, 20)]), tmp_path / "b.parquet")
    write_acceptances(found, tmp_path / "accepted")
    assert (
        len(load_accepted(shipped, tmp_path / "b.parquet", tmp_path / "accepted").of(CELL, found[0].config_hash)) == 20
    )


def test_damaged_results_are_not_compared_with(shipped, tmp_path):
    (shipped / "torn.jsonl").write_text("{}\n")
    with pytest.raises(UserError, match=r"torn.jsonl:1.*version control"):
        load_accepted(shipped, tmp_path / "none", tmp_path / "none")


def test_accepting_takes_the_nights_values_and_the_shipped_ones_otherwise(shipped, made_up, record, tmp_path):
    other = RunKey("4", "unguided", "fast", "nb201", "mean-over-runs")
    made_up.write(tmp_path / "night", [record(0, 8.0), record(20, 9.0), record(0, 7.0, key=other)])
    (found,) = acceptances_of([CELL], "a reason", tmp_path / "night", shipped)
    assert found.values == {0: 8.0, 20: 9.0}
    assert found.why == "a reason"
    assert found.commit == "0123456789abcdef"
    (found,) = acceptances_of([CELL], "a reason", None, shipped)
    assert found.values == {0: 1.0, 1: 2.0}
    every = acceptances_of(["table4-*"], "a reason", tmp_path / "night", shipped)
    assert len(every) == 2


def test_a_cell_of_the_paper_stands_for_the_measured_one(shipped):
    (found,) = acceptances_of([PAPER], "a reason", None, shipped)
    assert found.cell == CELL


def test_mistakes_are_told(shipped, tmp_path):
    with pytest.raises(UserError, match="--why is empty"):
        acceptances_of([CELL], "  ", None, shipped)
    with pytest.raises(UserError, match=r"unknown cell 'table4-pomonag-fast.*Did you mean 'table4-pomonag-fast"):
        acceptances_of([CELL.replace("validity", "vality")], "w", None, shipped)
    unmeasured = next(cell.id for cell in paper_cells() if cell.source is None)
    with pytest.raises(UserError, match="was not measured: there is nothing to accept"):
        acceptances_of([unmeasured], "w", None, shipped)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no results"):
        acceptances_of([CELL], "w", tmp_path / "empty", shipped)


def test_the_last_night_is_found(tmp_path):
    assert last_night(tmp_path / "none") is None
    for name in ("20260101T000000", "20260102T000000"):
        (tmp_path / name).mkdir()
    assert last_night(tmp_path).name == "20260102T000000"
