import json
import math
import os

import pytest

from pomonag.errors import UserError
from pomonag.records.record_store import RecordStore
from reports.nightly.fingerprint import Fingerprint
from reports.nightly.history import read_history, record_of, series, store
from reports.nightly.night import CellNight, Night, Status, Watched
from reports.nightly.ratios import Ratio

MACHINE = Fingerprint("a cpu", "2.9", 1)


def a_night(means, *statuses):
    cells = [CellNight(Watched(f"cell-{i}", "validity", "%", "h"), s, "a note") for i, s in enumerate(statuses)]
    return record_of(Night(cells, [Ratio("speed-x", None, (2.0,))]), means, "0123456789", MACHINE, 12.34)


def keep(folder, *nights):
    history = store(folder)
    for night in nights:
        history.append(night.to_json())
    history.close()


def test_a_night_is_read_as_it_was_written(tmp_path):
    night = a_night({"cell-0": 99.5}, Status.UNCHANGED, Status.DRIFT, Status.NEW)
    keep(tmp_path, night)
    (read,), problems = read_history(tmp_path)
    assert (read, problems) == (night, [])
    assert read.exit_code == 1
    assert [noted["cell"] for noted in read.noted] == ["cell-1"]
    assert json.loads(json.dumps(read.to_json()))["counts"] == {"unchanged": 1, "drift": 1, "new": 1}


def test_series_have_a_gap_where_a_night_had_no_value(tmp_path):
    keep(tmp_path, a_night({"a": 1.0}), a_night({"b": 2.0}))
    found = series(read_history(tmp_path)[0])
    assert found["speed-x"] == [2.0, 2.0]
    assert found["a"][0] == 1.0
    assert math.isnan(found["a"][1])


def test_what_is_no_night_is_set_aside_and_a_newer_one_refused(tmp_path):
    other = RecordStore(tmp_path)
    other.append({"kind": "run"})
    other.append({"kind": "night", "fingerprint": {}})
    other.close()
    nights, problems = read_history(tmp_path)
    assert nights == []
    assert "not a night" in problems[0]
    assert ":2: not a night of this version" in problems[1]
    other.append({**a_night({}).to_json(), "schema": 99})
    other.close()
    with pytest.raises(UserError, match="schema 99, written by a newer pomonag"):
        read_history(tmp_path)


def test_a_folder_that_cannot_be_written_is_refused_at_once(tmp_path):
    if os.geteuid() == 0:
        # Root may write anywhere; a file where the folder should be refuses everybody.
        (tmp_path / "history").write_text("")
    else:
        (tmp_path / "history").mkdir(mode=0o500)
    with pytest.raises(UserError, match="give another folder"):
        store(tmp_path / "history")
