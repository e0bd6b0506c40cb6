"""`clearspan relayer start`, `clearspan daemon start` and `clearspan daemon list`."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from getpass import getpass
from pathlib import Path

import typer

from clearspan import exits
from clearspan.relayer import swap_daemons, venue_daemons
from relayers.operating import config_rules
from relayers.operating.logs import configure_logs
from relayers.operating.process import RelayerProcess
from relayers.operating.registry import DAEMONS, require_known

SWITCH_SECONDS = 0.0005
"""A tenth of Python's own: threads wait for nodes most of the time, and whoever has an answer should go on with it."""


def run_start(config_file: Path, *, names: tuple[str, ...] | None) -> int:
    """Run until told to stop. `names`: the daemons, the configured ones where None."""
    swap_daemons.register()
    venue_daemons.register()
    for name in names or ():
        require_known(name)
    log = config_rules.load(config_file).log
    configure_logs(layout=log.format, level=log.level)
    sys.setswitchinterval(SWITCH_SECONDS)
    ask = (lambda name: getpass(f"password of {name}: ")) if sys.stdin.isatty() else None
    process = RelayerProcess(config_file, names=names, ask=ask)
    code = exits.OK if asyncio.run(process.run()) else exits.REJECTED
    if process.unfinished:  # requests to a silent node would be waited for; a step may be cut off at any line
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def run_daemons(*, as_json: bool) -> int:
    """Print every known name."""
    swap_daemons.register()
    venue_daemons.register()
    names = sorted(DAEMONS)
    typer.echo(json.dumps({"daemons": names}, indent=2) if as_json else "\n".join(names))
    return exits.OK
