import pytest

from pomonag.errors import UserError
from pomonag.records.record_store import RecordStore
from reports.nightly.acceptances import Acceptance, read_acceptances, write_acceptances
from reports.nightly.fingerprint import Fingerprint

MACHINE = Fingerprint("a processor", "2.9", 1)


def an_acceptance(**changes) -> Acceptance:
    given = {"cell": "c", "config_hash": "h", "values": {0: 1.5, 7: 2.5}, "fingerprint": MACHINE}
    return Acceptance(**{**given, "commit": "0123", "why": "w", **changes})


def test_what_was_written_is_read_and_the_last_one_counts(tmp_path):
    write_acceptances([an_acceptance(recorded="2026-01-01"), an_acceptance(cell="d")], tmp_path)
    write_acceptances([an_acceptance(recorded="2026-01-02", why="better reason")], tmp_path)
    found = read_acceptances(tmp_path)
    assert set(found) == {("c", "h"), ("d", "h")}
    assert found["c", "h"].why == "better reason"
    assert found["c", "h"].values == {0: 1.5, 7: 2.5}
    assert read_acceptances(tmp_path / "none") == {}


def test_a_damaged_line_is_refused_by_name(tmp_path):
    write_acceptances([an_acceptance()], tmp_path)
    (file,) = tmp_path.glob("*.jsonl")
    with file.open("ab") as opened:
        opened.write(b'{"not": "ours"}\n')
    with pytest.raises(UserError, match=rf"{file.name}:2: .*foreign line"):
        read_acceptances(tmp_path)


@pytest.mark.parametrize(
    "broken", [{"kind": "run"}, {"values": {}}, {"values": {"0": "much"}}, {"why": " "}, {"values": [1]}]
)
def test_what_is_no_acceptance_is_refused_by_line(tmp_path, broken):
    store = RecordStore(tmp_path)
    store.append(an_acceptance().to_json())
    store.append({**an_acceptance().to_json(), **broken})
    store.close()
    with pytest.raises(UserError, match=r"jsonl:2 is no acceptance"):
        read_acceptances(tmp_path)


def test_a_newer_one_is_refused(tmp_path):
    store = RecordStore(tmp_path)
    store.append({**an_acceptance().to_json(), "schema": 99})
    store.close()
    with pytest.raises(UserError, match=r"schema 99, written by a newer pomonag"):
        read_acceptances(tmp_path)
