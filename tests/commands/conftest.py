"""The command line in the tests' own process."""

from __future__ import annotations

import os
import types

import pytest

from pomonag import __main__


@pytest.fixture
def run(monkeypatch, capfd):
    """Runs the command line in this process, but for its signals: (exit code, standard output, standard error)."""

    def leave(code, at_once=False):
        raise SystemExit(code)

    monkeypatch.setattr(__main__, "_Interrupt", lambda: types.SimpleNamespace(heard=False))
    monkeypatch.setattr(__main__, "_leave", leave)
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    monkeypatch.setenv("POMONAG_DATA_DIR", os.environ.get("POMONAG_DATA_DIR", ""))  # restored after --data-dir

    def main(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            __main__.main([str(argument) for argument in arguments])
        printed = capfd.readouterr()
        return end.value.code, printed.out, printed.err

    return main
