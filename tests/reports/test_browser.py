"""The page in a real browser: filter, provenance, colours, widths, paper, keyboard, and that nothing leaves it.

What is waited for is given as a function: the page's policy refuses to evaluate a text again and again.
"""

import json
import re
from importlib import resources

import pytest

from reports import render
from reports.evidence import Evidence

VALIDITY = "table4-pomonag-paper-nb201-mean-over-runs-validity-mean-generated"
SHOWN = "td[data-verdict]:not(.out)"
TOTAL = 234


@pytest.fixture(scope="module")
def url(made_up, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    render.write(Evidence(made_up.every_run(), made_up.every_run(1)), path)
    return path.as_uri()


@pytest.fixture(scope="module")
def browser(browser_module):
    with browser_module.chromium() as found:
        yield found


@pytest.fixture
def open_page(browser, url):
    """Opens the page; at the end nothing must have been written to the console or asked of anyone."""
    contexts, trouble = [], []

    def opened(hash="", width=1400, height=900, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: trouble.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith(url) else trouble.append(asked.url))
        page.goto(url + hash)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [line for line in trouble if not line.startswith("http")] == []
    assert [line for line in trouble if line.startswith("http")] == []


def said(page):
    return page.locator("#shown").inner_text()


def wait_for_count(page, number):
    page.wait_for_function(
        "number => document.getElementById('shown').textContent.startsWith(number + ' of ')", arg=number
    )


def test_the_first_screen_needs_no_scrolling(open_page):
    page = open_page()
    bottoms = page.evaluate(
        "() => ['.facts', '.counts', '.foremost']"
        ".map(part => document.querySelector(part).getBoundingClientRect().bottom)"
    )
    assert all(0 < bottom <= 900 for bottom in bottoms)
    assert page.locator(".foremost li").count() == 3
    assert page.locator(".count").count() >= 3


def test_a_count_leads_to_its_results_and_the_link_brings_them_back(open_page):
    page = open_page()
    count = page.locator(".count[data-filter='verdict=worse']")
    number = int(count.locator("b").inner_text())
    assert 0 < number < TOTAL
    count.click()
    wait_for_count(page, number)
    assert page.locator(SHOWN).count() == number
    assert page.locator(f"{SHOWN}:visible").count() == number
    assert page.evaluate("location.hash") == "#verdict=worse"
    assert page.evaluate("document.activeElement.textContent") == "Results of the paper, and ours"
    again = open_page("#verdict=worse")
    wait_for_count(again, number)
    assert again.locator(SHOWN).count() == number


def test_filters_combine_and_clear(open_page):
    page = open_page()
    page.select_option("select[name=table]", "2")
    page.select_option("select[name=dataset]", "cifar10")
    rows = page.locator(SHOWN)
    assert rows.count() > 0
    assert set(rows.evaluate_all("rows => rows.map(r => r.dataset.table + r.dataset.dataset)")) == {"2cifar10"}
    assert page.evaluate("location.hash") == "#table=2&dataset=cifar10"
    # The other selects count what is left, and say so.
    left = page.locator("select[name=method] option").first.inner_text()
    assert left == f"all ({rows.count()})"
    page.fill("input[name=q]", "trained archit")
    page.wait_for_function("() => location.hash.includes('q=trained')")
    fewer = page.locator(SHOWN).count()
    assert 0 < fewer < int(re.search(r"\d+", left)[0])
    assert said(page) == f"{fewer} of {TOTAL} results shown: Table 2, cifar10, “trained archit”"
    page.click("button[type=reset]")
    wait_for_count(page, TOTAL)
    assert page.locator(SHOWN).count() == TOTAL
    assert page.evaluate("location.hash") == ""


def test_a_filter_without_results_or_of_unknown_names_says_so(open_page):
    page = open_page("#q=no-such-word")
    wait_for_count(page, 0)
    assert page.locator(".paper-table:visible").count() == 0
    page = open_page("#verdict=invented&table=4")
    assert said(page) == f"12 of {TOTAL} results shown: Table 4"


def test_places_of_a_table_are_blanked_and_their_rows_hidden(open_page):
    page = open_page()
    page.evaluate(
        """() => {
          document.querySelector('#results').insertAdjacentHTML('beforeend', `<table data-block id="laid-out"><tbody>
            <tr><th>a</th><td data-verdict="WORSE" data-table="4" data-cell="x">1</td>
                <td data-verdict="NOT RUN" data-table="4" data-cell="y">2</td></tr>
            <tr id="gone"><th>b</th><td data-verdict="NOT RUN" data-table="4" data-cell="z">3</td></tr></table>`);
          report.start();
          location.hash = '#verdict=worse&table=4';
        }"""
    )
    page.wait_for_function("() => document.getElementById('gone').hidden")
    assert page.locator("#laid-out td[data-cell=x]").is_visible()
    assert not page.locator("#laid-out td[data-cell=y]").is_visible()


def test_a_number_opens_its_provenance_and_escape_gives_the_focus_back(open_page):
    page = open_page("#table=4")
    number = page.locator(f"td[data-cell='{VALIDITY}'] .number").nth(1)
    number.focus()
    page.keyboard.press("Enter")
    panel = page.locator("#provenance")
    panel.wait_for(state="visible")
    text = panel.inner_text()
    for part in (VALIDITY, "99.97 ± 0.10 %", "Table 4", "WORSE", "90 % interval", "95 % interval", "PI-01", "n = 3",
                 "recomputed here", "shipped", "10000", "0123456789", "a processor", "made up for a test", "0.4",
                 "python -m benchmarks run --table 4 --method pomonag --configuration fast"):  # fmt: skip
        assert part in text
    page.keyboard.press("Escape")
    panel.wait_for(state="hidden")
    assert number.evaluate("node => node === document.activeElement")


def test_every_number_is_a_button_and_opens_a_panel_by_mouse(open_page):
    page = open_page()
    numbers = page.locator(".number")
    assert numbers.count() > 300
    assert page.locator(".number[role=button][tabindex='0']").count() == numbers.count()
    # That each has its entry in the data is tested without a browser; opening all of them takes long.
    broken = page.evaluate(
        """() => [...document.querySelectorAll('.number')].filter((_, place) => place % 29 === 0).filter(number => {
          number.click();
          const panel = document.getElementById('provenance'), opened = panel.open;
          panel.close();
          return !opened;
        }).map(number => number.outerHTML)"""
    )
    assert broken == []
    assert page.evaluate("location.hash") == ""


def test_a_derived_number_shows_its_value_and_both_cells(open_page):
    page = open_page()
    gain = page.evaluate(
        """() => {
          const store = document.getElementById('panel-data'), data = JSON.parse(store.textContent);
          const gain = Object.keys(data.paper).find(id => id.includes('accuracy_noisy_gain'));
          data.paper[gain].derived = { mean: '0.168 ± 0.012', unit: 'rho', n: 3, paired: true,
                                       of: Object.keys(data.cells).slice(0, 2) };
          store.textContent = JSON.stringify(data);
          report.start();
          return [gain, ...data.paper[gain].derived.of];
        }"""
    )
    page.locator(f"td[data-cell='{gain[0]}'] .number").first.click()
    text = page.locator("#provenance").inner_text()
    assert "0.168 ± 0.012 rho (n = 3, ± 95 % interval, Student t; paired by seed)" in text
    assert all(cell in text for cell in gain)
    assert page.locator("#provenance table tbody tr").count() == 6


def test_a_result_that_was_not_run_shows_the_paper_and_a_link_leads_to_its_rules(open_page):
    page = open_page("#verdict=not-run&table=5")
    page.locator(SHOWN).first.locator(".number").first.click()
    panel = page.locator("#provenance")
    assert "NOT RUN" in panel.inner_text()
    assert "The paper prints" in panel.inner_text()
    panel.locator("a[href='#inconsistencies']").first.click()
    panel.wait_for(state="hidden")
    page.wait_for_function(
        "() => Math.abs(document.getElementById('inconsistencies').getBoundingClientRect().top) < 200"
    )


def test_the_command_is_copied(open_page):
    page = open_page("#table=4", permissions=["clipboard-read", "clipboard-write"])
    page.locator(f"td[data-cell='{VALIDITY}'] .number").first.click()
    page.click("#provenance .copy")
    page.wait_for_function("() => document.querySelector('#provenance .said').textContent")
    if page.locator("#provenance .said").inner_text() == "Copied":
        assert page.evaluate("navigator.clipboard.readText()").startswith("python -m benchmarks run --table 4")
    else:
        assert page.evaluate("getSelection().toString()").startswith("python -m benchmarks run --table 4")


def test_the_keyboard_alone_filters_and_reads(open_page):
    page = open_page()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "verdict":
            break
    page.keyboard.type("WORSE")
    page.wait_for_function("() => location.hash === '#verdict=worse'")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.number')"):
            break
    outline = page.evaluate(
        "getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).outlineWidth"
    )
    assert outline == "solid2px"
    page.keyboard.press("Space")
    page.locator("#provenance").wait_for(state="visible")
    assert page.locator("#provenance .verdict").first.inner_text() == "WORSE"


def test_dark_and_light_follow_the_system_and_the_button(open_page):
    def ground(page):
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    light, dark = open_page(color_scheme="light"), open_page(color_scheme="dark")
    assert ground(light) == "rgb(253, 253, 252)"
    assert ground(dark) == "rgb(20, 24, 28)"
    assert dark.locator("#theme").get_attribute("aria-pressed") == "true"
    light.click("#theme")
    assert ground(light) == "rgb(20, 24, 28)"
    light.reload()
    assert ground(light) == "rgb(20, 24, 28)"
    light.click("#theme")
    assert ground(light) == "rgb(253, 253, 252)"


EVERYTHING = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


# Dark differs from light in its colours alone.
@pytest.mark.parametrize(("scheme", "rules"), [("light", EVERYTHING), ("dark", ["color-contrast"])])
def test_axe_finds_nothing(open_page, scheme, rules):
    axe = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    page = open_page("#verdict=worse", color_scheme=scheme)
    page.locator(SHOWN).first.locator(".number").first.click()
    page.evaluate(axe)
    options = {"runOnly": rules, "resultTypes": ["violations"], "elementRef": False}
    found = [page.evaluate("options => axe.run('#provenance', options)", options)]
    page.keyboard.press("Escape")
    found.append(page.evaluate("options => axe.run({ exclude: ['figure svg'] }, options)", options))
    problems = [
        (rule["id"], rule["nodes"][0]["target"], rule["nodes"][0]["failureSummary"])
        for result in found
        for rule in result["violations"]
    ]
    assert problems == [], json.dumps(problems, indent=1)


@pytest.mark.parametrize("width", [320, 400, 800, 1400])
def test_the_page_never_scrolls_sideways(open_page, width):
    page = open_page(width=width)
    page.evaluate("document.querySelectorAll('details').forEach(node => { node.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator(".paper-table .number").first.click()
    assert page.evaluate("document.getElementById('provenance').scrollWidth") <= width


def test_paper_shows_everything_and_no_controls(open_page):
    page = open_page(color_scheme="dark")
    page.emulate_media(media="print")
    assert not page.locator("#theme").is_visible()
    assert not page.locator("nav").first.is_visible()
    assert not page.locator("#filter form").is_visible()
    closed = page.locator("details:not([open])").first
    assert closed.evaluate("node => getComputedStyle(node, '::details-content').contentVisibility") == "visible"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details:not([open])").count() > 0


def test_without_scripts_all_results_are_there_and_numbers_lead_to_their_runs(open_page):
    page = open_page(java_script_enabled=False)
    assert page.locator(f"{SHOWN}:visible").count() == TOTAL
    assert not page.locator("#filter").is_visible()
    link = page.locator("section table a.number[href]").first
    target = link.get_attribute("href")
    link.click()
    assert page.locator(target).is_visible()
