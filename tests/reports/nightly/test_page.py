from pathlib import Path

import jinja2

import reports
from reports.nightly.fingerprint import Fingerprint
from reports.nightly.history import record_of, store
from reports.nightly.night import CellNight, Night, Status, Watched
from reports.nightly.page import nightly_page

EVIL = '<script>alert("x")</script>'


def drawn(folder):
    loader = jinja2.FileSystemLoader(Path(reports.__file__).parent / "templates")
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.get_template("nightly.html").render(nightly=nightly_page(folder))


def keep(folder, means, status):
    cell = CellNight(Watched("moving", "validity", "%", "h"), status, EVIL)
    history = store(folder)
    history.append(record_of(Night([cell]), means, EVIL, Fingerprint("cpu", "2.9", 1), 1.0).to_json())
    history.close()


def test_without_a_history_it_says_so(tmp_path):
    assert "No night was recorded here yet" in drawn(tmp_path / "none")


def test_nights_and_the_cells_that_moved_are_drawn_and_escaped(tmp_path):
    keep(tmp_path, {"moving": 99.0, "still": 50.0}, Status.UNCHANGED)
    keep(tmp_path, {"moving": 97.0, "still": 50.0}, Status.DRIFT)
    text = drawn(tmp_path)
    assert text.count("<svg") == 1
    assert 'aria-label="moving: 99 to 97 over 2 nights"' in text
    assert "1 cells did not move" in text
    assert "FAILED" in text
    assert "passed" in text
    assert "<script>" not in text
