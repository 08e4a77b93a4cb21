"""The paper's tables on the page: what filters and panels hold on to, and what is there without any script."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from markupsafe import escape

from reports import render
from reports.evidence import Evidence
from reports.measurements import RunKey, Value
from reports.paper_cells import paper_cells

KEY = RunKey("4", "pomonag", "fast", "nb201", "mean-over-runs")
ATTRIBUTES = ("data-label", "data-verdict", "data-table", "data-method", "data-space", "data-dataset", "data-cell")


class Places(HTMLParser):
    """The `<td>` with a `data-cell`, with its attributes and text; and the columns that each row of a table fills."""

    def __init__(self, page):
        super().__init__()
        self.found, self.texts, self.inside, self.widths, self.covered = {}, {}, None, [], []
        self.laid_out = False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "table":
            self.laid_out = "laid-out" in (attributes.get("class") or "")
            self.covered = []
            if self.laid_out:
                self.widths.append([])
        elif tag == "tr" and self.laid_out:
            # Cells that span rows from above stand in this row, too.
            self.covered = [rows - 1 for rows in self.covered if rows > 1]
            self.widths[-1].append(len(self.covered))
        elif tag in ("td", "th") and self.laid_out:
            self.widths[-1][-1] += int(attributes.get("colspan", 1))
            if "rowspan" in attributes:
                self.covered.append(int(attributes["rowspan"]))
            self.inside = attributes.get("data-cell")
            if self.inside:
                assert self.inside not in self.found
                self.found[self.inside] = attributes
                self.texts[self.inside] = ""

    def handle_endtag(self, tag):
        if tag == "td":
            self.inside = None

    def handle_data(self, data):
        if self.inside:
            self.texts[self.inside] += f" {data}"


@pytest.fixture(scope="module")
def page(made_up):
    runs = [made_up.a_record(KEY, [Value("validity", 99.9 + seed / 100, "%", "p")], seed) for seed in range(3)]
    return render.render(Evidence(runs))


def test_every_result_is_a_place_with_all_that_filters_ask_for(page):
    places = Places(page)
    assert set(places.found) == {cell.id for cell in paper_cells()}
    for cell in paper_cells():
        attributes = places.found[cell.id]
        assert all(attributes.get(name) for name in ATTRIBUTES), cell.id
        told = [attributes[f"data-{name}"] for name in ("table", "method", "space", "dataset")]
        assert told == [cell.cell.table, cell.cell.method, cell.cell.space, cell.cell.dataset]
        # As colour and as word.
        assert attributes["data-verdict"] in places.texts[cell.id]
        assert "v-" + attributes["data-verdict"].lower().replace(" ", "-") in page


def test_all_rows_of_a_table_are_equally_wide(page):
    widths = Places(page).widths
    assert len(widths) == 10
    assert all(len(set(rows)) == 1 for rows in widths)


def test_a_place_holds_the_papers_value_ours_and_the_reason(page):
    places = Places(page)
    cell = "table4-pomonag-paper-nb201-mean-over-runs-validity-mean-generated"
    assert " ".join(places.texts[cell].split()) == "99.97 ± 0.10 ours 99.91 ± 0.02 n = 3 REPRODUCED"
    assert places.found[cell]["title"].startswith("difference -0.06, 90 % interval")
    assert "PI-01" in places.found[cell]["title"]


def test_reasons_are_readable_without_a_script(page):
    assert page.count('<details class="why">') == 7
    for cell in paper_cells():
        if cell.missing:
            assert f'<b class="verdict v-not-run">NOT RUN</b> {escape(cell.missing)} <span' in page


def test_everything_in_the_tables_is_escaped(made_up, monkeypatch):
    first, *rest = paper_cells()
    evil = replace(first, missing=made_up.EVIL)
    monkeypatch.setattr("reports.judgement.paper_cells", lambda: (evil, *rest))
    page = render.render(Evidence([]))
    assert made_up.EVIL not in page
    assert str(escape(made_up.EVIL)) in page
