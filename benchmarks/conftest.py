"""Collects what the speed tests measured and prints it as one table, with ratios and the machine's load."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch

from benchmarks import timing


@dataclass(frozen=True)
class SpeedRow:
    """A line of the printed table; `target` in words."""

    what: str
    measured: str
    target: str
    reached: bool


_ROWS = pytest.StashKey[list[SpeedRow]]()


@pytest.fixture
def speed_table(request: pytest.FixtureRequest) -> list[SpeedRow]:
    """The rows that the run's summary prints."""
    return request.config.stash.setdefault(_ROWS, [])


@pytest.fixture(autouse=True)
def one_thread():
    """One thread: the lite profile's unit of comparison."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The table, below the test results."""
    rows = config.stash.get(_ROWS, [])
    if not rows:
        return
    widths = [max(len(text) for text in column) for column in zip(*[(r.what, r.measured, r.target) for r in rows])]
    terminalreporter.section("speed")
    for row in rows:
        cells = (text.ljust(width) for text, width in zip((row.what, row.measured, row.target), widths))
        terminalreporter.write_line("  ".join([*cells, "reached" if row.reached else "MISSED"]))
    load = timing.load()
    advice = "; above 0.5: repeat on an idle machine before quoting seconds" if load > 0.5 else ""
    terminalreporter.write_line(f"load {load:.2f} a core{advice}. Ratios are of alternated calls in one process.")
