"""`clearspan config init` and `clearspan config validate`."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from clearspan import exits
from clearspan.relayer import swap_daemons
from relayers.operating import config_rules
from relayers.operating.config_template import TEMPLATE
from relayers.operating.errors import ConfigRejected, Reason, Rejected
from relayers.operating.registry import require_known


def run_init(config_file: Path) -> int:
    """Write the commented file; it never replaces one."""
    try:
        with config_file.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE)
    except FileExistsError as error:
        raise Rejected(Reason.FILE_EXISTS, str(config_file)) from error
    typer.echo(str(config_file))
    return exits.OK


def run_validate(config_file: Path, *, as_json: bool) -> int:
    """Print `ok`, or every problem with its path."""
    swap_daemons.register()
    try:
        config = config_rules.load(config_file)
        for name in config.daemons:
            require_known(name)
    except ConfigRejected as rejection:
        if as_json:
            rows = [{"path": problem.path, "message": problem.message} for problem in rejection.problems]
            typer.echo(json.dumps({"valid": False, "problems": rows}, indent=2))
        else:
            for problem in rejection.problems:
                typer.echo(str(problem), err=True)
        return exits.REJECTED
    typer.echo(json.dumps({"valid": True, "problems": []}, indent=2) if as_json else "ok")
    return exits.OK
