"""How commands of the checkout end, with a command for each end and through the modules that are run by their name."""

from __future__ import annotations

import runpy
import sys

import click
import pytest

from pomonag.errors import UserError
from pomonag.guarded import run_guarded


def ended(capsys, monkeypatch, *, raising=None, arguments=()):
    """Exit code (None where the command came back), standard output and error of a command that raises."""

    @click.command()
    @click.option("--number", type=int)
    def command(number):
        if raising is not None:
            raise raising
        click.echo(f"done with {number}")

    monkeypatch.setattr(sys, "argv", ["command", *arguments])
    try:
        run_guarded(command, "interrupted; nothing was lost")
        code = None
    except SystemExit as end:
        code = end.code
    return code, *capsys.readouterr()


def test_a_command_that_is_done_comes_back(capsys, monkeypatch):
    assert ended(capsys, monkeypatch, arguments=["--number", "3"]) == (None, "done with 3\n", "")


def test_what_the_user_can_mend_is_one_message(capsys, monkeypatch):
    assert ended(capsys, monkeypatch, raising=UserError("got 1; expected 2")) == (2, "", "error: got 1; expected 2\n")


def test_usage_errors_are_clicks(capsys, monkeypatch):
    code, out, error = ended(capsys, monkeypatch, arguments=["--number", "many"])
    assert (code, out) == (2, "")
    assert "'many' is not a valid integer" in error


@pytest.mark.parametrize("raising", [KeyboardInterrupt(), click.Abort()])
def test_ctrl_c_says_what_became_of_the_work(capsys, monkeypatch, raising):
    code, out, error = ended(capsys, monkeypatch, raising=raising)
    assert (code, out, error.strip()) == (130, "", "interrupted; nothing was lost")


def test_a_mistake_of_ours_keeps_its_traceback(capsys, monkeypatch):
    with pytest.raises(ZeroDivisionError):
        ended(capsys, monkeypatch, raising=ZeroDivisionError())


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["data_card", "nb2O1"], "Did you mean 'nb201'?"),
        (["data_card", ".", "--write"], "cannot read README.md: No such file or directory"),
        (["data_card", "."], "no measured rows in ."),
        (["pilot", "report", "."], "no measured rows in ."),
        (["pilot", "measure", "--out", "rows", "--executor", "proceses"], "Did you mean 'processes'?"),
        (["training_free_table"], "POMONAG_DATA_DIR is not set"),
    ],
)
def test_modules_that_are_commands_are_guarded(capsys, monkeypatch, tmp_path, command, message):
    module = f"pomonag.meta_dataset.{command[0]}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", command)
    monkeypatch.delenv("POMONAG_DATA_DIR", raising=False)
    monkeypatch.delitem(sys.modules, module, raising=False)  # runpy warns of what is imported already
    with pytest.raises(SystemExit) as end:
        runpy.run_module(module, run_name="__main__")
    error = capsys.readouterr().err
    assert end.value.code == 2
    assert error.startswith("error: ")
    assert message in error
    assert list(tmp_path.iterdir()) == []
