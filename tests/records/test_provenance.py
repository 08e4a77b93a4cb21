import getpass
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pomonag
from pomonag.records.provenance import provenance


def test_keys_and_json():
    record = json.loads(json.dumps(provenance()))
    for key in (
        "commit",
        "dirty",
        "packages",
        "python",
        "cpu",
        "cores",
        "gpu",
        "threads",
        "load",
        "command",
        "started",
    ):
        assert key in record
    assert record["packages"]["numpy"]
    assert record["threads"] >= 1


def test_cheap():
    provenance()
    start = time.perf_counter()
    for _ in range(10):
        provenance()
    assert (time.perf_counter() - start) / 10 < 0.05


def test_does_not_import_torch_and_works_outside_of_git(tmp_path):
    package = Path(pomonag.__path__[0])
    (tmp_path / "pomonag").mkdir()
    shutil.copytree(package / "records", tmp_path / "pomonag" / "records")
    shutil.copy(package / "errors.py", tmp_path / "pomonag")
    code = (
        "import sys, json; from pomonag.records.provenance import provenance; r = provenance();"
        "assert 'torch' not in sys.modules; print(json.dumps(r))"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    record = json.loads(run.stdout)
    assert record["commit"] is None
    assert record["dirty"] is None


def test_says_nothing_private(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/home/somebody/bin/pomonag", "generate", "--images", "/home/somebody/x.npz"])
    record = provenance()
    assert record["command"] == "pomonag generate --images x.npz"
    text = json.dumps(record)
    assert socket.gethostname() not in text
    assert f"/{getpass.getuser()}/" not in text
