"""Kills a build with SIGKILL again and again, driver and worker in turn, and checks that nothing is lost or doubled.

`python tests/meta_dataset/kill_builder.py 20` prints what happened; the test suite runs it with 3 kills.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from rich.console import Console

from pomonag.execution.executor import executor
from pomonag.meta_dataset.builder import BuildConfig, build_meta_dataset
from pomonag.meta_dataset.plan import Plan
from pomonag.meta_dataset.schema import read_rows, shard_paths
from pomonag.records.record_store import RecordStore


class Quick:
    """A measurement of 20 ms that notes each time it is asked for."""

    def __init__(self, log: Path):
        self.log = log

    def __call__(self, planned):
        sys.path.insert(0, str(Path(__file__).parent))
        from conftest import fake_measurement

        with self.log.open("a") as file:
            file.write(f"{planned.task} {planned.architecture}\n")
        time.sleep(0.02)
        return fake_measurement(planned)


def config(kills: int) -> BuildConfig:
    return BuildConfig(rows=60 + 25 * kills, plan=Plan(training_tasks=8, held_out_tasks=2))


def drive(folder: Path, kills: int, executor_name: str) -> None:
    build_meta_dataset(
        config(kills),
        executor(executor_name, 1),
        folder / "out",
        measure=Quick(folder / "calls"),
        console=Console(quiet=True),
    )


def lines(folder: Path) -> int:
    """How many rows the journal has, without the pains of reading them."""
    return sum(path.read_bytes().count(b"\n") for path in (folder / "out" / "journal").glob("*.jsonl"))


def recorded(folder: Path) -> set[tuple]:
    rows = {row.key for row in read_rows(folder / "out")}
    return rows | {(r["row"]["task"], r["row"]["architecture"], r["row"]["seed"], r["row"]["protocol"])
                   for r in RecordStore(folder / "out" / "journal").read()[0]}  # fmt: skip


def kill_repeatedly(folder: Path, kills: int) -> str:
    """Returns a line of what was found; raises AssertionError when a row was lost or doubled."""
    rng = random.Random(0)
    ended = {"driver": 0, "worker": 0}
    process, name = None, "serial"
    for kill in range(kills):
        victim = "worker" if kill % 3 == 1 else "driver"
        name = "processes" if kill % 3 else "serial"
        before = recorded(folder)
        process = subprocess.Popen([sys.executable, __file__, "drive", str(folder), str(kills), name])
        target = lines(folder) + rng.randint(3, 15)
        while lines(folder) < target:
            assert process.poll() is None, "the build ended by itself"
            time.sleep(0.05)
        time.sleep(rng.random() * 0.03)
        if victim == "driver":
            os.kill(process.pid, signal.SIGKILL)
        else:
            workers = [c for c in psutil.Process(process.pid).children() if "spawn_main" in " ".join(c.cmdline())]
            workers[0].kill()
            at_kill = lines(folder)
            while lines(folder) < at_kill + 2:  # the driver replaces it and goes on
                assert process.poll() is None, "the driver died with its worker"
                time.sleep(0.05)
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
        ended[victim] += 1
        assert before <= recorded(folder), "a recorded row was lost"
    time.sleep(0.5)  # an orphaned worker may still record the row it was at
    drive(folder, kills, "serial")
    planned = [(p.task, p.architecture, p.seed, config(kills).protocol.hash) for p in config(kills).planned()]
    rows = read_rows(folder / "out")
    assert sorted(r.key for r in rows) == sorted(planned), "the rows are not the planned ones, each once"
    assert all(r.status == "ok" for r in rows)
    calls = len((folder / "calls").read_text().splitlines())
    # A kill can cost the row that each of the two processes was at, no more.
    assert calls <= len(planned) + 2 * kills, f"{calls} measurements for {len(planned)} rows"
    return (
        f"{kills} kills ({ended['driver']} of the driver, {ended['worker']} of a worker): {len(rows)} rows, each once, "
        f"in {len(shard_paths(folder / 'out'))} shards; {calls - len(planned)} measurements were repeated"
    )


if __name__ == "__main__":
    if sys.argv[1] == "drive":
        drive(Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    else:
        with tempfile.TemporaryDirectory() as temporary:
            print(kill_repeatedly(Path(temporary), int(sys.argv[1])))
