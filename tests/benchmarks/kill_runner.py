"""Kills the runner with SIGKILL at random moments, resumes it, and checks that nothing is lost, doubled or changed.

`python -m tests.benchmarks.kill_runner 200 4` kills 200 runs of 50 cells with 4 workers each, once a run, and prints
what happened; the test suite does a few. A run with one worker has, every third time, a second process in the same
folder that is not killed. With several workers the driver, a worker, or all at once are killed in turn; `spawn` as a
third argument starts workers as a user's command does; otherwise a fresh process forks them, which is quicker.
"""

import collections
import contextlib
import functools
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from multiprocessing import forkserver
from pathlib import Path
from types import SimpleNamespace

from benchmarks import runner
from benchmarks.runs import Outcome, Quantity, Run
from pomonag.execution import executor as executor_module
from pomonag.records.provenance import provenance
from pomonag.records.record_store import RecordStore
from reports.measurements import RunKey, load_runs, measurements_of, summarise

CELLS, SEEDS, CELL_SECONDS = 25, 2, 0.005


def compute(log, name, seed):
    with Path(log).open("a") as file:
        file.write(f"{os.getpid()} {name} {seed}\n")
    time.sleep(CELL_SECONDS)
    draw = random.Random(f"{name} {seed}")
    return Outcome({"validity": draw.uniform(0, 100), "novelty": draw.random()}, {"row": [draw.random()] * 20})


def suite(log):
    quantities = tuple(Quantity(metric, "%", "made up") for metric in ("validity", "novelty"))
    return [
        Run(RunKey("4", "method", "fast", "nb201", f"set{i}"), quantities, functools.partial(compute, log, f"set{i}"))
        for i in range(CELLS)
    ]


def drive(folder, workers):
    made = functools.partial(suite, folder.parent / "log")
    for _, result in runner.execute(runner.plan(made(), folder, seeds=SEEDS), folder, workers=workers, suite=made):
        assert not isinstance(result, Exception), result


def start(folder, workers):
    """The runner in a process of its own; forked, for importing takes longer than all cells."""
    sys.stdout.flush()
    if (pid := os.fork()) == 0:
        code = 1
        try:
            drive(folder, workers)
            code = 0
        finally:
            os._exit(code)
    return pid


def ended(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def recorded(folder):
    return [(r["key"]["dataset"], r["seed_value"]) for r in RecordStore(folder).read()[0]]


def lines(path):
    return path.read_text().splitlines() if path.exists() else []


def wait_for(folder, target, pid):
    """Until so many cells are recorded, or the runner has ended."""
    while sum(path.read_bytes().count(b"\n") for path in folder.glob("*.jsonl")) < target:
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return
        time.sleep(0.001)


def kill(pid, victim, log):
    """Kills the driver, all its processes, or the worker that started a cell last (the driver, if none did yet)."""
    started = lines(log)
    last = {int(line.split()[0]) for line in started[-1:]}
    victims = {"driver": {pid}, "worker": last or {pid}, "all": {pid, *(int(line.split()[0]) for line in started)}}
    for one_of_them in victims[victim]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one_of_them, signal.SIGKILL)


def one(folder, number, workers, expected):
    """One run, killed once and resumed. Returns counts; raises AssertionError when something is lost or doubled."""
    draw = random.Random(f"kill {number} {workers}")
    log, results = folder / "log", folder / "results"
    results.mkdir(parents=True)
    victim = ("driver", "all", "worker")[number % 3] if workers > 1 else "driver"
    pid = start(results, workers)
    beside = start(results, 1) if workers == 1 and number % 3 == 2 else None
    wait_for(results, draw.randrange(CELLS * SEEDS), pid)
    time.sleep(draw.random() * 2 * CELL_SECONDS)
    kill(pid, victim, log)
    if victim != "worker":
        ended(pid)
    before = recorded(results)
    started = len(lines(log))
    # Resumed at once: orphaned workers may still be at their last cell, and a driver that lost a worker goes on.
    again = start(results, workers)
    assert ended(again) == 0, "the resumed run failed"
    if victim == "worker":
        ended(pid)  # Replaces its worker, or was done; it may have been killed itself when it had none yet.
    if beside:
        assert ended(beside) == 0, "the run beside failed"
    _, problems = RecordStore(results).read()
    now = collections.Counter(recorded(results))
    assert set(before) <= set(now), "a finished cell was lost"
    assert len(now) == CELLS * SEEDS, f"{len(now)} cells"
    assert set(now.values()) == {1}, "a cell was recorded twice"
    starts = [(name, int(seed)) for _, name, seed in map(str.split, lines(log))]
    assert not set(starts[started:]) & set(before), "a finished cell was computed again"
    repeated = len(starts) - CELLS * SEEDS
    assert 0 <= repeated <= (workers if victim == "all" else 1), f"{repeated} cells were computed twice"
    assert report(results) == expected, "the results are others than those of an undisturbed run"
    shutil.rmtree(folder)
    return len(before), repeated, len(problems)


def report(folder):
    """The summary of each cell and all drawn details, as text."""
    runs, values = load_runs(folder)[0], collections.defaultdict(list)
    for run in runs:
        for measurement in measurements_of(run):
            values[measurement.cell.id].append(measurement.value)
    summaries = {cell: summarise(found) for cell, found in sorted(values.items())}
    return repr(summaries) + repr([(r.key, r.seed, r.seed_value, r.values, r.details) for r in runs])


def quick_workers():
    """One process that has imported everything forks the workers of all drivers."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.runner"])
    forkserver.ensure_running()
    forkserver._forkserver.ensure_running = lambda: None  # A driver is no parent of it and cannot ask.
    executor_module.multiprocessing = SimpleNamespace(get_context=lambda _: context)


def main(count, workers):
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        provenance()  # Asks git once, not in each fork.
        drive(folder / "undisturbed", 1)
        expected = report(folder / "undisturbed")
        kept = repeated = torn = 0
        for number in range(count):
            counts = one(folder / str(number), number, workers, expected)
            kept, repeated, torn = kept + counts[0], repeated + counts[1], torn + counts[2]
    print(
        f"{count} runs of {CELLS * SEEDS} cells with {workers} worker{'s' * (workers > 1)}, each killed once: "
        f"no finished cell lost, none computed twice ({kept} were finished at the kills), results equal to the "
        f"undisturbed ones; {repeated} cells that were in the making were computed again, {torn} lines were torn"
    )


if __name__ == "__main__":
    if "spawn" not in sys.argv:
        quick_workers()
    main(int(sys.argv[1]), int(sys.argv[2]))
