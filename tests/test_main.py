"""The command line as a process: start-up, exit codes, interruptions."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "pomonag"]


def run(*arguments, **options):
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=120, **options)


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from pomonag.__main__ import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "heavy = {'torch', 'numpy', 'rich', 'pandas', 'matplotlib', 'PIL', 'sklearn'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "pomonag generate --images" in done.stdout


def test_help_takes_little_processor_time():
    before = os.times()
    assert run("--help").returncode == 0
    after = os.times()
    # Processor seconds, so that a busy machine does not matter; the start must stay below 0.3 s.
    assert after.children_user + after.children_system - before.children_user - before.children_system < 0.3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["generate", "--images", "digit"], "Did you mean 'digits'?"),
        (["generate", "--images", "digits", "--space", "x"], "unknown search space 'x'"),
        (["generate", "--images", "digits", "--count", "0"], "1<=x<=100000"),
        (["generat"], "generat"),
    ],
)
def test_errors_are_one_message_and_code_2(arguments, message):
    done = run(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_without_a_command_the_help_is_shown():
    done = run()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: pomonag ")
    assert done.stderr.count("Usage:") == 1
    assert "generate" in done.stderr


SLOW = """
import time, pomonag.cli
@pomonag.cli.pomonag.command()
def slow():
    from pomonag.records.files import atomic_write
    with atomic_write("result.json", "w") as file:
        file.write("half")
        print("started", flush=True)
        time.sleep(60)
from pomonag.__main__ import main
main(["slow"])
"""


def test_ctrl_c_leaves_code_130_and_no_half_written_file(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    assert process.stdout.readline() == "started\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.strip() == "interrupted"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("after", [0.3, 0.6, 1.0, 1.7])
def test_ctrl_c_while_modules_are_imported(tmp_path, after):
    output = tmp_path / "digits.safetensors"
    process = subprocess.Popen(
        [*COMMAND, "data", "embed", "--images", "digits", "--output", str(output)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    time.sleep(after)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_that_python_would_ignore_is_raised_again():
    code = """
import time
from pomonag.__main__ import _Interrupt
import signal
interrupt = _Interrupt()
class Trap:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
        time.sleep(0)
try:
    trap = Trap()
    del trap
    time.sleep(20)
except KeyboardInterrupt:
    print("heard")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=15)
    assert done.stdout == "heard\n", done.stderr
    assert done.stderr == ""


def test_a_reader_that_goes_away_is_no_error():
    process = subprocess.Popen([*COMMAND, "data", "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()
    errors = process.stderr.read()
    assert process.wait(timeout=60) == 1
    assert errors == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_the_output_is_one_message():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*COMMAND, "data", "list"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith("error: No space left on device")
    assert done.stderr.count("\n") == 1
