"""`clearspan packet show` and `clearspan packet list`."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from bridge.tracing import PacketTracer
from clearspan import exits
from clearspan.kept import KeptRun, open_chains, require_kept
from clearspan.packet.timeline import as_object, describe, one_line
from exchange.sdk.errors import Rejected

FULL_DIGITS = 64


def run_show(directory: Path, digits: str, *, as_json: bool) -> int:
    """Print the timeline of one packet; `digits` are all hex digits of its id, or the first ones of only one packet."""
    run = _load(directory)
    tracer = _tracer(directory, run)
    trace = tracer.trace(_complete(tracer, digits))
    if as_json:
        typer.echo(json.dumps(as_object(trace, run.network), indent=2))
    else:
        typer.echo(describe(trace, run.network))
    return exits.OK


def run_list(directory: Path, *, as_json: bool) -> int:
    """Print one line per packet, chain by chain in the order they were sent."""
    run = _load(directory)
    traces = list(_tracer(directory, run).traces())
    if as_json:
        typer.echo(json.dumps({"packets": [as_object(trace, run.network) for trace in traces]}, indent=2))
    else:
        for trace in traces:
            typer.echo(one_line(trace, run.network))
    return exits.OK


def _load(directory: Path) -> KeptRun:
    require_kept(directory)
    return KeptRun.load(directory)


def _tracer(directory: Path, run: KeptRun) -> PacketTracer:
    return PacketTracer(run.network, open_chains(directory, run.network))


def _complete(tracer: PacketTracer, digits: str) -> bytes:
    """The id that begins so; raises Rejected(NoSuchPacket or AmbiguousPacket)."""
    if len(digits) == FULL_DIGITS:
        return bytes.fromhex(digits)
    found = [sent.packet_id for sent in tracer.sent() if sent.packet_id.hex().startswith(digits)]
    if not found:
        raise Rejected("NoSuchPacket", f"0x{digits}...")
    if len(found) > 1:
        raise Rejected("AmbiguousPacket", f"{len(found)} packets begin with 0x{digits}")
    return found[0]
