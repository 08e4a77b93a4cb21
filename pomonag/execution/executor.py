"""Runs one function over many items, here or in other processes, and survives what goes wrong with any of them."""

from __future__ import annotations

import collections
import multiprocessing
import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, Protocol, TypeVar, cast

from pomonag.errors import UserError, unknown_name

EXECUTORS = ("serial", "processes", "ray", "submitit")

Item = TypeVar("Item")
Value = TypeVar("Value")


@dataclass(frozen=True)
class Result(Generic[Item, Value]):
    """What became of one item: its value, or the error's text; and how many times it was started."""

    item: Item
    value: Value | None
    error: str | None
    attempts: int = 1

    @property
    def ok(self) -> bool:
        """Whether the function returned."""
        return self.error is None


class Executor(Protocol):
    """Runs work. Items are started in order; results arrive as they finish, one for each item.

    A function that raises gives a Result with its error, and the other items go on. Items are drawn from the iterable
    only when a worker is free, so closing the iterator or Ctrl-C leaves the rest untouched. Long work is made
    idempotent and recorded by the function itself: an executor may start an item twice when its worker was killed.
    """

    def map(self, function: Callable[[Item], Value], items: Iterable[Item]) -> Iterator[Result[Item, Value]]:
        """One Result an item, in order of completion."""


class SerialExecutor:
    """Runs the items one after the other in this process."""

    def map(self, function: Callable[[Item], Value], items: Iterable[Item]) -> Iterator[Result[Item, Value]]:
        """One Result an item, in order."""
        for item in items:
            try:
                result: Result[Item, Value] = Result(item, function(item), None)
            except Exception as error:
                result = Result(item, None, _text(error))
            yield result


class ProcessExecutor:
    """Runs the items in `workers` fresh processes with one computing thread each.

    The function and the items must be picklable. A worker that dies (out of memory, killed) is replaced and its item
    started again, up to `retries` times more; then its Result says how the worker ended.
    """

    def __init__(self, workers: int | None = None, retries: int = 2):
        self.workers = workers or os.cpu_count() or 1
        self.retries = retries
        if self.workers < 1 or retries < 0:
            raise UserError(f"got {workers} workers and {retries} retries; expected at least 1 and at least 0")

    def map(self, function: Callable[[Item], Value], items: Iterable[Item]) -> Iterator[Result[Item, Value]]:
        """One Result an item, in order of completion."""
        queue = _Queue(items)
        running: dict[Connection, _Worker] = {}
        idle: list[_Worker] = []
        try:
            while True:
                while len(running) < self.workers and (job := queue.take()) is not None:
                    worker = idle.pop() if idle else _Worker(function)
                    worker.start(*job)
                    running[worker.connection] = worker
                if not running:
                    return
                for connection in wait(list(running)):
                    worker = running.pop(cast(Connection, connection))
                    item, attempts = worker.item, worker.attempts
                    try:
                        value, error = worker.connection.recv()
                    except (EOFError, ConnectionError):
                        ending = worker.ending()
                        if attempts <= self.retries:
                            queue.put_back(item, attempts)
                            continue
                        yield Result(item, None, f"its worker {ending} ({attempts} times)", attempts)
                        continue
                    idle.append(worker)
                    yield Result(item, value, error, attempts)
        finally:
            for worker in [*running.values(), *idle]:
                worker.stop()


class _Queue(Generic[Item]):
    """Items not yet started, the ones to start again first."""

    def __init__(self, items: Iterable[Item]):
        self._items = iter(items)
        self._again: collections.deque[tuple[Item, int]] = collections.deque()

    def take(self) -> tuple[Item, int] | None:
        """The next item and how many times it will then have been started; None when there is none."""
        if self._again:
            return self._again.popleft()
        for item in self._items:
            return item, 1
        return None

    def put_back(self, item: Item, attempts: int) -> None:
        self._again.append((item, attempts + 1))


class _Worker:
    """One process and the pipe to it."""

    def __init__(self, function: Callable[[Any], Any]):
        # A forked child would inherit its siblings' pipes and torch's threads in an unknown state.
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        self._function: Callable[[Any], Any] | None = function
        self.item: Any = None
        self.attempts = 0

    def start(self, item: Any, attempts: int) -> None:
        self.item, self.attempts = item, attempts
        try:
            if self._function is not None:
                self.connection.send(self._function)
                self._function = None
            self.connection.send(item)
        except (BrokenPipeError, ConnectionError):
            pass  # It was killed while idle: reading from it will say so.

    def ending(self) -> str:
        self.connection.close()
        self.process.join()
        code = self.process.exitcode or 0
        if code == -signal.SIGKILL:
            return "was killed by SIGKILL, as happens to a process that takes too much memory"
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def stop(self) -> None:
        self.connection.close()
        self.process.terminate()
        self.process.join(5)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def _serve(connection: Connection) -> None:
    # Ctrl-C reaches the whole terminal group; the driver decides what stops.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"
    try:
        function = connection.recv()
        if "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(1)
        while True:
            item = connection.recv()
            answer: tuple[Any, str | None]
            try:
                answer = (function(item), None)
            except Exception as error:
                answer = (None, _text(error))
            try:
                connection.send(answer)
            except (TypeError, AttributeError, pickle.PicklingError) as error:
                connection.send((None, f"the value cannot be sent between processes: {error}"))
    except (EOFError, ConnectionError):
        return  # The driver is gone.


def _text(error: Exception) -> str:
    """Kind, message and the place in the code, on one line."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""  # noqa: PTH119
    return f"{type(error).__name__}: {error}{place}"


def executor(name: str, workers: int | None = None) -> Executor:
    """The executor of that name. Raises UserError for an unknown one, or one whose extra is not installed."""
    if name == "serial":
        return SerialExecutor()
    if name == "processes":
        return ProcessExecutor(workers)
    from pomonag.execution import cluster

    if name == "ray":
        return cluster.RayExecutor(workers)
    if name == "submitit":
        return cluster.SubmititExecutor(workers)
    raise unknown_name("executor", name, EXECUTORS)
