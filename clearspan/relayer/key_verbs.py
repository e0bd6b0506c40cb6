"""`clearspan keys add` and `clearspan keys list`."""

from __future__ import annotations

import json
import re
import sys
from getpass import getpass
from pathlib import Path

import typer

from clearspan import exits
from relayers.operating import keystores
from relayers.operating.errors import Reason, Rejected


def run_add(role: str, directory: Path, *, password_file: Path | None, import_file: Path | None, as_json: bool) -> int:
    """Write `directory/role.json`."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,31}", role):
        raise typer.BadParameter("a role is lower-case letters, digits and dashes", param_hint="ROLE")
    key = None if import_file is None else _imported(import_file)
    path = directory / f"{role}.json"
    address = keystores.create(path, _password(password_file), role=role, key=key)
    if as_json:
        typer.echo(json.dumps({"role": role, "address": address, "path": str(path)}, indent=2))
    else:
        typer.echo(f"{role} {address} {path}")
    return exits.OK


def run_list(directory: Path, *, as_json: bool) -> int:
    """One line per keystore of the directory."""
    entries = [keystores.read_entry(path) for path in sorted(directory.glob("*.json"))]
    if as_json:
        rows = [{"role": entry.role, "address": entry.address, "path": str(entry.path)} for entry in entries]
        typer.echo(json.dumps({"keys": rows}, indent=2))
    else:
        for entry in entries:
            typer.echo(f"{entry.role} {entry.address} {entry.path}")
    return exits.OK


def _password(password_file: Path | None) -> str:
    if password_file is not None:
        keystores.require_private(password_file)
        return password_file.read_text(encoding="utf-8").rstrip("\r\n")
    if not sys.stdin.isatty():
        raise Rejected(Reason.NO_PASSWORD, "give --password-file where there is no terminal")
    password = getpass("password: ")
    if getpass("again: ") != password:
        raise Rejected(Reason.WRONG_PASSWORD, "the two differ")
    return password


def _imported(path: Path) -> bytes:
    keystores.require_private(path)
    digits = path.read_text(encoding="utf-8").strip().removeprefix("0x")
    if not re.fullmatch(r"[0-9a-fA-F]{64}", digits):
        raise Rejected(Reason.KEYSTORE_MALFORMED, f"{path.name} holds no key of 64 hex digits")
    return bytes.fromhex(digits)
