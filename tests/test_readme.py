"""What the README says can be done, can be done."""

import re
import tomllib
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_the_python_example_runs(capsys):
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len([line for line in example.splitlines() if line.strip()]) <= 10
    exec(compile(example, "README.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["acc", "bal", "eff"]
    assert all(re.search(r"\d+\.\d % \d\.\d\d M \|\w+~0\|", line) for line in lines)


def test_the_two_commands_are_toxs_and_the_checks_run_the_second():
    commands = re.findall(r"pip install tox && tox -e \S+", README)
    assert len(commands) == 2
    tox = ConfigParser()
    tox.read(ROOT / "tox.ini")
    for command in commands:
        assert f"testenv:{command.split()[-1]}" in tox
    assert commands[1] in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/architecture.md"])
def test_links_lead_somewhere(page):
    file = ROOT / page
    for target in re.findall(r"\]\(([^)#]+)", file.read_text()):
        if not target.startswith("http"):
            assert (file.parent / target).exists(), target


def test_versions_agree():
    import pomonag

    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == pomonag.__version__
