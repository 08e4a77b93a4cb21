"""How the checkout's own commands end: one message and an exit code, never a traceback for what the user can mend."""

from __future__ import annotations

import click

from pomonag.errors import UserError


def run_guarded(command: click.Command, interrupted: str) -> None:
    """Run a click command: exit code 2 after a UserError, click's own for usage errors, 130 for Ctrl-C.

    `interrupted` is what is said after Ctrl-C: what became of the work.
    """
    try:
        command(standalone_mode=False)
    except UserError as error:
        click.echo(f"error: {error}", err=True)
        raise SystemExit(2) from None
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from None
    except (KeyboardInterrupt, click.Abort):
        click.echo(interrupted, err=True)
        raise SystemExit(130) from None
