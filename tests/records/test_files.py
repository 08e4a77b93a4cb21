import errno
import hashlib
import os

import pytest

from pomonag.errors import UserError
from pomonag.records.files import atomic_write, file_sha256


def test_writes_bytes_and_text(tmp_path):
    with atomic_write(tmp_path / "a") as file:
        file.write(b"one")
    with atomic_write(tmp_path / "b", "w") as file:
        file.write("zwei ü")
    assert (tmp_path / "a").read_bytes() == b"one"
    assert (tmp_path / "b").read_text(encoding="utf-8") == "zwei ü"


@pytest.mark.parametrize("error", [RuntimeError("x"), KeyboardInterrupt()])
def test_failure_keeps_the_old_file_and_leaves_no_other(tmp_path, error):
    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(type(error)), atomic_write(path) as file:  # noqa: PT012
        file.write(b"half")
        raise error
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_file_is_invisible_until_it_is_whole(tmp_path):
    with atomic_write(tmp_path / "a") as file:
        file.write(b"x" * 100_000)
        assert not (tmp_path / "a").exists()
    assert (tmp_path / "a").stat().st_size == 100_000


def test_full_disk_is_a_user_error_naming_the_path(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"result\.json.*No space left"), atomic_write(tmp_path / "result.json"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_missing_folder_is_a_user_error(tmp_path):
    with pytest.raises(UserError, match="nowhere"), atomic_write(tmp_path / "nowhere" / "a"):
        pass


def test_other_modes_are_refused(tmp_path):
    with pytest.raises(ValueError, match="modes"), atomic_write(tmp_path / "a", "a"):
        pass


def test_the_hash_of_a_file_is_that_of_its_bytes(tmp_path):
    content = bytes(range(256)) * 5000
    (tmp_path / "a").write_bytes(content)
    assert file_sha256(tmp_path / "a") == hashlib.sha256(content).hexdigest()
    with pytest.raises(OSError):
        file_sha256(tmp_path / "none")


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path):
    (tmp_path / "there").mkdir()
    link = tmp_path / "result.json"
    link.symlink_to(tmp_path / "there" / "real.json")
    for text in ("first", "second"):  # a link to nothing, and to a file
        with atomic_write(link, "w") as file:
            file.write(text)
        assert link.is_symlink()
        assert (tmp_path / "there" / "real.json").read_text() == text
    assert [entry.name for entry in (tmp_path / "there").iterdir()] == ["real.json"]
