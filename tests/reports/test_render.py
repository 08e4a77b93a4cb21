import re
import time
from html.parser import HTMLParser

import pytest

from reports import render
from reports.evidence import Evidence
from reports.measurements import RunKey, Value

KEY = RunKey("4", "pomonag", "fast", "nb201", "mean-over-runs")


class Page(HTMLParser):
    """Checks nesting and collects what a reader or a browser would meet."""

    VOID = ("meta", "br", "path", "use", "circle", "rect", "link", "img")

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
    targets = [value for name, value in page.attributes if name == "popovertarget"]
    links = [value[1:] for name, value in page.attributes if name == "href" and value.startswith("#")]
    assert targets
    assert set(targets) | set(links) <= set(page.ids)


def test_nothing_is_loaded_from_anywhere(html):
    page = Page(html)
    assert not page.tags & {"script", "link", "img", "iframe", "object"}
    outside = [v for n, v in page.attributes if n in ("href", "src", "xlink:href") and not v.startswith("#")]
    assert outside == []
    assert not re.search(r"@import|url\((?!#)", html)


def test_numbers_have_origin_paper_and_provenance(html):
    assert "1 of 3 recomputed here, n&nbsp;=&nbsp;3" in html
    assert "paper 99.97 ± 0.10" in html
    assert "Verdicts on the paper's 234 results" in html
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


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [(99.971, "%", "99.97"), (2613.4, "x", "2,613"), (0.9312, "x", "0.931"), (5.0, "architectures", "5"),
     (0.98765, "fraction", "0.988"), (12345.6, "ms", "12,346"), (0.0, "s", "0"), (0.2345, "s", "0.234")],
)  # fmt: skip
def test_number_text(value, unit, expected):
    assert render.number_text(value, unit) == expected


@pytest.mark.parametrize(("seconds", "expected"), [(0.234, "0.23 s"), (61.2, "61 s"), (444, "7.4 min")])
def test_seconds_text(seconds, expected):
    assert render.seconds_text(seconds) == expected
