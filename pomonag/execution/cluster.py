"""Executors for more than one machine, each behind an extra of its own: Ray, and Slurm through submitit."""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from pomonag.errors import UserError
from pomonag.execution.executor import Item, Result, Value

_LOOK_SECONDS = 0.2


class RayExecutor:
    """Runs the items on a Ray cluster: the one that RAY_ADDRESS names, or one of its own with `workers` processes.

    Ray starts an item again, up to `retries` times more, when its worker died. On a cluster all machines need the same
    code and the folders that the function writes to.
    """

    def __init__(self, workers: int | None = None, retries: int = 2):
        self.workers = workers or os.cpu_count() or 1
        self.retries = retries
        self._ray = _package("ray")

    def map(self, function: Callable[[Item], Value], items: Iterable[Item]) -> Iterator[Result[Item, Value]]:
        """One Result an item, in order of completion."""
        ray, started = self._ray, False
        if not ray.is_initialized():
            here: dict[str, Any] = {}
            if "RAY_ADDRESS" not in os.environ:
                # Ray would start a worker that took too much memory again without end.
                limits = {"task_oom_retries": self.retries}
                here = {"num_cpus": self.workers, "include_dashboard": False, "_system_config": limits}
            # Workers import what this process can import, as the checkout's own folders, and find its data.
            settings = {name: value for name, value in os.environ.items() if name.startswith("POMONAG_")}
            paths = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1", **settings}
            try:
                ray.init(log_to_driver=False, logging_level="ERROR", runtime_env={"env_vars": paths}, **here)
            except (RuntimeError, OSError, ValueError) as refusal:
                ray.shutdown()
                raise UserError(
                    f"Ray did not start ({_first_line(refusal)}): name a running cluster in RAY_ADDRESS, wait until "
                    "this machine is less busy, or use another executor"
                ) from refusal
            started = True
        waiting: dict[Any, Item] = {}
        try:
            remote = ray.remote(max_retries=self.retries)(_run)
            rest = iter(items)
            while True:
                for item in rest:
                    waiting[remote.remote(function, item)] = item
                    if len(waiting) >= self.workers:
                        break
                if not waiting:
                    return
                (done, *_), _ = ray.wait(list(waiting))
                item, attempts = waiting.pop(done), 1
                try:
                    value, error = ray.get(done)
                except ray.exceptions.RayError as failure:
                    attempts = self.retries + 1
                    value, error = None, f"its worker ended: {_first_line(failure)}"
                yield Result(item, value, error, attempts)
        finally:
            for task in waiting:
                ray.cancel(task, force=True)
            if started:
                ray.shutdown()


class SubmititExecutor:
    """Runs each item as a job: of Slurm where there is `srun`, else of this machine, at most `workers` at once.

    `folder` gets the jobs' files; it must be one that all machines see.
    """

    def __init__(self, workers: int | None = None, folder: Path = Path("output/jobs"), minutes: int = 24 * 60):
        self.workers = workers or os.cpu_count() or 1
        self.folder = folder
        self.minutes = minutes
        self._submitit = _package("submitit")

    def map(self, function: Callable[[Item], Value], items: Iterable[Item]) -> Iterator[Result[Item, Value]]:
        """One Result an item, in order of completion."""
        jobs = self._submitit.AutoExecutor(folder=self.folder)
        jobs.update_parameters(timeout_min=self.minutes, name="pomonag", cpus_per_task=1)
        waiting: list[tuple[Any, Item]] = []
        rest = iter(items)
        try:
            while True:
                while len(waiting) < self.workers and (item := next(rest, _NONE)) is not _NONE:
                    waiting.append((jobs.submit(_run, function, item), item))  # type: ignore[arg-type]
                if not waiting:
                    return
                ended = [pair for pair in waiting if pair[0].done()]
                for job, item in ended:
                    waiting.remove((job, item))
                    yield _result(job, item)
                if not ended:
                    time.sleep(_LOOK_SECONDS)
        finally:
            for job, _ in waiting:
                job.cancel()


_NONE: Any = object()


def _run(function: Callable[[Any], Any], item: Any) -> tuple[Any, str | None]:
    """The value, or the error's text: an error's own class need not be known where it is read."""
    try:
        return function(item), None
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"


def _result(job: Any, item: Item) -> Result[Item, Any]:
    try:
        value, error = job.result()
    except Exception as failure:  # submitit has one class for a job that failed and others for one that vanished
        value, error = None, f"its job {job.job_id} ended: {_first_line(failure)}"
    return Result(item, value, error)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else 'no message'}"


def _package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UserError(
            f"the executor {name!r} needs the package {name}, which is not installed: pip install 'pomonag[{name}]'"
        ) from error
