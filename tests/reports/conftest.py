import importlib.util
import re
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


@pytest.fixture(scope="session")
def tables_of_the_paper():
    """Rows of the paper's source text by table: cells without its mark-up, as `1e-1`, `84.07 ± 3.61`, `-`."""
    tables: dict[str, list[list[str]]] = {}
    for line in (Path(__file__).parent / "tables_of_the_paper.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# Table "):
            rows = tables.setdefault(line.removeprefix("# Table "), [])
            continue
        plain = re.sub(r"<[^<>]*>|\$", "", line)
        plain = re.sub(r"\s*(?:\{\\pm\}|\\pm|±)\s*", " ± ", plain)
        plain = re.sub(r"(\d) \\times 10\^\{(-\d)\}", r"\1e\2", plain)
        plain = re.sub(r"(\d+) \\times (\d+)", r"\1×\2", plain).replace("\\", "")
        rows.append([cell.strip() for cell in plain.strip("|").split("|")])
    return tables
