"""A preimage is copied out of the mempool."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.legs import Table
from clearspan.lab.scenarios.moves import LOOT


def attack(stage: Stage) -> Verdict:
    """The thief sees the payee's claim and is there first, as soon as anybody may claim."""
    with stage.world() as world:
        table = Table(world)
        swap, secret = table.locked()
        before = table.held(table.payee.address), table.held(table.thief.address)
        table.at(swap.timelocks.claim_from)
        early = table.claim(swap, secret, table.thief)
        table.at(swap.timelocks.public_claim_from)
        public = table.claim(swap, secret, table.thief)
        paid = table.held(table.payee.address) - before[0]
        stolen = table.held(table.thief.address) - before[1]
        return Verdict(
            survived=(paid, stolen) == (LOOT, 0),
            detail=f"a copied claim while it is private: {early}, once public: {public}; payee {paid}, thief {stolen}",
        )


SCENARIO = Scenario(
    identifier="htlc-mempool-theft",
    title="A copied preimage is claimed by a third party",
    group="HTLC",
    source="hash locks: mempool theft",
    attack=attack,
    twin=Twin(mutation="a claim pays whoever makes it", contracts=(("SwapEscrow", "swap-pays-whoever-asks"),)),
)
