"""The journal of studies: what a killed writer leaves, and what is not ours."""

from __future__ import annotations

import pytest

from pomonag.errors import UserError
from pomonag.execution.study_journal import KernelLock, journal_storage, open_study
from pomonag.records.claims import Claims


def study_of(path):
    return open_study("s", journal_storage(path, "a test", KernelLock(path)), min_resource=1, max_resource=3)


def test_half_a_line_is_cut_off_before_the_next(tmp_path):
    path = tmp_path / "new" / "journal.log"
    study_of(path).ask()
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"op_code":6,"wor')
    study = study_of(path)
    study.ask()
    assert path.read_bytes().startswith(whole + b"{")
    assert [trial.number for trial in study_of(path).get_trials()] == [0, 1]


@pytest.mark.parametrize("content", ["hello", "hello\nworld\n", "{}\n{}\n"])
def test_another_file_is_refused_and_left_as_it_is(tmp_path, content):
    path = tmp_path / "journal.log"
    path.write_text(content)
    with pytest.raises(UserError, match="is no journal of"):
        study_of(path)
    assert path.read_text() == content
    assert Claims(tmp_path).is_free("journal journal.log")


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="writable folder"):
        journal_storage(tmp_path / "file" / "journal.log", "a test")
