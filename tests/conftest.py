"""What all tests share: one thread, a cache of their own, and measured data where there is some."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

# Before torch is imported: with several test processes more threads only get in each other's way.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """No test reads or writes the user's cache."""
    monkeypatch.setenv("POMONAG_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture
def one_thread():
    """As trainings are timed and repeated to the bit."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of measured data; tests that need it are skipped where there is none."""
    folder = os.environ.get("POMONAG_DATA_DIR")
    if not folder:
        pytest.skip("needs measured data: set POMONAG_DATA_DIR to the folder that holds it")
    return Path(folder)


@pytest.fixture
def example_result() -> dict[str, Any]:
    """A small result in the format of `docs/result.schema.json`: three architectures, all on every front."""
    return json.loads((Path(__file__).parent / "example_result.json").read_text())
