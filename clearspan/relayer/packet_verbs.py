"""`clearspan packet pending|retry|skip`, `clear`, `pause` and `resume`: on the database of running daemons."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import typer

from clearspan import exits
from relayers import operations
from relayers.operating import config_rules
from relayers.operating.config import RelayerConfig
from relayers.operating.errors import Reason, Rejected
from relayers.operating.process import open_store
from relayers.operations import Filters, NoSuchPacket, NotPossible, PacketDetail, PacketView
from relayers.store import Store

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which packets, as an operator names them: a configured route, an address, seconds, part of a reason."""

    route: str | None = None
    sender: str | None = None
    older_than: int | None = None
    reason: str | None = None

    def filters(self, config: RelayerConfig) -> Filters:
        """As the database knows them; raises Rejected(UNKNOWN_ROUTE)."""
        return Filters(
            route=None if self.route is None else lane_of(config, self.route),
            sender=self.sender,
            older_than_seconds=self.older_than,
            reason=self.reason,
        )


def run_pending(config_file: Path, selection: Selection, *, limit: int, as_json: bool) -> int:
    """Unfinished packets, one a line."""
    config = config_rules.load(config_file)
    found = _with_store(
        config, lambda store: operations.pending(store, selection.filters(config), now=_now(), limit=limit)
    )
    _tell(config, found, as_json=as_json)
    return exits.OK


def run_show(config_file: Path, digits: str, *, as_json: bool) -> int:
    """Everything the relayer knows of a packet: state, attempts, transactions, cost and income."""
    config = config_rules.load(config_file)
    detail = _with_store(config, lambda store: operations.show(store, _complete(store, digits)))
    if as_json:
        typer.echo(json.dumps(_detail_object(config, detail), indent=2))
        return exits.OK
    typer.echo(_line(config, detail.packet))
    for entry in detail.entries:
        typer.echo(
            f"  {entry.kind} 0x{entry.transaction_hash.hex()} in block {entry.block}: "
            f"spent {entry.spent_wei} wei, earned {entry.earned_wei} wei"
        )
    return exits.OK


def run_retry(config_file: Path, digits: str, *, as_json: bool) -> int:
    """Try a packet anew in the next step."""
    return _change(config_file, digits, operations.retry, as_json=as_json)


def run_skip(config_file: Path, digits: str, *, note: str, as_json: bool) -> int:
    """Spend nothing more on a packet."""
    return _change(
        config_file, digits, lambda store, packet_id: operations.skip(store, packet_id, note=note), as_json=as_json
    )


def run_clear(config_file: Path, selection: Selection, *, first_nonce: int, last_nonce: int, as_json: bool) -> int:
    """Try every matching packet anew, and read missing events again."""
    config = config_rules.load(config_file)
    revived = _with_store(
        config,
        lambda store: operations.clear(
            store, selection.filters(config), now=_now(), first_nonce=first_nonce, last_nonce=last_nonce
        ),
    )
    _tell(config, revived, as_json=as_json)
    return exits.OK


def run_pause(config_file: Path, scope: str, *, note: str) -> int:
    """Spend nothing on a route or a chain from the next step on."""
    config = config_rules.load(config_file)
    _with_store(config, lambda store: operations.pause(store, scope_of(config, scope), now=_now(), note=note))
    typer.echo(f"{scope} is paused")
    return exits.OK


def run_resume(config_file: Path, scope: str) -> int:
    """Undo a pause."""
    config = config_rules.load(config_file)
    was_paused = _with_store(config, lambda store: operations.resume(store, scope_of(config, scope)))
    typer.echo(f"{scope} goes on" if was_paused else f"{scope} was not paused")
    return exits.OK


def lane_of(config: RelayerConfig, route: str) -> str:
    """The database's name of a configured route; raises Rejected(UNKNOWN_ROUTE)."""
    source, _, destination = route.partition("->")
    if source not in config.chains or destination not in config.chains:
        known = ", ".join(known.name for known in config.routes)
        raise Rejected(Reason.UNKNOWN_ROUTE, f"{route}; known: {known}")
    epoch = config.network().parameters.route_epoch
    return f"{config.chains[source].chain_id}->{config.chains[destination].chain_id}/{epoch}"


def scope_of(config: RelayerConfig, scope: str) -> str:
    """The database's name of a route or a chain; raises Rejected(UNKNOWN_ROUTE)."""
    if scope in config.chains:
        return operations.chain_scope(config.chains[scope].chain_id)
    return operations.route_scope(lane_of(config, scope))


def _change(config_file: Path, digits: str, change: Callable[[Store, bytes], PacketView], *, as_json: bool) -> int:
    config = config_rules.load(config_file)
    view = _with_store(config, lambda store: change(store, _complete(store, digits)))
    _tell(config, [view], as_json=as_json)
    return exits.OK


def _with_store(config: RelayerConfig, ask: Callable[[Store], Answer]) -> Answer:
    store = open_store(config, None)
    try:
        return ask(store)
    except NoSuchPacket as error:
        raise Rejected(Reason.NO_SUCH_PACKET, str(error)) from error
    except NotPossible as error:
        raise Rejected(Reason.NOT_POSSIBLE, str(error)) from error
    finally:
        store.close()


def _complete(store: Store, digits: str) -> bytes:
    """The unfinished packet whose id begins so, or the id itself where all digits are given."""
    if len(digits) == 64:
        return bytes.fromhex(digits)
    found = [
        view.packet_id for view in operations.pending(store, now=_now()) if view.packet_id.hex().startswith(digits)
    ]
    if len(found) != 1:
        raise Rejected(Reason.NO_SUCH_PACKET, f"{len(found)} unfinished packets begin with 0x{digits}")
    return found[0]


def _now() -> int:
    return int(time.time())


def _tell(config: RelayerConfig, views: list[PacketView], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"packets": [_object(config, view) for view in views]}, indent=2))
    else:
        for view in views:
            typer.echo(_line(config, view))


def _line(config: RelayerConfig, view: PacketView) -> str:
    why = view.reason or view.waits or view.last_error
    return f"0x{view.packet_id.hex()} {_route(config, view)} {view.state}" + (f": {why}" if why else "")


def _route(config: RelayerConfig, view: PacketView) -> str:
    names = {str(section.chain_id): name for name, section in config.chains.items()}
    source, _, destination = view.route.partition("/")[0].partition("->")
    return f"{names.get(source, source)}->{names.get(destination, destination)}"


def _object(config: RelayerConfig, view: PacketView) -> dict[str, Any]:
    return {
        "packet_id": "0x" + view.packet_id.hex(),
        "route": _route(config, view),
        "nonce": view.nonce,
        "sender": view.sender,
        "state": view.state.value,
        "waits": view.waits,
        "reason": view.reason,
        "last_error": view.last_error,
        "attempts": view.attempts,
        "first_seen_at": view.first_seen_at,
        "next_attempt_at": view.next_attempt_at,
        "deadline": view.deadline,
    }


def _detail_object(config: RelayerConfig, detail: PacketDetail) -> dict[str, Any]:
    return {
        **_object(config, detail.packet),
        "entries": [
            {
                "kind": entry.kind.value,
                "chain_id": entry.chain_id,
                "transaction": "0x" + entry.transaction_hash.hex(),
                "block": entry.block,
                "spent_wei": str(entry.spent_wei),
                "earned_wei": str(entry.earned_wei),
            }
            for entry in detail.entries
        ],
    }
