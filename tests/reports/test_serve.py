import json
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pytest
from click.testing import CliRunner

from pomonag.errors import UserError
from reports.__main__ import main
from reports.live_page import LivePage
from reports.measurements import RunKey, Value
from reports.serve import ADDRESS, PageServer

KEY = RunKey("4", "pomonag", "fast", "nb201", "mean-over-runs")


def a_run(made_up, value, seed=0):
    return made_up.a_record(KEY, [Value("validity", value, "%", "p")], seed=seed)


@pytest.fixture
def page(made_up, tmp_path):
    made_up.write(tmp_path / "results", [a_run(made_up, 91.25)])
    record = a_run(made_up, 0.0)
    entry = {
        "key": vars(KEY), "cells": [], "config_hash": record.config_hash, "missing": [], "estimated_seconds": 30.0,
        "repeats": None, "command": "c",
    }  # fmt: skip
    (tmp_path / "catalogue.json").write_text(json.dumps([entry]))
    return LivePage(tmp_path / "results", catalogue=tmp_path / "catalogue.json")


@pytest.fixture
def server(page):
    with PageServer(page, 0) as server:
        thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.05))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def get(server, path="/", **headers):
    with urllib.request.urlopen(
        urllib.request.Request(server.url + path.lstrip("/"), headers=headers), timeout=60
    ) as got:
        return got.read().decode(), got.headers


def test_a_record_that_arrives_changes_the_page_and_the_progress(made_up, page, server):
    html, headers = get(server)
    before = json.loads(get(server, "progress.json")[0])
    assert "91.25" in html
    assert f'data-version="{before["version"]}"' in html
    assert headers["Cache-Control"] == "no-store"
    assert (before["done"], before["total"], before["left"]) == (1, 3, "about 60 s left for one worker")
    made_up.write(page.shipped, [a_run(made_up, 77.75, seed=1)])
    after = json.loads(get(server, "progress.json")[0])
    assert after["version"] != before["version"]
    assert (after["done"], after["total"]) == (2, 3)
    html, _ = get(server)
    assert "77.75" in html
    assert f'data-version="{after["version"]}"' in html


def test_an_unchanged_store_is_rendered_once(page):
    assert page.page() is page.page()


def test_recomputed_results_are_counted_where_they_arrive(made_up, page, tmp_path):
    page.recomputed = tmp_path / "recomputed"
    assert page.state()["done"] == 0
    made_up.write(page.recomputed, [a_run(made_up, 91.25)])
    assert page.state()["done"] == 1
    assert "1 of 1 recomputed values agree" in re.sub(r"\s+", " ", page.page())


def test_results_that_cannot_be_read_are_told_and_the_server_lives(page, server, tmp_path):
    there, page.shipped = page.shipped, tmp_path / "catalogue.json"
    assert "cannot read the records" in json.loads(get(server, "progress.json")[0])["problem"]
    with pytest.raises(urllib.error.HTTPError) as error:
        get(server)
    assert error.value.code == 500
    assert "cannot read the records" in error.value.read().decode()
    page.shipped = there
    assert "91.25" in get(server)[0]


def test_other_places_and_other_names_get_nothing(server):
    for path, headers, code in (("other", {}, 404), ("", {"Host": "evil.example"}, 403)):
        with pytest.raises(urllib.error.HTTPError) as error:
            get(server, path, **headers)
        assert error.value.code == code


def test_it_listens_on_this_machine_alone(server):
    assert server.server_address[0] == ADDRESS


def test_a_port_in_use_is_a_clear_error(page, tmp_path):
    with socket.socket() as taken:
        taken.bind((ADDRESS, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port} of {ADDRESS} is in use.*--port 0"):
            PageServer(page, port)
        result = CliRunner().invoke(main, ["serve", "--port", str(port), "--results-dir", str(tmp_path / "results")])
        assert isinstance(result.exception, UserError)


def test_ctrl_c_ends_it_without_a_traceback(tmp_path):
    command = [sys.executable, "-m", "reports", "serve", "--results-dir", str(tmp_path / "results")]
    # A shell's background jobs ignore Ctrl-C: the signal must be the default one here.
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    try:
        assert "http://127.0.0.1:" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "ended" in output
    assert "Traceback" not in errors


def test_an_open_page_takes_over_what_arrives_and_keeps_its_filter(browser_module, made_up, page, server):
    with browser_module.chromium() as browser:
        tab = browser.new_page()
        tab.set_default_timeout(30_000)
        trouble = []
        tab.on("pageerror", lambda error: trouble.append(str(error)))
        tab.on("console", lambda message: trouble.append(message.text))
        tab.goto(server.url + "#table=4&q=validity")
        tab.get_by_text("1 of 3 runs done").wait_for()
        assert tab.locator("#live-now").inner_text() == "Nothing runs now."
        shown = tab.locator("#shown").inner_text()
        assert tab.get_by_text("77.75").count() == 0
        made_up.write(page.shipped, [a_run(made_up, 77.75, seed=1)])
        tab.get_by_text("2 of 3 runs done").wait_for()
        tab.wait_for_function("() => document.querySelector('main').textContent.includes('77.75')")
        assert tab.locator("#shown").inner_text() == shown
        tab.locator("td[data-verdict]:not(.out) .number[href]").first.click()
        assert "77.75" in tab.locator("#provenance").inner_text()
        assert trouble == []
