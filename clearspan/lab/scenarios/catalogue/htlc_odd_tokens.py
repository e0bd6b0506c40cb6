"""A token keeps some of what is locked."""

from __future__ import annotations

from clearspan.lab.scenarios.banking import FOREVER
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.legs import Table
from clearspan.lab.scenarios.moves import LOOT


def attack(stage: Stage) -> Verdict:
    """A token that takes a tenth of each transfer is locked beside somebody else's honest amount, and claimed."""
    with stage.world() as world:
        table = Table(world)
        token = table.chain.deploy("FickleToken", [], table.owner)
        table.chain.transact(token.functions.mint(table.locker.address, 10 * LOOT), table.owner)
        table.chain.transact(token.functions.approve(table.address, FOREVER), table.locker)
        table.settle()
        honest, _ = table.locked(asset=token.address)
        table.chain.transact(token.functions.takeFee(10), table.owner)
        table.settle()
        swap, secret = table.offer(asset=token.address)
        outcome = table.lock(swap)
        table.chain.transact(token.functions.takeFee(0), table.owner)
        table.at(swap.timelocks.claim_from)
        claimed = table.claim(swap, secret)
        left = table.held(table.address, token.address)
        return Verdict(
            survived=left == honest.amount,
            detail=f"locked with a fee of 10 %: {outcome}, claimed: {claimed}; {left} base units are left for somebody "
            f"else's {honest.amount}",
        )


SCENARIO = Scenario(
    identifier="htlc-odd-tokens",
    title="A token that moves less than it was told to is locked",
    group="HTLC",
    source="hash locks: odd tokens",
    attack=attack,
    twin=Twin(
        mutation="the escrow believes that a token moved what it should",
        contracts=(("SwapEscrow", "swap-believes-tokens"),),
    ),
)
