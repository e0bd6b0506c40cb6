"""A claim and a refund race at the deadline."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.legs import Table
from clearspan.lab.scenarios.moves import LOOT


def attack(stage: Stage) -> Verdict:
    """A claim one second before the deadline, at it and after it, each followed by a refund."""
    with stage.world() as world:
        table = Table(world)
        before = table.held(table.locker.address), table.held(table.payee.address)
        outcomes = []
        for offset in (-2, 0, 1):
            swap, secret = table.locked()
            table.at(swap.timelocks.refund_from + offset)
            outcomes.append((table.claim(swap, secret), table.refund(swap)))
        gained = table.held(table.payee.address) - before[1]
        lost = before[0] - table.held(table.locker.address)
        return Verdict(
            survived=gained == lost == LOOT,
            detail=f"claim and refund 2 s before, at and 1 s after the deadline: {outcomes}; the payee has {gained} of "
            f"{3 * LOOT}, of which {LOOT} was claimed in time",
        )


SCENARIO = Scenario(
    identifier="htlc-all-or-nothing",
    title="A claim and a refund race at the deadline",
    group="HTLC",
    source="hash locks: all-or-nothing",
    attack=attack,
    twin=Twin(mutation="a claim is never too late", contracts=(("SwapEscrow", "swap-claims-for-ever"),)),
)
