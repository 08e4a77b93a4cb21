"""What ends a command from outside, as processes: Ctrl-C and a full disk cost nothing that was recorded."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
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

# The command line, with rows that are measured in no time and a word on what `generate` is at.
SCRIPT = """
import sys, time
from rich.status import Status
from pomonag.meta_dataset.measurement import MeasureAndRecord
sys.path.insert(0, "{tests}")
from conftest import fake_measurement

def measure(self, planned):
    time.sleep(0.05)
    return fake_measurement(planned)

MeasureAndRecord._measure = measure
Status.update = lambda self, what: print(what, flush=True)
from pomonag.__main__ import main
main(sys.argv[1:])
"""


@pytest.fixture
def start(tmp_path):
    """Starts the command line in an empty folder that has images for the tasks."""
    folder = tmp_path / "here"
    (folder / "images").mkdir(parents=True)
    np.savez(folder / "images" / "miniimagenet32.npz", x=np.zeros(1), y=np.zeros(1), classes=np.zeros(1))
    code = SCRIPT.format(tests=CHECKOUT / "tests" / "meta_dataset")

    def run(arguments, limit=resource.RLIM_INFINITY):
        return subprocess.Popen(
            [sys.executable, "-c", code, *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT), "POMONAG_CACHE_DIR": str(tmp_path / "cache")}, text=True,
            # No file may grow beyond the limit: what a full disk or a quota does.
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        )  # fmt: skip

    run.folder = folder
    return run


def recorded(folder):
    return RecordStore(folder / "rows" / "journal").read()


def test_ctrl_c_during_generate(start):
    process = start([*GENERATE, "--count", "20000"])
    while process.stdout.readline() != "generating\n":
        assert process.poll() is None, process.stderr.read()
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert errors.splitlines()[-1] == "interrupted"
    assert "Traceback" not in errors
    assert out == ""
    assert [path.name for path in start.folder.iterdir()] == ["images"]


def test_ctrl_c_during_a_build(start):
    process = start(BUILD)
    while len(recorded(start.folder)[0]) < 3:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert errors.splitlines()[-1] == "interrupted"
    assert "Traceback" not in errors
    assert out == ""
    records, problems = recorded(start.folder)
    assert 3 <= len(records) < ROWS
    assert problems == []
    assert {path.suffix or path.name for path in (start.folder / "rows" / "journal").iterdir()} == {
        ".jsonl", ".log", "lock", ".gitignore",
    }  # fmt: skip
    assert [path.name for path in (start.folder / "rows").iterdir()] == ["journal"]
    # The same command again measures what is left, every row once.
    process = start(BUILD)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert f"{ROWS - len(records)} rows measured" in out
    assert f"{len(records)} were there, 0 failed; {ROWS} in shards" in out
    rows = read_rows(start.folder / "rows")
    assert len({row.key for row in rows}) == len(rows) == ROWS


def test_a_full_disk_after_generate_prints_the_result_and_leaves_no_part_of_it(start):
    process = start([*GENERATE, "--count", "4"], limit=2000)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 2, errors
    assert errors.splitlines()[-1].startswith("error: cannot write result.json: File too large")
    assert "Traceback" not in errors
    assert json.loads(out[out.index("{\n") :])["space"] == "nb201"
    assert [path.name for path in start.folder.iterdir()] == ["images"]


def test_a_full_disk_under_a_build_keeps_what_was_recorded(start):
    process = start(BUILD, limit=6000)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 2, errors
    assert errors.splitlines()[-1].startswith("error: cannot append to the records in rows/journal: ")
    assert "Traceback" not in errors
    assert out == ""
    records, _ = recorded(start.folder)
    assert len(records) >= 2
