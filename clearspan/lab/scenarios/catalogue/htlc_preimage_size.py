"""A preimage of another length is valid on one leg only."""

from __future__ import annotations

import hashlib

from chains.errors import TransactionReverted
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.legs import Table
from clearspan.lab.scenarios.moves import ACCEPTED, GAS


def attack(stage: Stage) -> Verdict:
    """A hash of 33 bytes is locked under and claimed with them, written behind the call as they are."""
    with stage.world() as world:
        table = Table(world)
        preimage = b"\x07" * 33
        swap, _ = table.locked(hashlock=hashlib.sha256(preimage).digest())
        table.at(swap.timelocks.claim_from)
        call = table.escrow.encode_abi("claim", [swap.as_abi(), bytes(32)])
        data = bytes.fromhex(call[2:])[:-32] + preimage
        try:
            table.chain.transact({"to": table.address, "data": data}, table.payee, gas=GAS)
            outcome = ACCEPTED
        except TransactionReverted as refusal:
            outcome = refusal.error or "revert"
        left = table.held(table.address)
        return Verdict(
            survived=left == swap.amount,
            detail=f"a preimage of 33 bytes: {outcome}; {left} of {swap.amount} base units still locked",
        )


SCENARIO = Scenario(
    identifier="htlc-preimage-size",
    title="A preimage of 33 bytes opens one leg and not the other",
    group="HTLC",
    source="hash locks: preimage size mismatch",
    attack=attack,
    twin=Twin(
        mutation="the escrow hashes as many bytes as it is given", contracts=(("SwapEscrow", "swap-any-length"),)
    ),
)
