"""How every command ends: with its own exit code, or with the one its error stands for."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import typer

from clearspan import exits


def finish(run: Callable[[], int]) -> NoReturn:
    """Leaves with the command's exit code; an error a user can meet is one line on stderr."""
    try:
        code = run()
    except Exception as error:
        exit_code = exits.code_of(error)
        if exit_code is None:
            raise
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        raise typer.Exit(exit_code) from error
    raise typer.Exit(code)
