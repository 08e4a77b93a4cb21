"""How far a build is: a bar for a person, lines for a log."""

from __future__ import annotations

import functools
import logging
import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn, track

from pomonag.data.pools import Track


def shown(console: Console | None = None) -> Track:
    """A bar for what comes before the first row: images that are opened and decoded."""
    return functools.partial(track, console=console or Console(stderr=True), transient=True)


class RowProgress:
    """A bar with rate, time left and failures for a person; a line in the log every 25 rows for a file."""

    def __init__(self, total: int, skipped: int, log: logging.Logger, console: Console | None):
        self._log, self._total, self._done, self._failed = log, total, skipped, 0
        self._skipped, self._start = skipped, time.perf_counter()
        self._bar = Progress(
            TextColumn("rows"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[failed]}"),
            console=console or Console(stderr=True),
        )
        self._task = self._bar.add_task("rows", total=total, completed=skipped, rate="", failed="")

    def __enter__(self) -> RowProgress:
        self._bar.start()
        if self._skipped:
            self._bar.console.print(f"{self._skipped} of {self._total} rows are there already: skipped")
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def advance(self, ok: bool) -> None:
        self._done += ok
        self._failed += not ok
        new = self._done - self._skipped
        rate = (new + self._failed) / (time.perf_counter() - self._start)
        self._bar.update(
            self._task,
            completed=self._done,
            rate=f"{rate * 60:.1f} a minute",
            failed=f"{self._failed} failures" if self._failed else "",
        )
        if new and new % 25 == 0 and ok:
            left = (self._total - self._done) / rate / 60
            self._log.info(
                "%d of %d rows, %.1f a minute, %.0f minutes left, %d failures",
                self._done, self._total, rate * 60, left, self._failed,
            )  # fmt: skip
