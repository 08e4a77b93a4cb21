import importlib.util
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def made_up():
    """The module of made-up results."""
    specification = importlib.util.spec_from_file_location(
        "made_up_results", Path(__file__).parent / "made_up_results.py"
    )
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module
