import base64
import hashlib
import json
import re
import time
from collections import Counter
from html import unescape
from html.parser import HTMLParser

import pytest

from reports import render
from reports.evidence import Evidence
from reports.measurements import RunKey, Value

KEY = RunKey("4", "pomonag", "fast", "nb201", "mean-over-runs")


class Page(HTMLParser):
    """Checks nesting and collects what a reader or a browser would meet."""

    VOID = ("meta", "br", "input", "path", "use", "circle", "rect", "link", "img")

    def __init__(self, html):
        super().__init__()
        self.open, self.ids, self.tags, self.attributes = [], [], set(), []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def html(made_up):
    return render.render(Evidence(made_up.every_run(), made_up.every_run(1)))


def test_the_page_is_well_formed_and_ids_are_unique(html):
    page = Page(html)
    assert len(page.ids) == len(set(page.ids))
    links = [value[1:] for name, value in page.attributes if name == "href" and value.startswith("#")]
    assert any(link.startswith("run-") for link in links)
    assert set(links) <= set(page.ids)


def test_nothing_is_loaded_from_anywhere(html):
    page = Page(html)
    assert not page.tags & {"img", "iframe", "object"}
    outside = [v for n, v in page.attributes if n in ("href", "src", "xlink:href") and not v.startswith("#")]
    assert outside == ["data:,"]  # no icon
    assert not re.search(r"@import|url\((?!#)", html)
    policy = next(value for name, value in page.attributes if name == "content" and "default-src" in value)
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "connect-src" not in policy


def test_numbers_have_origin_paper_and_provenance(html):
    assert "1 of 3 recomputed here, n&nbsp;=&nbsp;3" in html
    validity = "table4-pomonag-paper-nb201-mean-over-runs-validity-mean-generated"
    assert re.search(rf'paper\s+<a class="number" data-cell="{validity}">99.97 ± 0.10</a>', html)
    assert "Verdicts on 234 results of the paper" in html
    assert "python -m benchmarks run --table 4 --method pomonag --configuration fast" in html
    assert "0123456789" in html


def test_all_that_is_printed_is_escaped(made_up):
    record = made_up.a_record(KEY, [Value("validity", 1.0, "%", made_up.EVIL)])
    record.provenance["cpu"] = made_up.EVIL
    html = render.render(Evidence([record], problems=[made_up.EVIL]))
    assert made_up.EVIL not in html
    assert "&lt;script&gt;" in html


def test_without_results_the_page_says_not_run():
    missing = "nasbench201/accuracies.csv.gz is needed, but POMONAG_DATA_DIR is not set."
    entry = {
        "key": {"table": "2", "method": "pomonag-acc", "configuration": "leave-one-out", "space": "nb201",
                "dataset": "cifar10"},
        "cells": ["table2-pomonag-acc-leave-one-out-nb201-cifar10-test_accuracy-mean-lookup"],
        "missing": [missing], "command": "python -m benchmarks run --table 2", "estimated_seconds": 8.0,
    }  # fmt: skip
    html = render.render(Evidence([], catalogue=[entry]))
    Page(html)
    assert html.count("NOT RUN") > 50
    assert missing in html
    assert "python -m benchmarks run --table 2" in html


def test_a_shipped_value_whose_input_is_missing_here_says_both(made_up):
    key = RunKey("2", "pomonag-acc", "leave-one-out", "nb201", "cifar10")
    entry = {
        "key": vars(key), "cells": [], "missing": ["Set POMONAG_DATA_DIR."], "command": "c", "estimated_seconds": 1.0,
    }  # fmt: skip
    record = made_up.a_record(key, [Value("test_accuracy", 94.01, "%", "p")])
    html = render.render(Evidence([record], catalogue=[entry]))
    assert "NOT RUN here" in html
    assert "94.01" in html


def test_a_mismatch_is_shown(made_up):
    shipped = made_up.a_record(KEY, [Value("validity", 99.0, "%", "p")])
    here = made_up.a_record(KEY, [Value("validity", 50.0, "%", "p")])
    html = render.render(Evidence([shipped], [here]))
    assert "1 do not" in re.sub(r"<[^>]+>", "", html)
    assert "MISMATCH" in html


def test_rendering_takes_less_than_five_seconds(made_up):
    evidence = Evidence(made_up.every_run())
    started = time.process_time()
    render.render(evidence)
    assert time.process_time() - started < 5.0


def test_every_number_has_its_entry_in_the_panel_and_every_result_its_attributes(html):
    data = json.loads(re.search(r'<script type="application/json" id="panel-data">(.*?)</script>', html, re.DOTALL)[1])
    known = data["cells"].keys() | data["paper"].keys()
    assert set(re.findall(r'data-cell="([^"]+)"', html)) <= known
    rows = re.findall(r'data-verdict="([^"]*)" data-table="([^"]+)" data-method="([^"]+)" data-space="([^"]+)"', html)
    assert len(rows) == 234
    assert Counter(row[0] for row in rows)["SETTING"] == 16


def test_only_a_served_page_asks_its_server(made_up):
    served = render.render(Evidence(made_up.every_run(1)), version="abc")
    assert 'data-version="abc"' in served
    assert "connect-src 'self'" in unescape(served)
    assert "fetch(" not in render.render(Evidence([]))


def test_the_policy_allows_the_scripts_of_the_page_and_no_other():
    digest = base64.b64encode(hashlib.sha256(b"alert(1)").digest()).decode()
    assert f"script-src 'sha256-{digest}';" in render.policy(["alert(1)"], False)
    assert digest not in render.policy(["alert(2)"], False)


def test_the_page_is_small(html):
    assert len(html.encode()) < 5_000_000
