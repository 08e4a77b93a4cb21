import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pomonag.errors import UserError
from pomonag.execution.executor import ProcessExecutor, Result, SerialExecutor, executor


def square(x):
    return x * x


def fails_on_three(x):
    if x == 3:
        raise ValueError("three is not welcome")
    return x


def dies_until_told(item):
    """Kills its own process as long as the file says that lives are left."""
    x, path = item
    lives = Path(path)
    if x == 1 and (left := int(lives.read_text())) > 0:
        lives.write_text(str(left - 1))
        os.kill(os.getpid(), signal.SIGKILL)
    return x


def threads(_):
    import torch

    return torch.get_num_threads(), os.getpid()


def unpicklable(_):
    return lambda: None


EXECUTORS = [SerialExecutor(), ProcessExecutor(2)]


@pytest.mark.parametrize("run", EXECUTORS, ids=["serial", "processes"])
def test_every_item_once(run):
    results = list(run.map(square, range(7)))
    assert sorted(r.value for r in results) == [0, 1, 4, 9, 16, 25, 36]
    assert all(r.ok and r.attempts == 1 for r in results)


@pytest.mark.parametrize("run", EXECUTORS, ids=["serial", "processes"])
def test_an_error_stays_with_its_item(run):
    results = {r.item: r for r in run.map(fails_on_three, range(5))}
    assert [results[i].value for i in (0, 1, 2, 4)] == [0, 1, 2, 4]
    assert not results[3].ok
    assert "ValueError: three is not welcome (test_executor.py:" in results[3].error


@pytest.mark.parametrize("run", EXECUTORS, ids=["serial", "processes"])
def test_items_are_drawn_only_as_needed(run):
    drawn = []

    def items():
        for i in range(100):
            drawn.append(i)
            yield i

    results = run.map(square, items())
    next(results)
    results.close()
    assert len(drawn) <= 3


def test_a_killed_worker_is_replaced_and_its_item_started_again(tmp_path):
    lives = tmp_path / "lives"
    lives.write_text("2")
    results = {r.item[0]: r for r in ProcessExecutor(1, retries=2).map(dies_until_told, [(i, lives) for i in range(3)])}
    assert {x: r.value for x, r in results.items()} == {0: 0, 1: 1, 2: 2}
    assert results[1].attempts == 3


def test_retries_are_bounded_and_the_ending_is_told(tmp_path):
    lives = tmp_path / "lives"
    lives.write_text("99")
    results = {r.item[0]: r for r in ProcessExecutor(1, retries=1).map(dies_until_told, [(i, lives) for i in range(3)])}
    assert results[1] == Result((1, lives), None, results[1].error, 2)
    assert results[1].error.startswith("its worker was killed by SIGKILL")
    assert results[1].error.endswith("too much memory (2 times)")
    assert results[0].ok
    assert results[2].ok


def test_a_value_that_cannot_travel_is_an_error_of_its_item():
    (result,) = ProcessExecutor(1).map(unpicklable, [0])
    assert "cannot be sent" in result.error


def test_one_thread_a_process_and_no_more_processes_than_workers():
    results = list(ProcessExecutor(1).map(threads, range(3)))
    assert {r.value[0] for r in results} == {1}
    assert len({r.value[1] for r in results}) == 1


def test_ctrl_c_ends_driver_and_workers(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import os, signal, time\n"
        "from pathlib import Path\n"
        "from pomonag.execution.executor import ProcessExecutor\n"
        # A shell's background jobs start with Ctrl-C ignored, and so would this driver if the tests run in one.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "def slow(i):\n"
        f"    Path({str(tmp_path)!r}, f'pid-{{os.getpid()}}').touch()\n"
        "    time.sleep(60)\n"
        "if __name__ == '__main__':\n"
        "    for _ in ProcessExecutor(2).map(slow, range(4)):\n"
        "        pass\n"
    )
    process = subprocess.Popen([sys.executable, str(script)], stderr=subprocess.DEVNULL)
    deadline = time.time() + 30
    while len(list(tmp_path.glob("pid-*"))) < 2 and time.time() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) != 0
    for path in tmp_path.glob("pid-*"):
        with pytest.raises(ProcessLookupError):
            os.kill(int(path.name.split("-")[1]), 0)


def test_by_name():
    assert isinstance(executor("serial"), SerialExecutor)
    assert executor("processes", 3).workers == 3
    with pytest.raises(UserError, match="Did you mean 'processes'"):
        executor("process")
    with pytest.raises(UserError, match="workers"):
        ProcessExecutor(-1)
