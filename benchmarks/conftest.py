"""Options of `pytest benchmarks/`, the judge of the paper's cells, and the table of what the speed tests measured."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.device import DEVICE_VARIABLE
from benchmarks.paper_cases import Judge
from pomonag.data.sources import VARIABLE
from pomonag.errors import UserError, unknown_name
from pomonag.execution.executor import EXECUTORS, executor
from reports import margins, paper_numbers
from reports.measurements import load_runs

# What computes is imported where it is used: collecting all cells must not wait for PyTorch.
if TYPE_CHECKING:
    from benchmarks.measuring import Measuring


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


def pytest_addoption(parser: pytest.Parser) -> None:
    """What is measured, how far, and where results are kept."""
    group = parser.getgroup("pomonag", "the paper's cells")
    group.addoption("--gpu", action="store_true", help="Generate on CUDA; the profile is then paper.")
    group.addoption(
        "--profile",
        choices=["smoke", "lite", "paper"],
        help="smoke: only what takes seconds; lite (the default); paper: the paper's own protocol, or nothing.",
    )
    group.addoption("--executor", choices=EXECUTORS, default="serial", help="Who computes (default serial).")
    group.addoption("--seeds", type=int, default=3, help="Repetitions of what is measured (default 3).")
    group.addoption("--data-dir", help=f"Folder of outside data, instead of {VARIABLE}.")
    group.addoption("--results-dir", default="output/results", help="Where new results are kept.")
    group.addoption("--judge-only", action="store_true", help="Judge what is there; measure nothing.")
    group.addoption("--fresh", action="store_true", help="Measure again what ships.")
    group.addoption("--max-hours", type=float, default=1.0, help="Hours that one cell may take (default 1).")
    for field in ("table", "method", "space", "dataset"):
        group.addoption(f"--{field}", action="append", default=[], help=f"Only cells of exactly this {field}.")


def pytest_configure(config: pytest.Config) -> None:
    """Refuses what cannot be had before anything is collected."""
    if config.getoption("--gpu"):
        _need_cuda()
        os.environ[DEVICE_VARIABLE] = "cuda"
    try:
        executor(config.getoption("--executor"))
    except UserError as error:
        raise pytest.UsageError(f"--executor: {error}") from error
    if config.getoption("--seeds") < 1:
        raise pytest.UsageError(f"--seeds {config.getoption('--seeds')}: expected 1 or more")
    if folder := config.getoption("--data-dir"):
        if not Path(folder).is_dir():
            raise pytest.UsageError(f"--data-dir {folder} is no folder")
        os.environ[VARIABLE] = folder
    if not hasattr(config, "workerinput"):  # the workers of pytest-xdist need not read it all again
        _read_inputs(config)


def _read_inputs(config: pytest.Config) -> None:
    """What every cell is judged with: a mistake in it is one message, not a failure of each test."""
    try:
        margins.load()
        paper_numbers.load()
        if not config.getoption("collectonly"):
            load_runs(config.getoption("--results-dir"))
    except UserError as error:
        pytest.exit(f"error: {error}", returncode=2)


def _need_cuda() -> None:
    import torch

    if not torch.cuda.is_available():
        built = torch.version.cuda or "no CUDA"
        raise pytest.UsageError(
            f"--gpu: PyTorch {torch.__version__} (built for {built}) finds no CUDA device; "
            f"it found {os.cpu_count()} CPU cores. Leave out --gpu, or run where nvidia-smi lists a device."
        )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`--table 4`, `--dataset cifar10` and their like select exactly what they say."""
    wanted = {field: config.getoption(f"--{field}") for field in ("table", "method", "space", "dataset")}
    if not any(wanted.values()):
        return
    cells = {item: item.callspec.params["paper_cell"].cell for item in items if _has_cell(item)}  # type: ignore[attr-defined]
    for field, values in wanted.items():
        known = {getattr(cell, field) for cell in cells.values()}
        for value in values:
            if value.lower() not in known:
                raise pytest.UsageError(str(unknown_name(field, value, known)))
    kept = [
        item
        for item in items
        if item in cells
        and all(not values or getattr(cells[item], f) in map(str.lower, values) for f, values in wanted.items())
    ]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def _has_cell(item: pytest.Item) -> bool:
    return "paper_cell" in getattr(getattr(item, "callspec", None), "params", {})


@pytest.fixture(scope="session")
def measuring(request: pytest.FixtureRequest) -> Measuring:
    """How far this session goes."""
    from benchmarks.measuring import Measuring

    option = request.config.getoption
    return Measuring(
        results=Path(option("--results-dir")),
        seeds=option("--seeds"),
        judge_only=option("--judge-only"),
        fresh=option("--fresh"),
        # pytest's own option: here it also makes what cannot be judged fail instead of being skipped.
        strict=bool(option("strict")),
        max_hours=option("--max-hours"),
        profile=option("--profile") or ("paper" if option("--gpu") else "lite"),
        executor=option("--executor"),
    )


@pytest.fixture
def judge(measuring: Measuring) -> Judge:
    """Measures a cell if need be, and judges it."""

    def judged(cell: object) -> None:
        try:
            measuring.judge(cell)  # type: ignore[arg-type]
        except UserError as error:
            pytest.fail(str(error), pytrace=False)

    return judged


@pytest.fixture(autouse=True)
def one_thread():
    """One thread: the lite profile's unit of comparison."""
    import torch

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
    from benchmarks import timing

    load = timing.load()
    advice = "; above 0.5: repeat on an idle machine before quoting seconds" if load > 0.5 else ""
    terminalreporter.write_line(f"load {load:.2f} a core{advice}. Ratios are of alternated calls in one process.")
