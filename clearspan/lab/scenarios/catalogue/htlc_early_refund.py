"""Consent to an early refund is used where it was not given."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.legs import Table
from clearspan.lab.scenarios.moves import LOOT


def attack(stage: Stage) -> Verdict:
    """The locker, having seen that the payee is about to claim, takes the amount back without consent."""
    with stage.world() as world:
        table = Table(world)
        swap, secret = table.locked()
        before = table.held(table.payee.address)
        table.at(swap.timelocks.claim_from)
        refunded = table.send(table.escrow.functions.refundEarly(swap.as_abi(), b"\x01" * 65), table.locker)
        claimed = table.claim(swap, secret)
        paid = table.held(table.payee.address) - before
        return Verdict(
            survived=paid == LOOT,
            detail=f"taken back under a made-up signature: {refunded}; claimed: {claimed}; the payee has {paid}",
        )


SCENARIO = Scenario(
    identifier="htlc-early-refund",
    title="The locker takes back before the deadline without consent",
    group="HTLC",
    source="hash locks: all-or-nothing",
    attack=attack,
    twin=Twin(mutation="consent is not checked", contracts=(("SwapEscrow", "swap-needs-no-consent"),)),
)
