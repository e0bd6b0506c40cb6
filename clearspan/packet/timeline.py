"""A packet's trace, for people and as a JSON object."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bridge.deployment import Deployment
from bridge.packets import Packet
from bridge.payloads import DepositMessage, ReleaseMessage
from bridge.tracing import PacketTrace, TraceStep


def kind_of(packet: Packet, network: Deployment) -> str:
    """What the packet is to the clearinghouse: deposit, release, or a message between others."""
    if packet.sender in {entry.vault for entry in network.vaults}:
        return "deposit"
    return "release" if packet.sender == network.settlement.outbox else "message"


def as_object(trace: PacketTrace, network: Deployment) -> dict[str, Any]:
    """The trace as one JSON object; amounts and wei are decimal strings, bytes are hex, times are seconds."""
    packet = trace.packet
    names = _names(network)
    return {
        "packet": _hex(trace.packet_id),
        "kind": kind_of(packet, network),
        "stage": trace.stage.value,
        "settled": trace.is_settled,
        "status": trace.status.name.lower(),
        "source": {"chain": names[packet.source_chain], "chain_id": packet.source_chain},
        "destination": {"chain": names[packet.destination_chain], "chain_id": packet.destination_chain},
        "route_epoch": packet.route_epoch,
        "nonce": packet.nonce,
        "sender": packet.sender,
        "recipient": packet.recipient,
        "timeout_timestamp": packet.timeout_timestamp,
        "gas_limit": packet.gas_limit,
        "payload": _hex(packet.payload),
        "ack": _hex(trace.ack),
        "payee": trace.payee,
        "sender_told": trace.sender_told,
        "steps": [
            {
                "stage": step.stage.value,
                "chain": names[step.chain_id],
                "chain_id": step.chain_id,
                "block": step.block,
                "timestamp": step.timestamp,
                "transaction": None if step.transaction_hash is None else _hex(step.transaction_hash),
                "detail": step.detail,
            }
            for step in trace.steps
        ],
    }


def describe(trace: PacketTrace, network: Deployment) -> str:
    """The trace as lines of text: what the packet is, then one line per stage."""
    packet = trace.packet
    names = _names(network)
    width = max(len(names[step.chain_id]) for step in trace.steps)
    lines = [
        f"packet    {_hex(trace.packet_id)}",
        f"from      {packet.sender} on {names[packet.source_chain]} ({packet.source_chain})",
        f"to        {packet.recipient} on {names[packet.destination_chain]} ({packet.destination_chain})",
        f"carries   {_content(packet, network)}",
        f"deadline  {_time(packet.timeout_timestamp)}",
        f"stage     {trace.stage.value}{', settled' if trace.is_settled else ''}",
        "",
        *(_line(step, names[step.chain_id], width) for step in trace.steps),
    ]
    if trace.ack:
        lines += ["", f"the recipient answered {_hex(trace.ack)}"]
    return "\n".join(lines)


def one_line(trace: PacketTrace, network: Deployment) -> str:
    """The packet in a list."""
    packet, names = trace.packet, _names(network)
    way = f"{names[packet.source_chain]} -> {names[packet.destination_chain]}"
    return (
        f"{_hex(trace.packet_id)}  {kind_of(packet, network):8}{trace.stage.value:14}{trace.status.name.lower():9}{way}"
    )


def _content(packet: Packet, network: Deployment) -> str:
    kind = kind_of(packet, network)
    if kind == "deposit":
        deposit = DepositMessage.decode(packet.payload)
        amount = _amount(deposit.amount, packet.source_chain, deposit.asset, network)
        return f"a deposit of {amount} for {deposit.owner}"
    if kind == "release":
        release = ReleaseMessage.decode(packet.payload)
        amount = _amount(release.amount, packet.destination_chain, release.asset, network)
        return f"a release of {amount} to {release.recipient}, withdrawal {release.withdrawal_id}"
    return f"a message of {len(packet.payload)} bytes"


def _amount(units: int, chain_id: int, token: str, network: Deployment) -> str:
    for asset in network.assets:
        if (asset.chain_id, asset.token) == (chain_id, token):
            whole, rest = divmod(units, 10**asset.decimals)
            fraction = f"{rest:0{asset.decimals}d}".rstrip("0") if rest else ""
            return f"{whole}.{fraction} {asset.symbol}" if fraction else f"{whole} {asset.symbol}"
    return f"{units} base units of {token}"


def _line(step: TraceStep, name: str, width: int) -> str:
    where = f"{step.stage.value:13} {name:{width}}  block {step.block:<6} {_time(step.timestamp)}"
    rest = [] if step.transaction_hash is None else [f"tx {_hex(step.transaction_hash)}"]
    return "  ".join([where, *rest, *([step.detail] if step.detail else [])])


def _names(network: Deployment) -> dict[int, str]:
    return {entry.chain_id: entry.name for entry in network.chains}


def _time(seconds: int) -> str:
    """UTC; the number itself where no calendar reaches it."""
    try:
        return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return str(seconds)


def _hex(raw: bytes) -> str:
    return "0x" + raw.hex()
