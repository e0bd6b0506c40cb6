"""`clearspan verify`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from clearspan import exits
from clearspan.progress import progress_on
from clearspan.verify.verification import Verification, verify_directory


def as_object(answer: Verification) -> dict[str, Any]:
    """The answer as one JSON object; amounts are decimal strings of base units."""
    return {
        "ok": answer.ok,
        "reason": answer.reason,
        "state_root": None if answer.state_root is None else f"0x{answer.state_root.hex()}",
        "checks": [{"name": row.name, "ok": row.ok, "detail": row.detail} for row in answer.checks],
        "vaults": vaults_object(answer),
        "conservation": conservation_object(answer),
    }


def conservation_object(answer: Verification) -> dict[str, dict[str, Any]]:
    """Conservation by token, over all chains."""
    return {
        row.symbol: {
            "decimals": row.decimals,
            "vaults": str(row.vaults),
            "in_flight": str(row.in_flight),
            "in_flight_inbound": str(row.inbound),
            "in_flight_outbound": str(row.outbound),
            "owed": str(row.owed),
            "difference": str(row.difference),
        }
        for row in answer.totals
    }


def vaults_object(answer: Verification) -> list[dict[str, Any]]:
    """Each vault's own books."""
    return [
        {
            "chain": row.chain,
            "asset": row.symbol,
            "decimals": row.decimals,
            "vaults": str(row.vaults),
            "in_flight_inbound": str(row.inbound),
            "in_flight_outbound": str(row.outbound),
            "owed": str(row.owed),
            "difference": str(row.difference),
        }
        for row in answer.books
    ]


def run_verify(directory: Path, *, as_json: bool) -> int:
    """Verifies a kept run and prints the answer; the exit code says whether it held."""
    with progress_on() as progress:
        answer = verify_directory(directory, report=lambda name: progress.stage(f"Checking {name}"))
    if as_json:
        typer.echo(json.dumps(as_object(answer), indent=2))
    else:
        for row in answer.checks:
            typer.echo(f"{'ok    ' if row.ok else 'FAILED'}  {row.name}: {row.detail}")
        typer.echo("Verified." if answer.ok else f"NOT VERIFIED: {answer.reason}")
    return exits.OK if answer.ok else exits.REJECTED
