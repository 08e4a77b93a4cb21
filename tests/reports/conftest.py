import importlib.util
import sys
from pathlib import Path

import pytest


def _beside(name):
    """A module of this folder, which is no package."""
    specification = importlib.util.spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def made_up():
    """The module of made-up results."""
    return _beside("made_up_results")


@pytest.fixture(scope="session")
def browser_module():
    """The module that drives a browser."""
    return _beside("browser")
