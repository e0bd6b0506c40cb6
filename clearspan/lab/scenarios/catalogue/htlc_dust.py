"""Nothing, too late, in no order, too far, and paid with nothing."""

from __future__ import annotations

from dataclasses import replace

from bridge.abi import ZERO_ADDRESS
from bridge.swaps.terms import Timelocks
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.legs import Table
from clearspan.lab.scenarios.moves import ACCEPTED


def attack(stage: Stage) -> Verdict:
    """Locks of no amount, of a past deadline, of stages out of order, a year away, and of ether without ether."""
    with stage.world() as world:
        table = Table(world)
        swap, _ = table.offer()
        now, stages = world.clock.now(), swap.timelocks
        odd = {
            "no amount": replace(swap, amount=0),
            "no hash": replace(swap, hashlock=bytes(32)),
            "no deadline": replace(
                swap, timelocks=Timelocks(claim_from=0, public_claim_from=0, refund_from=0, public_refund_from=0)
            ),
            "past": replace(swap, timelocks=replace(stages, claim_from=now - 1)),
            "out of order": replace(swap, timelocks=replace(stages, refund_from=stages.public_claim_from)),
            "too far": replace(swap, timelocks=replace(stages, public_refund_from=now + 10**9)),
        }
        outcomes = {name: table.lock(one) for name, one in odd.items()}
        unpaid, _ = table.offer(asset=ZERO_ADDRESS, amount=10**18)
        outcomes["ether without ether"] = table.lock(unpaid, value=0)
        taken = [name for name, outcome in outcomes.items() if outcome == ACCEPTED]
        return Verdict(
            survived=not taken and table.lock(swap) == ACCEPTED,
            detail="; ".join(f"{name}: {outcome}" for name, outcome in outcomes.items()),
        )


SCENARIO = Scenario(
    identifier="htlc-dust",
    title="Zero, past, unordered and unpaid locks",
    group="HTLC",
    source="hash locks: dust, overflow, zero deadline",
    attack=attack,
    twin=Twin(mutation="a lock may be of nothing", contracts=(("SwapEscrow", "swap-locks-nothing"),)),
)
