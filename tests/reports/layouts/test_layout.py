from dataclasses import replace

import pytest

from reports.evidence import Evidence
from reports.judgement import Judged, judgements
from reports.layouts.layout import Column, PaperEntry, PaperTable, Places, Printed, Row, Stub, printed, spanning
from reports.margins import load
from reports.paper_cells import paper_cells
from reports.verdicts import Name, Verdict

CELL = next(cell for cell in paper_cells() if cell.number.metric == "validity")


def an_entry(name=Name.WORSE, reason="lower", **more):
    return PaperEntry(Judged(CELL, None, Verdict(name, reason, **more)))


def a_table(*entries, **changes):
    settings = {
        "name": "4", "title": "t", "caption": "c", "stubs": (Column("Method"),), "columns": (Column("A", "G"),),
        "rows": tuple(Row((Stub(f"row {i}"),), (entry,)) for i, entry in enumerate(entries)),
    }  # fmt: skip
    return PaperTable(**{**settings, **changes})


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "98.97 ± 0.29"),
        ({"ci95": None, "note": "ci95 cut off in the source text; visible: 0."}, "98.97 ± 0…"),
        ({"ci95": None, "note": "ci95 cut off in the source text; visible: 2.9"}, "98.97 ± 2.9…"),
        ({"ci95": None, "note": "ci95 cut off in the source text; nothing visible after the sign"}, "98.97 ± …"),
        ({"value": -90.0, "ci95": None, "statistic": "relative"}, "−90"),
        ({"value": 9180.0, "ci95": 3240.0, "unit": "s"}, "9,180 ± 3,240 s"),
        ({"value": 24943.0, "ci95": None, "unit": "1"}, "24,943"),
    ],
)
def test_a_number_as_printed(changes, text):
    assert printed(replace(CELL.number, **changes)) == text


def test_a_row_needs_an_entry_for_each_column():
    with pytest.raises(ValueError, match="'x' of 't'"):
        a_table(rows=(Row((Stub("x"),), ()),))


def test_reasons_stand_once_with_their_places():
    table = a_table(
        *[an_entry()] * 6, an_entry(Name.BETTER, "higher", caveats=("PI-01", "PI-02")), Printed("–"),
        an_entry(caveats=("PI-01",)),
    )  # fmt: skip
    assert [(r.word, r.text, r.where) for r in table.reasons] == [
        ("WORSE", "lower", "7 numbers"), ("BETTER", "higher", "row 6, G: A"),
    ]  # fmt: skip
    assert [(r.text, r.where) for r in table.caveats] == [
        ("PI-01", "row 6, G: A; row 8, G: A"),
        ("PI-02", "row 6, G: A"),
    ]
    assert table.judged
    assert not a_table(Printed("–")).judged


def test_headings_are_grouped():
    table = a_table(
        columns=(Column("A", "G"), Column("B", "G"), Column("C")), rows=(Row((Stub("x"),), (Printed("1"),) * 3),)
    )
    assert table.groups == [("G", 2), ("", 1)]
    assert table.stub_groups == [("", 1)]
    assert table.grouped
    assert not a_table(Printed("1"), columns=(Column("A"),)).grouped
    assert spanning("x", 3) == [Stub("x", 3), Stub("x", 0), Stub("x", 0)]


def test_an_entry_says_its_verdict_and_why():
    entry = an_entry(caveats=("PI-19",), fragile=True)
    assert (entry.word, entry.style, entry.why, entry.fragile) == ("WORSE", "v-worse", "lower; PI-19", True)
    setting = PaperEntry(Judged(CELL, None, None), beside="7")
    assert (setting.word, setting.style, setting.why, setting.ours, setting.seeds) == (
        "SETTING",
        "v-setting",
        "",
        "7",
        "",
    )


def test_places_are_found_by_what_they_are_about():
    places = Places(judgements(Evidence([]), load()))
    assert places("4", "DiffusionNAG", "nb201", "mean-over-runs", "validity").cell.cell.id == CELL.id
    with pytest.raises(KeyError):
        places("4", "DiffusionNAG", "nb201", "mean-over-runs", "validity", "max")
