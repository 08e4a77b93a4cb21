import subprocess
import sys
from pathlib import Path


def test_three_kills_lose_and_double_nothing():
    script = Path(__file__).with_name("kill_builder.py")
    run = subprocess.run([sys.executable, str(script), "3"], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert "3 kills (2 of the driver, 1 of a worker): 135 rows, each once" in run.stdout
