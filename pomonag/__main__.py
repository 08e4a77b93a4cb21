"""The command line's outermost shell: every end of the program has an exit code and no traceback."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from types import FrameType
from typing import Any, NoReturn

INTERRUPTED = 130  # 128 + SIGINT, as shells report it
PIPE_CLOSED = 1  # as click and rich do


def main(arguments: list[str] | None = None) -> None:
    """Run `pomonag` and exit: 0 done, 2 an error that the caller can mend, 130 Ctrl-C, 1 the reader went away."""
    interrupt = _Interrupt()
    # OpenMP's threads spin while they wait: minutes on a busy machine. It reads this when torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        # Imported here so that Ctrl-C is heard from the start.
        from pomonag.cli import pomonag

        # Without its standalone mode click leaves errors to us, and returns the exit code of --help.
        code = pomonag.main(args=arguments, prog_name="pomonag", standalone_mode=False)
        sys.stdout.flush()
        _leave(code if isinstance(code, int) else 0)
    except SystemExit:
        raise
    except BaseException as error:
        # Interrupted imports and extensions turn KeyboardInterrupt into other errors.
        if interrupt.heard or isinstance(error, KeyboardInterrupt):
            _say("interrupted")
            _leave(INTERRUPTED, at_once=True)
        if isinstance(error, BrokenPipeError):
            _leave(PIPE_CLOSED, at_once=True)
        message = _message(error)
        if message is None:
            raise
        _say(message)
        _leave(2, at_once=isinstance(error, OSError))


def _message(error: BaseException) -> str | None:
    """What to tell the caller, or None for a mistake of ours, whose traceback is wanted."""
    import click

    from pomonag.errors import UserError

    if isinstance(error, UserError):
        return f"error: {error}"
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error.format_message()
    if isinstance(error, click.UsageError) and error.ctx is not None:
        return f"error: {error.format_message()}\n{error.ctx.get_usage()}\nTry '{error.ctx.command_path} --help'."
    if isinstance(error, click.ClickException):
        return f"error: {error.format_message()}"
    if isinstance(error, MemoryError):
        return "error: the memory is not enough. Give fewer or smaller images, or a smaller --count."
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"error: {where}{error.strerror or error}. Check the place, its free space and its permissions."
    return None


class _Interrupt:
    """Ctrl-C raises KeyboardInterrupt, and does so again where Python could only ignore it."""

    def __init__(self) -> None:
        self.heard = False
        signal.signal(signal.SIGINT, self._raise)
        sys.unraisablehook = self._unraisable

    def _raise(self, number: int, frame: FrameType | None) -> None:
        self.heard = True
        raise KeyboardInterrupt

    def _unraisable(self, unraisable: Any) -> None:
        # Raised inside a destructor or a callback: the program would go on as if nothing had been pressed.
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            main_thread = threading.main_thread().ident
            threading.Timer(0.05, signal.pthread_kill, (main_thread, signal.SIGINT)).start()
        elif not self.heard:
            sys.__unraisablehook__(unraisable)


def _say(message: str) -> None:
    with contextlib.suppress(OSError):  # nobody may be there to read it
        print(message, file=sys.stderr, flush=True)


def _leave(code: int, at_once: bool = False) -> NoReturn:
    """End; `at_once` where the usual shutdown would complain once more of the pipe, the disk or the interruption."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if at_once:
        os._exit(code)
    raise SystemExit(code)


if __name__ == "__main__":
    main()
