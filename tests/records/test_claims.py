import multiprocessing
import os
import signal
import threading
import time

import pytest

from pomonag.errors import UserError
from pomonag.records.claims import Claims

fork = multiprocessing.get_context("fork")


def in_another_process(folder, name):
    """Whether another process could claim the name now."""
    answers = fork.SimpleQueue()

    def ask():
        with Claims(folder).claim(name) as mine:
            answers.put(mine)

    process = fork.Process(target=ask)
    process.start()
    process.join()
    return answers.get()


def hold(folder, name):
    """A process that holds the name until it is killed."""
    held = fork.Event()

    def sleep():
        with Claims(folder).claim(name) as mine:
            assert mine
            held.set()
            time.sleep(60)

    process = fork.Process(target=sleep, daemon=True)
    process.start()
    assert held.wait(10)
    return process


def test_one_process_at_a_time(tmp_path):
    with Claims(tmp_path).claim("a run") as mine:
        assert mine
        assert not in_another_process(tmp_path, "a run")
        assert in_another_process(tmp_path, "another run")
        assert not Claims(tmp_path).is_free("a run")
    assert in_another_process(tmp_path, "a run")
    assert Claims(tmp_path).is_free("a run")


def test_one_thread_and_one_object_at_a_time(tmp_path):
    answers = []

    def ask():
        with Claims(tmp_path).claim("a run") as mine:
            answers.append(mine)

    with Claims(tmp_path).claim("a run"):
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
        ask()
        # A second descriptor that is closed would take the first one's locks with it.
        assert not in_another_process(tmp_path, "a run")
    ask()
    assert answers == [False, False, True]


def test_an_error_in_the_block_gives_the_claim_back(tmp_path):
    with pytest.raises(RuntimeError), Claims(tmp_path).claim("a run"):
        raise RuntimeError
    assert in_another_process(tmp_path, "a run")


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_the_dead_hold_nothing(tmp_path, ending):
    holder = hold(tmp_path, "a run")
    with Claims(tmp_path).claim("a run") as mine:
        assert not mine
    os.kill(holder.pid, ending)
    holder.join()
    with Claims(tmp_path).claim("a run") as mine:
        assert mine


def test_a_forked_child_inherits_no_claim(tmp_path):
    with Claims(tmp_path).claim("a run"):
        assert not in_another_process(tmp_path, "a run")
        # The child's end, which closes its copies of all files, takes nothing from its parent.
        assert not in_another_process(tmp_path, "a run")


def test_the_file_may_be_deleted(tmp_path):
    claims = Claims(tmp_path)
    with claims.claim("a run"):
        pass
    claims.path.unlink()
    with claims.claim("a run") as mine:
        assert mine
        assert not in_another_process(tmp_path, "a run")
    assert claims.path.stat().st_size == 0


def test_a_folder_without_locks_is_named(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.lockf", refuse)
    with pytest.raises(UserError, match="No locks available"), Claims(tmp_path).claim("a run"):
        pass
