"""A payee that cannot be paid."""

from __future__ import annotations

from bridge.abi import ZERO_ADDRESS
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.legs import Table

REFUSES = 1


def attack(stage: Stage) -> Verdict:
    """A wallet contract that refuses ether is the payee; the preimage is shown, then the deadline passes."""
    with stage.world() as world:
        table = Table(world)
        wallet = table.chain.deploy("TestWallet", [], table.owner)
        table.chain.transact(wallet.functions.configure(REFUSES, ZERO_ADDRESS, b""), table.owner)
        table.settle()
        swap, secret = table.locked(asset=ZERO_ADDRESS, amount=10**18, payee=wallet.address)
        table.at(swap.timelocks.public_claim_from)
        claimed = table.claim(swap, secret, table.thief)
        table.at(swap.timelocks.refund_from)
        refunded = table.refund(swap)
        owed = int(table.chain.call(table.escrow.functions.credits(wallet.address, ZERO_ADDRESS)))
        return Verdict(
            survived=owed == swap.amount,
            detail=f"claimed for a wallet that refuses ether: {claimed}; refunded after the deadline: {refunded}; "
            f"{owed} of {swap.amount} wei wait for the payee",
        )


SCENARIO = Scenario(
    identifier="htlc-contract-payee",
    title="The payee is a contract that cannot be sent its money",
    group="HTLC",
    source="hash locks: contract wallet payee",
    attack=attack,
    twin=Twin(
        mutation="a claim fails when its payee cannot be paid", contracts=(("SwapEscrow", "swap-insists-on-sending"),)
    ),
)
