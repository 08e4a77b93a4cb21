import subprocess
import sys
from pathlib import Path

import pytest


def kill(*arguments):
    script = Path(__file__).with_name("kill_builds.py")
    run = subprocess.run([sys.executable, str(script), *arguments], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_killed_builds_lose_and_double_nothing():
    printed = kill("6")
    assert "6 builds in " in printed
    assert "no finished row lost, none twice" in printed
    assert "processes, worker killed, resumed by serial: 2" in printed
    assert "serial, driver killed, resumed by processes: 1" in printed


def test_builds_on_ray_survive_a_killed_worker_and_a_killed_driver_and_move_to_processes_and_back():
    pytest.importorskip("ray")
    printed = kill("3", "--ray")
    assert "no finished row lost, none twice" in printed
    for kind in ("ray, worker killed, resumed by processes", "ray, driver killed, resumed by processes",
                 "processes, driver killed, resumed by ray"):  # fmt: skip
        assert f"{kind}: 1" in printed
