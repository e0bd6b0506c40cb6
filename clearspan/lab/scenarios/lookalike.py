"""Contracts of a thief's that emit what the bridge's emit."""

from __future__ import annotations

from web3.contract import Contract
from web3.types import TxReceipt

from bridge.mailbox import Mailbox
from bridge.packets import Packet
from bridge.relaying import packets_in
from clearspan.lab.scenarios.base import Stage
from clearspan.lab.scenarios.moves import Heist, deploy


def look_alike_mailbox(stage: Stage, heist: Heist) -> Contract:
    """A mailbox on the first vault chain that the thief owns, with a route to the settlement chain."""
    limits, thief = heist.network.parameters, heist.thief
    mailbox = deploy(stage, heist.source, "Mailbox", [thief.address, thief.address, limits.route_delay_blocks], thief)
    route = (
        heist.way.backward.address,
        heist.network.settlement.mailbox,
        limits.route_epoch,
        limits.max_timeout_seconds,
        limits.max_proof_age_seconds,
        limits.max_gas_limit,
        limits.max_payload_bytes,
    )
    heist.source.transact(mailbox.functions.addRoute(heist.host.chain_id, route), thief)
    return mailbox


def packet_of(heist: Heist, mailbox: Contract, receipt: TxReceipt) -> Packet:
    """What the look-alike says that it sent."""
    (packet,) = packets_in(Mailbox(heist.source, mailbox.address), receipt)
    return packet
