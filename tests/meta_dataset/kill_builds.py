"""Many small builds, each killed once with SIGKILL, driver or worker, at a random moment, and resumed.

`python tests/meta_dataset/kill_builds.py 200` prints what happened to them; the test suite runs a few. No finished row
may be lost, none may be there twice, and a kill may cost no more measurements than rows were being measured.

A row takes a few made-up milliseconds. The imports take seconds, so they are made once: each driver is a fork of this
process and each worker one of a fork server. Shards hold four rows, so that kills hit their writing too.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from multiprocessing import forkserver
from pathlib import Path

from rich.console import Console

from pomonag.execution.executor import executor
from pomonag.meta_dataset import builder, compaction
from pomonag.meta_dataset.builder import BuildConfig, build_meta_dataset
from pomonag.meta_dataset.plan import Plan
from pomonag.meta_dataset.schema import read_rows, shard_paths

builder.SHARD_ROWS = compaction.SHARD_ROWS = 4
CONFIG = BuildConfig(rows=18, plan=Plan(training_tasks=2, held_out_tasks=1, anchors=2))
PLANNED = sorted((p.task, p.architecture, p.seed, CONFIG.protocol.hash) for p in CONFIG.planned())
# The executor of the build, who is killed, and the executor that goes on.
KINDS = (
    ("serial", "driver", "serial"), ("serial", "driver", "serial"), ("processes", "driver", "serial"),
    ("processes", "worker", "serial"), ("serial", "driver", "processes"), ("processes", "worker", "serial"),
)  # fmt: skip
RAY_KINDS = (("ray", "worker", "processes"), ("ray", "driver", "processes"), ("processes", "driver", "ray"))
get_context = multiprocessing.get_context


class Quick:
    """A measurement of 5 ms that notes each time who is asked for it."""

    def __init__(self, log: Path):
        self.log = log

    def __call__(self, planned):
        sys.path.insert(0, str(Path(__file__).parent))
        from conftest import fake_measurement

        with self.log.open("a") as file:
            file.write(f"{os.getpid()}\n")
        time.sleep(0.005)
        return fake_measurement(planned)


def serve_forks() -> None:
    """Workers start in milliseconds, as forks of a server that has all imports."""
    multiprocessing.set_forkserver_preload(["pomonag.meta_dataset.measurement", "conftest"])
    forkserver.ensure_running()
    # A driver is a fork, not the server's parent, and cannot wait for it.
    forkserver._forkserver.ensure_running = lambda: None
    multiprocessing.get_context = lambda method: get_context("forkserver" if method == "spawn" else method)


def drive(folder: Path, executor_name: str) -> int:
    """A driver as a fork of this process: its id."""
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        os.setpgid(0, 0)
        work = Quick(folder / "calls")
        workers = executor(executor_name, 2)
        build_meta_dataset(CONFIG, workers, folder / "out", measure=work, console=Console(quiet=True))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def finished(folder: Path) -> set[tuple]:
    """Keys of the rows that are on disk as measured."""
    in_shards = {row.key for row in read_rows(folder / "out") if row.status == "ok"}
    return in_shards | {row.key for row, _ in compaction.journal(folder / "out")[0] if row.status == "ok"}


def noted(folder: Path) -> int:
    """How many measurements were begun."""
    calls = folder / "calls"
    return calls.read_bytes().count(b"\n") if calls.exists() else 0


def strike(folder: Path, driver: int, victim: str, rng: random.Random) -> bool:
    """Kill the victim after a random number of begun rows and a moment more; whether it was in time."""
    after, more = rng.randint(victim == "worker", len(PLANNED) - 1), rng.random() * 0.02
    while noted(folder) < after:
        if os.waitpid(driver, os.WNOHANG)[0]:
            return False
        time.sleep(0.001)
    time.sleep(more)
    if victim == "driver":
        os.kill(driver, signal.SIGKILL)
        return True
    try:
        os.kill(int((folder / "calls").read_text().splitlines()[-1]), signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def one_build(folder: Path, number: int, kinds=KINDS) -> Counter:
    """Raises AssertionError when a row was lost or doubled."""
    rng = random.Random(number)
    name, victim, again = kinds[number % len(kinds)]
    driver = drive(folder, name)
    struck = strike(folder, driver, victim, rng)
    code = None
    with contextlib.suppress(ChildProcessError):  # It may have ended before it could be killed.
        code = os.waitstatus_to_exitcode(os.waitpid(driver, 0)[1])
    if struck and victim == "worker":
        assert code == 0, f"the driver ended with {code} when its worker was killed"
    elif struck:
        assert code in (-signal.SIGKILL, 0)
    before = finished(folder)
    shards = {path: path.read_bytes() for path in shard_paths(folder / "out")}
    code = os.waitstatus_to_exitcode(os.waitpid(drive(folder, again), 0)[1])
    assert code == 0, f"the resumed build ended with {code}"
    rows = read_rows(folder / "out")
    assert sorted(row.key for row in rows) == PLANNED, "the rows are not the planned ones, each once"
    assert all(row.status == "ok" for row in rows), "a kill made a row a failed one"
    assert before <= {row.key for row in rows}, "a finished row was lost"
    assert all(path.read_bytes() == content for path, content in shards.items()), "a shard changed"
    repeated = noted(folder) - len(PLANNED)
    # Two workers: each may have been at a row, or have recorded one whose word did not reach the driver.
    assert 0 <= repeated <= 2, f"{repeated} measurements too many"
    return Counter({
        "builds": 1, f"{name}, {victim} killed, resumed by {again}": 1, "killed in time": struck,
        "rows": len(rows), "finished at the kill": len(before), "measured again": repeated,
    })  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("builds", type=int)
    parser.add_argument("--first", type=int, default=0, help="number of the first build: the seed of its moment")
    parser.add_argument("--ray", action="store_true", help="kill and resume builds on Ray instead")
    options = parser.parse_args()
    serve_forks()
    total: Counter = Counter()
    start = time.perf_counter()
    for number in range(options.first, options.first + options.builds):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            try:
                total += one_build(Path(folder), number, RAY_KINDS if options.ray else KINDS)
            except AssertionError as error:
                raise SystemExit(f"build {number}: {error}") from error
    print(f"{total['builds']} builds in {time.perf_counter() - start:.0f} s, no finished row lost, none twice")
    for name, count in total.items():
        print(f"  {name}: {count}")


if __name__ == "__main__":
    main()
