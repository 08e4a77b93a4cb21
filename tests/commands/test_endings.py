"""What ends a command from outside, as processes: Ctrl-C and a full disk cost nothing that was recorded."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import pomonag
from pomonag.meta_dataset.schema import read_rows
from pomonag.records.record_store import RecordStore

CHECKOUT = Path(pomonag.__file__).parents[1]
EMBEDDED = f"precomputed:{CHECKOUT}/pomonag/assets/embeddings/digits_efficientnet_lite0.safetensors"
GENERATE = ["generate", "--images", "digits", "--encoder", EMBEDDED, "--output", "result.json", "--plot", "front.png"]
ROWS = 25
BUILD = ["meta-dataset", "build", "--rows", str(ROWS), "--out", "rows", "--data-dir", "."]
SECONDS = 60

# The imports take seconds, so one process makes them and each command is a fork of it: a process with its own signals,
# limits, folder and output, which ends as the interpreter does. Rows are measured in no time, networks not at all, and
# `generate` says on its output what it is at.
SERVER = """
import gc, json, os, resource, sys, time
from rich.status import Status
from pomonag import result, search
from pomonag.commands import generate, meta_dataset
from pomonag.deploy import front_plot, result_tables
from pomonag.meta_dataset import builder, measurement
from pomonag.__main__ import main
sys.path.insert(0, "{tests}")
from conftest import fake_measurement

def measure(self, planned):
    time.sleep(pause)
    return fake_measurement(planned)

measurement.MeasureAndRecord._measure = measure
nothing = builder.PlannedRow("", "", 0, False)
result.measure_latency = lambda network, resolution, **runs: fake_measurement(nothing).latency
Status.update = lambda self, what: print(what, flush=True)
gc.freeze()  # no fork need look through all modules at its end
for line in sys.stdin:
    arguments, folder, pause, limit, *pipes = json.loads(line)
    process = os.fork()
    if not process:
        for descriptor, pipe in enumerate(pipes, start=1):
            os.dup2(os.open(pipe, os.O_WRONLY), descriptor)
        os.chdir(folder)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        main(arguments)
    print(process, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    code = SERVER.format(tests=CHECKOUT / "tests" / "meta_dataset")
    cache = str(tmp_path_factory.mktemp("cache"))
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "POMONAG_CACHE_DIR": cache},
    ) as process:  # fmt: skip
        yield process
        process.stdin.close()


class Command:
    """The command line as a fork of the server; killed where it hangs."""

    def __init__(self, server, folder, arguments, pause, limit):
        pipes = [folder.with_name(name) for name in ("out", "errors")]
        for pipe in pipes:
            pipe.unlink(missing_ok=True)
            os.mkfifo(pipe)
        print(json.dumps([arguments, str(folder), pause, limit, *map(str, pipes)]), file=server.stdin, flush=True)
        self._server, self.pid = server, int(server.stdout.readline())
        self._timer = threading.Timer(SECONDS, os.kill, (self.pid, signal.SIGKILL))
        self._timer.start()
        self.out, self.errors = (pipe.open() for pipe in pipes)

    def interrupt(self):
        os.kill(self.pid, signal.SIGINT)

    def finish(self):
        """Exit code, standard output, standard error."""
        with self.out, self.errors:
            out, errors = self.out.read(), self.errors.read()
        code = int(self._server.stdout.readline())
        self._timer.cancel()
        return code, out, errors


@pytest.fixture
def start(server, tmp_path):
    """Starts the command line in an empty folder that has images for the tasks."""
    folder = tmp_path / "here"
    (folder / "images").mkdir(parents=True)
    np.savez(folder / "images" / "miniimagenet32.npz", x=np.zeros(1), y=np.zeros(1), classes=np.zeros(1))

    # No file may grow beyond the limit: what a full disk or a quota does.
    def run(arguments, pause=0.0, limit=resource.RLIM_INFINITY):
        return Command(server, folder, arguments, pause, limit)

    run.folder = folder
    return run


def recorded(folder):
    return RecordStore(folder / "rows" / "journal").read()


def interrupted(command):
    """Ctrl-C ends it at once with the word for it, and nothing on standard output."""
    command.interrupt()
    code, out, errors = command.finish()
    assert code == 130, errors
    assert errors.splitlines()[-1] == "interrupted"
    assert "Traceback" not in errors
    assert out == ""


def test_ctrl_c_during_generate(start):
    command = start([*GENERATE, "--count", "20000"])
    assert "generating\n" in iter(command.out.readline, "")
    time.sleep(0.3)
    interrupted(command)
    assert [path.name for path in start.folder.iterdir()] == ["images"]


def test_ctrl_c_during_a_build(start):
    command = start(BUILD, pause=0.05)
    until = time.monotonic() + SECONDS
    while len(recorded(start.folder)[0]) < 3 and time.monotonic() < until:
        time.sleep(0.02)
    interrupted(command)
    records, problems = recorded(start.folder)
    assert 3 <= len(records) < ROWS
    assert problems == []
    assert {path.suffix or path.name for path in (start.folder / "rows" / "journal").iterdir()} == {
        ".jsonl", ".log", "lock", ".gitignore",
    }  # fmt: skip
    assert [path.name for path in (start.folder / "rows").iterdir()] == ["journal"]
    # The same command again measures what is left, every row once.
    code, out, errors = start(BUILD).finish()
    assert code == 0, errors
    assert f"{ROWS - len(records)} rows measured" in out
    assert f"{len(records)} were there, 0 failed; {ROWS} in shards" in out
    rows = read_rows(start.folder / "rows")
    assert len({row.key for row in rows}) == len(rows) == ROWS


def test_a_full_disk_after_generate_prints_the_result_and_leaves_no_part_of_it(start):
    code, out, errors = start([*GENERATE, "--count", "4"], limit=2000).finish()
    assert code == 2, errors
    assert errors.splitlines()[-1].startswith("error: cannot write result.json: File too large")
    assert "Traceback" not in errors
    assert json.loads(out[out.index("{\n") :])["space"] == "nb201"
    assert [path.name for path in start.folder.iterdir()] == ["images"]


def test_a_full_disk_under_a_build_keeps_what_was_recorded(start):
    code, out, errors = start(BUILD, limit=6000).finish()
    assert code == 2, errors
    assert errors.splitlines()[-1].startswith("error: cannot append to the records in rows/journal: ")
    assert "Traceback" not in errors
    assert out == ""
    records, _ = recorded(start.folder)
    assert len(records) >= 2
