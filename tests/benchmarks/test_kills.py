import subprocess
import sys

import pytest


@pytest.mark.parametrize(("kills", "workers"), [("3", "1"), ("3", "2")])
def test_kills_lose_double_and_change_nothing(kills, workers):
    run = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.kill_runner", kills, workers],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert f"{kills} runs of 50 cells" in run.stdout
    assert "no finished cell lost, none computed twice" in run.stdout
    assert "results equal to the undisturbed ones" in run.stdout
