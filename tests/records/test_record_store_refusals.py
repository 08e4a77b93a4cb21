"""What a store does when the disk is full, the folder closed, or a path is not what it should be."""

import errno
import json
import os
import subprocess
import sys
from collections import namedtuple

import pytest

from pomonag.errors import UserError
from pomonag.records.record_store import RecordStore


def test_a_full_disk_is_reported_and_leaves_nothing_torn(tmp_path, monkeypatch):
    store = RecordStore(tmp_path)
    store.append({"i": 0})
    real = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:17]))
        with pytest.raises(UserError, match=r"cannot append .* No space left on device. Free some space or give"):
            store.append({"i": 1})
    store.append({"i": 2})
    assert store.read() == ([{"i": 0}, {"i": 2}], [])


def test_a_record_that_could_not_be_synced_is_not_there(tmp_path, monkeypatch):
    store = RecordStore(tmp_path)
    store.append({"i": 0})

    def refuse(descriptor):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(UserError, match="Input/output error"):
            store.append({"i": 1})
    assert store.read() == ([{"i": 0}], [])


FULL = """
import json, resource, signal, sys
from pomonag.errors import UserError
from pomonag.records.record_store import RecordStore

# The kernel writes what still fits and refuses the rest, as a full disk does.
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))
store = RecordStore(sys.argv[1])
stored = 0
try:
    while True:
        store.append({"i": stored, "text": "x" * 100})
        stored += 1
except UserError as error:
    print(json.dumps([stored, str(error)]))
"""


def test_what_the_kernel_refuses_half_way_leaves_the_earlier_records_whole(tmp_path):
    run = subprocess.run([sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=True)
    stored, message = json.loads(run.stdout)
    assert 10 < stored < 50
    assert "everything recorded before is kept" in message
    records, problems = RecordStore(tmp_path).read()
    assert [r["i"] for r in records] == list(range(stored))
    assert problems == []


def test_a_disk_without_space_is_noticed_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: namedtuple("usage", "free")(1000))
    with pytest.raises(UserError, match="No space left on device"):
        RecordStore(tmp_path).prepare()


READ_ONLY = """
import os, sys
from pomonag.errors import UserError
from pomonag.records.claims import Claims
from pomonag.records.record_store import RecordStore

if os.geteuid() == 0:
    os.seteuid(65534)  # Nothing is read-only for root.
for attempt in (RecordStore(sys.argv[1]).prepare, lambda: RecordStore(sys.argv[1]).append({}),
                lambda: Claims(sys.argv[1]).claim("x").__enter__(), RecordStore(sys.argv[2]).read):
    try:
        attempt()
        print("no error")
    except UserError as error:
        print(error)
"""


def test_a_read_only_and_an_unreadable_folder_are_named(tmp_path):
    closed, secret = tmp_path / "closed", tmp_path / "secret"
    closed.mkdir()
    secret.mkdir()
    for above in (tmp_path, *tmp_path.parents[:2]):
        above.chmod(0o755)
    closed.chmod(0o555)
    secret.chmod(0o000)
    run = subprocess.run(
        [sys.executable, "-c", READ_ONLY, str(closed), str(secret)], capture_output=True, text=True, check=True
    )
    lines = run.stdout.splitlines()
    assert lines[0] == lines[1]
    assert lines[0].startswith(f"cannot append to the records in {closed}: Permission denied. Make the folder writable")
    assert lines[2].startswith(f"cannot lock {closed}/.claims: Permission denied. Give a writable folder")
    assert lines[3].startswith(f"cannot read the records in {secret}: Permission denied. Give a folder that can be")
    assert list(closed.iterdir()) == []
    secret.chmod(0o700)


def test_what_is_no_folder_or_no_file_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot read the records in .*file: Not a directory"):
        RecordStore(tmp_path / "file").read()
    with pytest.raises(UserError, match=r"cannot append to the records in .*file: File exists"):
        RecordStore(tmp_path / "file").append({})
    (tmp_path / "odd.jsonl").mkdir()
    with pytest.raises(UserError, match=r"cannot read .*odd.jsonl: Is a directory. Make it readable, or move it"):
        RecordStore(tmp_path).read()
