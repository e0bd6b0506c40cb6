"""A swap that has ended is ended again."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.legs import Table


def attack(stage: Stage) -> Verdict:
    """A claim is made twice while somebody else's amount lies in the same escrow."""
    with stage.world() as world:
        table = Table(world)
        swap, secret = table.locked()
        other, _ = table.locked()
        table.at(swap.timelocks.claim_from)
        outcomes = [table.claim(swap, secret) for _ in range(2)]
        left = table.held(table.address)
        return Verdict(
            survived=left == other.amount,
            detail=f"claimed twice: {', '.join(outcomes)}; of somebody else's {other.amount} {left} are left",
        )


SCENARIO = Scenario(
    identifier="htlc-double-end",
    title="A swap is paid twice, with somebody else's money",
    group="HTLC",
    source="hash locks: all-or-nothing",
    attack=attack,
    twin=Twin(mutation="a swap stays open when it is closed", contracts=(("SwapEscrow", "swap-ends-twice"),)),
)
