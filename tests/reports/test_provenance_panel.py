import json

import pytest

from reports.consistency import check, load_paper
from reports.evidence import Evidence
from reports.judgement import judgements, marks_of
from reports.margins import load
from reports.measurements import RunKey, Value
from reports.provenance_panel import as_script, panel_data

KEY = RunKey("4", "pomonag", "fast", "nb201", "mean-over-runs")
OURS = "table4-pomonag-fast-nb201-mean-over-runs-validity-mean-generated"
PAPER = "table4-pomonag-paper-nb201-mean-over-runs-validity-mean-generated"


@pytest.fixture(scope="module")
def found():
    return check(load_paper())


def data_of(evidence, found):
    return panel_data(evidence, judgements(evidence, load(), marks_of(found)), found)


@pytest.fixture(scope="module")
def data(made_up, found):
    return data_of(Evidence(made_up.every_run(), made_up.every_run(1)), found)


def test_a_cell_leads_to_its_runs_values_and_command(data):
    cell = data["cells"][OURS]
    assert len(cell["values"]) == len(cell["runs"]) == 3
    runs = [data["runs"][place] for place in cell["runs"]]
    assert [run["seed"] for run in runs] == [0, 1, 2]
    assert [run["origin"] for run in runs] == ["recomputed here", "shipped", "shipped"]
    assert runs[0]["value"] == "10000"
    assert "--method pomonag --configuration fast" in data["commands"][cell["command"]]
    assert data["protocols"][cell["protocol"]] == "made up for a test"
    assert data["machines"][runs[0]["machine"]].startswith("a processor, 2 cores, 1 thread(s), no GPU")


def test_a_result_of_the_paper_has_its_place_verdict_and_our_cell(data):
    paper = data["paper"][PAPER]
    assert paper["printed"] == "99.97 ± 0.10 %"
    assert paper["place"] == "Table 4"
    assert paper["verdict"] == "WORSE"  # the made-up values lie at 95 %
    assert paper["ours"] == OURS
    assert paper["interval95"].startswith("-5")
    assert "PI-01" in paper["caveats"]
    assert data["rules"]["PI-01"]
    assert data["cells"][OURS]["judged"] == [PAPER]


def test_every_result_is_there_and_settings_have_no_reason(data):
    assert len(data["paper"]) == 234
    settings = [entry for entry in data["paper"].values() if entry["verdict"] == "SETTING"]
    assert len(settings) == 16
    assert all("reason" not in entry for entry in settings)


def test_what_runs_share_is_written_once(data):
    assert len(data["machines"]) == 1
    assert len(data["runs"]) > 100
    assert len(data["commands"]) < len(data["runs"])


def test_large_seeds_keep_their_digits(made_up, found):
    record = made_up.a_record(KEY, [Value("validity", 1.0, "%", "p")])
    object.__setattr__(record, "seed_value", 8491132226313795163)
    assert data_of(Evidence([record]), found)["runs"][0]["value"] == "8491132226313795163"


def test_nothing_in_the_data_ends_the_script_element():
    data = {"text": "</script><!--<script>&\u2028", "umlaut": "ä"}
    text = as_script(data)
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == data
